/**
 * Services without rules of the kernel: sockets on their addresses, and bytes carried from there to the endpoints.
 *
 * Either everything is served so, where nftables is not to be had, or only what its rules cannot do: node ports on
 * localhost. What sockets cannot do is in `userspace-limits.ts`.
 */

import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import type { BackEnd, ServicePlans } from "../back-end.ts";
import { BackEndError } from "../back-end.ts";
import type { ProxySettings } from "../plan/proxy-settings.ts";
import type { ServicePortPlan } from "../plan/service-port-plan.ts";
import { localhost } from "../plan/verdict.ts";
import type { AddressHolder } from "./address-holder.ts";
import { Entrances } from "./entrances.ts";
import type { MachineAddress } from "./machine-addresses.ts";
import { MachineAddresses } from "./machine-addresses.ts";
import { Problems } from "./problems.ts";
import { ServedPort } from "./served-port.ts";
import type { WayIn } from "./way-in.ts";
import { waysInto } from "./way-in.ts";

export interface UserspaceOptions {
  readonly settings: ProxySettings;
  /** Those that the node has. */
  readonly families: readonly IPFamily[];
  readonly scope: "everything" | "localhost-node-ports";
  /** Gives the machine the addresses of Services; undefined: it has them, or none is to be served. */
  readonly addressHolder?: AddressHolder;
  readonly log: Logger;
  /** Every address of every interface; asked of the system unless given. */
  readonly machineAddresses?: () => readonly MachineAddress[];
  /** For each endpoint tried; 5 s unless given. */
  readonly connectTimeoutMs?: number;
  /** UDP flows per way in; 4096 unless given. */
  readonly maxUdpFlows?: number;
  /** A clock that never goes back, for session affinity and idle flows. */
  readonly nowMs?: () => number;
}

