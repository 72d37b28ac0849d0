/**
 * Makes service addresses addresses of this machine, so that sockets can be opened on them.
 *
 * They are put on a dummy interface of their own, or on `lo` where the kernel has no such device. Each covers itself
 * alone (/32, /128) and is never chosen as the source of a connection to another host: of scope `host` in IPv4,
 * deprecated in IPv6. On `lo` what is ours is told from other people's by a label (IPv4) and a metric (IPv6).
 */

import { isIPv6 } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { InterfaceAddress, IpProgram, NetworkInterface } from "./ip-program.ts";

/** All methods reject where nothing can be done. */
export interface AddressHolder {
  /** Finds out what is held, also since an earlier run. Returns addresses that were and, not by our doing, are no more. */
  look(): Promise<readonly string[]>;
  /**
   * From now on these are the machine's, and what was held besides is not. Addresses that it has anyway are left
   * alone. Returns why some could not be had, by address; another call tries again.
   */
  hold(addresses: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
  /** Takes everything away, also what earlier runs have left; needs no `hold` before. */
  release(): Promise<void>;
  /** What the machine has only because of this. */
  readonly held: ReadonlySet<string>;
}

const ownInterface = "frontdesk0";
const loopback = "lo";
const label = `${loopback}:frontdesk`;
/** Of the route to the address alone, where it means nothing. */
const metric = 70_353;

const maxRouteWaitMs = 2_000;
const routePollMs = 5;
const noRoute = "the kernel has made no route to it";

export class IpAddressHolder implements AddressHolder {
  readonly #ip: IpProgram;
  /** Undefined until the machine was looked at. */
  #device: typeof ownInterface | typeof loopback | undefined;
  readonly #held = new Set<string>();
  /** Addresses that the machine has without our doing. */
  #others: ReadonlySet<string> = new Set();

  constructor(ip: IpProgram) {
    this.#ip = ip;
  }

  get held(): ReadonlySet<string> {
    return this.#held;
  }

  async look(): Promise<readonly string[]> {
    const before = [...this.#held];
    this.#device = undefined;
    const interfaces = await this.#interfaces();
    const device = interfaces.some(isOurs) ? ownInterface : loopback;
    this.#held.clear();
    for (const address of heldOn(interfaces, device)) this.#held.add(address);
    this.#others = new Set(othersOn(interfaces));
    if (device !== loopback)
      await this.#ip.run(heldOn(interfaces, loopback).map(address => deletion(address, loopback)));
    this.#device = device;
    return before.filter(address => !this.#held.has(address) && !this.#others.has(address));
  }

  async hold(addresses: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    if (this.#device === undefined) await this.look();
    const device = this.#device ?? loopback;
    const added = [...addresses].filter(address => !this.#held.has(address) && !this.#others.has(address));
    const removed = [...this.#held].filter(address => !addresses.has(address));
    const reasons = await this.#ip.run([
      ...removed.map(address => deletion(address, device)),
      ...added.map(address => addition(address, device)),
    ]);
    for (const address of removed) this.#held.delete(address);
    const failures = new Map<string, string>();
    const unready = await this.#waitForRoutes(
      added.filter((_, index) => !reasons.has(removed.length + index)),
    );
    for (const [index, address] of added.entries()) {
      const reason = unready.has(address) ? noRoute : reasons.get(removed.length + index);
      if (reason === undefined) this.#held.add(address);
      else failures.set(address, `${address} cannot be added to ${device}: ${reason}`);
    }
    return failures;
  }

  async release(): Promise<void> {
    const interfaces = await this.#ip.addresses();
    const commands = [
      ...interfaces.filter(isOurs).map(({ ifname }) => `link del ${ifname}`),
      ...heldOn(interfaces, loopback).map(address => deletion(address, loopback)),
    ];
    const failures = await this.#ip.run(commands);
    this.#held.clear();
    this.#device = undefined;
    for (const reason of failures.values()) throw new Error(reason);
  }

  /**
   * Linux adds the route to an IPv6 address a little later than the address; until then packets go elsewhere.
   * Returns addresses that have none in the end.
   */
  async #waitForRoutes(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    let waiting: ReadonlySet<string> = new Set(addresses.filter(isIPv6));
    for (let waitedMs = 0; waiting.size > 0 && waitedMs < maxRouteWaitMs; waitedMs += routePollMs) {
      if (waitedMs > 0) await delay(routePollMs);
      waiting = waiting.difference(await this.#ip.reachedHere([...waiting]));
    }
    return waiting;
  }

  /** With our own among them, if the kernel can make it. */
  async #interfaces(): Promise<readonly NetworkInterface[]> {
    const interfaces = await this.#ip.addresses();
    const isThere = interfaces.some(isOurs);
    const creation = isThere ? [] : [`link add ${ownInterface} type dummy`];
    const failures = await this.#ip.run([...creation, `link set ${ownInterface} up`]);
    return isThere || failures.size > 0 ? interfaces : this.#ip.addresses();
  }
}

function isOurs({ ifname }: NetworkInterface): boolean {
  return ifname === ownInterface;
}

function heldOn(interfaces: readonly NetworkInterface[], device: string): readonly string[] {
  return interfaces
    .filter(({ ifname }) => ifname === device)
    .flatMap(one => one.addr_info.filter(info => isHeld(info, one)))
    .map(({ local }) => local);
}

function othersOn(interfaces: readonly NetworkInterface[]): readonly string[] {
  return interfaces
    .flatMap(one => one.addr_info.filter(info => !isHeld(info, one)))
    .map(({ local }) => local);
}

function isHeld(
  { local, prefixlen, scope, ...info }: InterfaceAddress,
  { ifname }: NetworkInterface,
): boolean {
  if (ifname === ownInterface) return scope !== "link";
  if (ifname !== loopback) return false;
  return isIPv6(local) ? prefixlen === 128 && info.metric === metric : info.label === label;
}

/** `replace` is content with an address that is there already. IPv6 does not look for others who have it: nobody has. */
function addition(address: string, device: string): string {
  if (isIPv6(address)) {
    return `address replace ${address}/128 dev ${device} nodad preferred_lft 0 metric ${metric}`;
  }
  const mark = device === loopback ? ` label ${label}` : "";
  return `address replace ${address}/32 dev ${device} scope host${mark}`;
}

function deletion(address: string, device: string): string {
  return `address del ${address}/${isIPv6(address) ? 128 : 32} dev ${device}`;
}
