/** Answers for addresses on the node's link: puts them on its interface and tells the neighbours. */

import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import type { AddressChange, InterfaceAddresses, NetworkInterface } from "./interface-addresses.ts";
import { announcementOf } from "./neighbour-frames.ts";
import type { PacketSocket } from "./packet-socket.ts";

export interface AnnouncerTiming {
  /** How long an address outlives a process that was killed. */
  readonly lifetimeSeconds: number;
  readonly refreshMs: number;
  /** When the neighbours are told of an address, after it was put in place. */
  readonly announceAfterMs: readonly number[];
}

export interface AnnouncerOptions {
  readonly interfaces: InterfaceAddresses;
  /** Undefined: neighbours find out by themselves. */
  readonly packets: PacketSocket | undefined;
  /** Canonical addresses of this node: the interfaces that have them are those of the cluster. */
  readonly nodeAddresses: () => readonly string[];
  readonly timing: AnnouncerTiming;
  readonly log: Logger;
}

/** Use once: `answerFor` any number of times, later `stop`. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #stopping = new AbortController();
  #wanted: ReadonlySet<string> = new Set();
  /** Addresses that are in place. */
  #held: ReadonlySet<string> = new Set();
  #isChanged = false;
  #running: Promise<void> | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;
  #lastFailure = "";

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** From now on these addresses, canonical, and no others; what an earlier process left behind goes. */
  answerFor(addresses: ReadonlySet<string>): void {
    this.#wanted = addresses;
    this.#isChanged = true;
    this.#running ??= this.#bringInLine();
  }

  /** Answers for nothing any more; resolves when that is so. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.answerFor(new Set());
    await this.#running;
    clearTimeout(this.#refreshTimer);
  }

  async #bringInLine(): Promise<void> {
    clearTimeout(this.#refreshTimer);
    while (this.#isChanged) {
      this.#isChanged = false;
      await this.#reconcile().catch((error: Error) => this.#fail(error.message));
    }
    this.#running = undefined;
    if (this.#stopping.signal.aborted) return;
    this.#refreshTimer = setTimeout(
      () => this.answerFor(this.#wanted),
      this.#options.timing.refreshMs,
    ).unref();
  }

  async #reconcile(): Promise<void> {
    const { interfaces, timing, nodeAddresses } = this.#options;
    const wanted = this.#wanted;
    const present = await interfaces.list();
    const places = new Map(Array.from(wanted, address => [address, this.#placeOf(address, present)]));
    const changes = changesFor(places, present, timing.lifetimeSeconds);
    const failure = changes.length === 0 ? undefined : await failureOf(interfaces.apply(changes));
    const after = failure === undefined ? undefined : addressesOf(await interfaces.list());
    const news = new Map<string, NetworkInterface>();
    const held = new Set<string>();
    for (const [address, place] of places) {
      if (place === undefined || after?.has(address) === false) continue;
      held.add(address);
      if (!this.#held.has(address)) news.set(address, place);
    }
    this.#held = held;
    void this.#announce(news);
    if (failure !== undefined) throw failure;
    if ([...places.values()].includes(undefined)) {
      throw new Error(`no interface has an InternalIP of this node (${nodeAddresses().join(", ")})`);
    }
    this.#lastFailure = "";
  }

  /** The interface with the node's address of the same family, else with any of the node's addresses. */
  #placeOf(address: string, present: readonly NetworkInterface[]): NetworkInterface | undefined {
    const own = this.#options.nodeAddresses();
    const ofFamily = own.filter(one => familyOf(one) === familyOf(address));
    return [...ofFamily, ...own]
      .map(nodeAddress => present.find(({ addresses }) => addresses.some(one => one.address === nodeAddress)))
      .find(found => found !== undefined);
  }

  /** Several times: a frame may be lost, and some hosts believe no two in one second. */
  async #announce(news: ReadonlyMap<string, NetworkInterface>): Promise<void> {
    const { packets, timing, log } = this.#options;
    const { signal } = this.#stopping;
    if (packets === undefined || news.size === 0) return;
    let toldAtMs = 0;
    for (const afterMs of timing.announceAfterMs) {
      await delay(afterMs - toldAtMs, undefined, { signal, ref: false }).catch(() => {});
      toldAtMs = afterMs;
      for (const [address, { index, name, hardwareAddress }] of news) {
        if (signal.aborted || !this.#held.has(address) || hardwareAddress === undefined) continue;
        try {
          packets.send(announcementOf(address, familyOf(address) as IPFamily, hardwareAddress), index);
        } catch (error) {
          log.debug(`${address} was not announced on ${name}: ${(error as Error).message}`);
        }
      }
    }
  }

  /** The same failure again is no news. */
  #fail(reason: string): void {
    if (reason !== this.#lastFailure) {
      this.#options.log.warn(`load-balancer addresses cannot be answered for on this node: ${reason}`);
    }
    this.#lastFailure = reason;
  }
}

async function failureOf(work: Promise<void>): Promise<Error | undefined> {
  return work.then(
    () => undefined,
    (error: Error) => error,
  );
}

function addressesOf(interfaces: readonly NetworkInterface[]): ReadonlySet<string> {
  return new Set(interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
}

function changesFor(
  places: ReadonlyMap<string, NetworkInterface | undefined>,
  present: readonly NetworkInterface[],
  lifetimeSeconds: number,
): readonly AddressChange[] {
  const change = (kind: AddressChange["kind"], address: string, interfaceName: string): AddressChange => {
    return { kind, address, interfaceName, lifetimeSeconds, family: familyOf(address) as IPFamily };
  };
  const surplus = present.flatMap(({ name, addresses }) =>
    addresses
      .filter(({ address, isOurs }) => isOurs && places.get(address)?.name !== name)
      .map(({ address }) => change("remove", address, name)),
  );
  const wanted = [...places].flatMap(([address, place]) => {
    // What somebody has put there for good is not made to end.
    const isForeign = place?.addresses.some(one => one.address === address && !one.isOurs) === true;
    return place === undefined || isForeign ? [] : [change("put", address, place.name)];
  });
  return [...surplus, ...wanted];
}