export class UserspaceBackEnd implements BackEnd {
  readonly #options: UserspaceOptions;
  readonly #entrances: Entrances;
  /** Of all TCP connections: they outlive the entrance by which they came. */
  readonly #sockets = new Set<Socket>();
  /** By Service key, then by family and plan key. */
  readonly #services = new Map<string, Map<string, ServedPort>>();
  #settings: ProxySettings;
  #machine: MachineAddresses;
  /** Those that are held may not be those that should be. */
  #areAddressesDue = true;
  /** The last problem: the same again is no news. */
  #told = "";
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: UserspaceOptions) {
    const { connectTimeoutMs = 5_000, maxUdpFlows = 4_096, nowMs = () => performance.now(), log } = options;
    this.#options = options;
    this.#settings = options.settings;
    this.#machine = this.#lookAtMachine();
    this.#entrances = new Entrances({
      surroundings: () => ({ settings: this.#settings, machine: this.#machine }),
      dialPort: (_address, port) => port,
      sockets: this.#sockets,
      connectTimeoutMs,
      maxFlows: maxUdpFlows,
      nowMs,
      log,
    });
  }

  /** Addresses that an earlier run has left stay without a gap where they are still wanted. */
  start(plans: ServicePlans): Promise<void> {
    return this.#inOrder(async () => {
      await this.#findHeldAddresses();
      this.#machine = this.#lookAtMachine();
      const gone = [...this.#services.keys()].filter(key => !plans.has(key));
      for (const key of gone) this.#setService(key, []);
      await this.#serve(plans);
    });
  }

  update(changes: ServicePlans): Promise<void> {
    return this.#inOrder(() => this.#serve(changes));
  }

  updateSettings(settings: ProxySettings): Promise<void> {
    return this.#inOrder(async () => {
      this.#settings = settings;
      this.#machine = this.#lookAtMachine();
      this.#assignAll();
      await this.#bringInLine();
    });
  }

  /** Adds addresses again that somebody has removed, and follows those of the node's interfaces. */
  repair(): Promise<readonly IPFamily[]> {
    return this.#inOrder(async () => {
      const missing = await this.#findHeldAddresses();
      const { nodeAddresses } = this.#machine;
      this.#machine = this.#lookAtMachine();
      if (!isDeepStrictEqual(nodeAddresses, this.#machine.nodeAddresses)) this.#assignAll();
      await this.#bringInLine();
      return this.#options.families.filter(family => missing.some(address => familyOf(address) === family));
    });
  }

  /** Ends all connections and flows; addresses stay, so that the next run finds them. */
  async stop(): Promise<void> {
    await this.#last;
    this.#entrances.closeAll();
    for (const socket of this.#sockets) socket.destroy();
  }

  cleanUp(): Promise<void> {
    return this.#inOrder(async () => {
      this.#entrances.closeAll();
      this.#services.clear();
      await this.#options.addressHolder?.release().catch((error: Error) => this.#raise(error));
    });
  }

  async #serve(changes: ServicePlans): Promise<void> {
    for (const [key, plans] of changes) this.#setService(key, plans);
    await this.#bringInLine();
  }

  #setService(key: string, plans: readonly ServicePortPlan[]): void {
    const { families, nowMs = () => performance.now() } = this.#options;
    const before = this.#services.get(key) ?? new Map<string, ServedPort>();
    const after = new Map<string, ServedPort>();
    for (const plan of plans) {
      if (!families.includes(plan.family)) continue;
      const portKey = `${plan.family} ${plan.key}`;
      const servedPort = before.get(portKey) ?? new ServedPort(plan, nowMs);
      servedPort.update(plan);
      after.set(portKey, servedPort);
      this.#assign(servedPort, this.#waysInto(plan));
    }
    for (const [portKey, servedPort] of before) {
      if (!after.has(portKey)) this.#assign(servedPort, []);
    }
    if (after.size > 0) this.#services.set(key, after);
    else this.#services.delete(key);
  }

  #assignAll(): void {
    for (const ports of this.#services.values()) {
      for (const servedPort of ports.values()) {
        this.#assign(servedPort, this.#waysInto(servedPort.plan));
      }
    }
  }

  #assign(servedPort: ServedPort, waysIn: readonly WayIn[]): void {
    if (this.#entrances.assign(servedPort, waysIn)) this.#areAddressesDue = true;
  }

  #waysInto(plan: ServicePortPlan): readonly WayIn[] {
    const { family } = plan;
    const loopback = this.#settings.localhostNodePorts[family] ? [localhost[family]] : [];
    if (this.#options.scope === "localhost-node-ports") {
      return waysInto(plan, loopback).filter(({ kind }) => kind === "NodePort");
    }
    const wanted = this.#settings.nodePortAddresses[family];
    const node = this.#machine.nodeAddresses[family];
    const served = wanted === "all-local" ? node : node.filter(address => wanted.includes(address));
    return waysInto(plan, [...served, ...loopback]);
  }

  async #bringInLine(): Promise<void> {
    const problems = new Problems();
    this.#entrances.closeUnwanted();
    const missing = await this.#holdAddresses(problems);
    await this.#entrances.openWanted(address => !missing.has(address), problems);
    this.#settle(problems.error());
  }

  /**
   * Node ports on localhost are an extra beside the rules: a port that another program has taken there is told once and
   * tried again with every call, and nothing else waits for it.
   */
  #settle(error: BackEndError | undefined): void {
    const news = error?.message ?? "";
    const isNews = news !== this.#told;
    this.#told = news;
    if (error === undefined) return;
    if (this.#options.scope === "everything") throw error;
    if (isNews) this.#options.log.warn(`node ports on localhost: ${news}; all other ways in are served`);
  }

  /** Which of them the machine could not be given; each is a problem. */
  async #holdAddresses(problems: Problems): Promise<ReadonlySet<string>> {
    const { addressHolder, families } = this.#options;
    if (addressHolder === undefined || !this.#areAddressesDue) return new Set();
    try {
      const wanted = this.#wantedAddresses();
      const inUse = this.#addressesInUse(addressHolder.held);
      const failures = await addressHolder.hold(wanted.union(inUse));
      this.#areAddressesDue = failures.size > 0 || !inUse.isSubsetOf(wanted);
      for (const [address, reason] of failures) problems.addAt(address, reason);
      return new Set(failures.keys());
    } catch (error) {
      for (const family of families) problems.add(family, `Service addresses: ${(error as Error).message}`);
      return new Set();
    }
  }

  /**
   * External addresses that may be a neighbour's are not taken: where a load balancer gives out the addresses of all
   * nodes, each node would cut itself off from the others.
   */
  #wantedAddresses(): ReadonlySet<string> {
    const addresses = [...this.#entrances.serviceAddresses()].filter(
      ([address, { isClusterIP }]) => isClusterIP || !this.#machine.isNextDoor(address),
    );
    return new Set(addresses.map(([address]) => address));
  }

  /** A connection goes on although its Service has gone, and ends where its address goes. */
  #addressesInUse(held: ReadonlySet<string>): ReadonlySet<string> {
    const addresses = Array.from(this.#sockets, ({ localAddress = "" }) => localAddress);
    return held.intersection(new Set(addresses));
  }

  async #findHeldAddresses(): Promise<readonly string[]> {
    this.#areAddressesDue = true;
    // Where that cannot be told, holding them fails too, and says why.
    return (await this.#options.addressHolder?.look().catch(() => [])) ?? [];
  }

  #lookAtMachine(): MachineAddresses {
    const { machineAddresses = allAddresses, addressHolder } = this.#options;
    return new MachineAddresses(machineAddresses(), addressHolder?.held ?? new Set());
  }

  #raise(error: Error): never {
    throw new BackEndError(new Map(this.#options.families.map(family => [family, error])));
  }

  /** One call after the other, as they come. */
  #inOrder<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {});
    return done;
  }
}

function allAddresses(): readonly MachineAddress[] {
  return Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
}
