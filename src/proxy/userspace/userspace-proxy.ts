/**
 * The service proxy without the kernel's help: a socket on every address of every Service, and bytes carried from
 * there to the endpoints. It needs no privilege, only addresses of the loopback network (127.0.0.0/8, all of which
 * Linux accepts without set-up), so clients reach it from this machine alone. Clients' addresses are not preserved.
 */

import type { Socket } from "node:net";
import type { Logger } from "pino";
import { objectKey } from "../../cluster/objects.ts";
import type { ClusterStore } from "../../cluster/store.ts";
import { planService } from "../plan/plan-service.ts";
import type { NodeView, ServicePortPlan } from "../plan/service-port-plan.ts";
import { servicesTouchedBy } from "../plan/services-touched-by.ts";
import { ServicePortRelay } from "./service-port-relay.ts";
import { StoreFollower } from "./store-follower.ts";
import type { DialPort } from "./tcp-relay.ts";
import type { WayInStatus } from "./way-in-status.ts";

export interface UserspaceProxyOptions {
  readonly cluster: ClusterStore;
  readonly log: Logger;
  /** Where node ports are served; 127.0.0.1 unless given. */
  readonly nodePortAddresses?: readonly string[];
  /** On which port an endpoint really listens; its own unless given. */
  readonly dialPort?: DialPort;
  /** For each endpoint tried; 5 s unless given. */
  readonly connectTimeoutMs?: number;
  /** UDP flows per way in; 4096 unless given. */
  readonly maxUdpFlows?: number;
  /** A clock that never goes back, for session affinity and idle flows. */
  readonly nowMs?: () => number;
}

/** This machine stands for all nodes: what is local to one, and near to which, are no questions here. */
const everyNode: NodeView = { name: "", zone: undefined, addresses: [] };
const everywhere = { internalTrafficPolicy: "Cluster", externalTrafficPolicy: "Cluster" } as const;

/** Serves the Services of a store and follows it until stopped. */
export class UserspaceProxy {
  readonly #options: UserspaceProxyOptions;
  /** Sockets of all TCP connections: they outlive the way in by which they came. */
  readonly #sockets = new Set<Socket>();
  /** Service key → plan key → what serves it. */
  readonly #relays = new Map<string, Map<string, ServicePortRelay>>();
  readonly #statusListeners = new Set<() => void>();
  readonly #follower: StoreFollower;

  /** Starts once the store's Services and EndpointSlices are synced. */
  constructor(options: UserspaceProxyOptions) {
    this.#options = options;
    this.#follower = new StoreFollower({
      store: options.cluster,
      waitFor: ["Service", "EndpointSlice"],
      all: () => Array.from(options.cluster.objects("Service"), objectKey),
      touchedBy: servicesTouchedBy,
      reconcile: keys => this.#reconcile(keys),
      log: options.log,
    });
  }

  /** Resolves when everything the store holds was tried to be served; waits for the store to be synced. */
  ready(): Promise<void> {
    return this.#follower.ready();
  }

  /** Every way in, by Service in the order they became known. */
  waysIn(): readonly WayInStatus[] {
    return [...this.#relays.keys()].flatMap(key => this.#statusesOf(key));
  }

  /** Hears after each pass in which `waysIn()` changed. Returns the function that ends the subscription. */
  onStatusChange(listener: () => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Closes all listeners, connections and flows without waiting for anybody. */
  async stop(): Promise<void> {
    await this.#follower.stop();
    for (const key of [...this.#relays.keys()]) this.#updateService(key, []);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #reconcile(keys: ReadonlySet<string>): Promise<Iterable<string>> {
    const before = [...keys].map(key => this.#statusesOf(key));
    // All is closed before anything is opened: an address may have moved from one Service to another.
    for (const key of keys) this.#updateService(key, this.#plansOf(key));
    await Promise.all([...keys].flatMap(key => this.#relaysOf(key)).map(relay => relay.open()));
    this.#report(
      before.flat(),
      [...keys].flatMap(key => this.#statusesOf(key)),
    );
    return [...keys].filter(key => this.#relaysOf(key).some(relay => relay.hasFailed));
  }

  #plansOf(key: string): readonly ServicePortPlan[] {
    const { cluster } = this.#options;
    const service = cluster.get("Service", key);
    return service === undefined ? [] : planService(cluster, { ...service, ...everywhere }, everyNode);
  }

  #updateService(key: string, plans: readonly ServicePortPlan[]): void {
    const relays = this.#relays.get(key) ?? new Map<string, ServicePortRelay>();
    const wanted = new Map(plans.map(plan => [`${plan.key}/${plan.family}`, plan]));
    for (const [planKey, relay] of relays) {
      if (wanted.has(planKey)) continue;
      relay.close();
      relays.delete(planKey);
    }
    for (const [planKey, plan] of wanted) {
      const relay = relays.get(planKey);
      if (relay === undefined) relays.set(planKey, this.#makeRelay(plan));
      else relay.update(plan);
    }
    if (relays.size > 0) this.#relays.set(key, relays);
    else this.#relays.delete(key);
  }

  #makeRelay(plan: ServicePortPlan): ServicePortRelay {
    const { nodePortAddresses, dialPort, connectTimeoutMs, maxUdpFlows, nowMs, log } = this.#options;
    return new ServicePortRelay(plan, {
      nodePortAddresses: nodePortAddresses ?? ["127.0.0.1"],
      dialPort: dialPort ?? ((_address, port) => port),
      sockets: this.#sockets,
      connectTimeoutMs: connectTimeoutMs ?? 5_000,
      maxFlows: maxUdpFlows ?? 4_096,
      nowMs: nowMs ?? (() => performance.now()),
      log,
    });
  }

  #relaysOf(key: string): readonly ServicePortRelay[] {
    return [...(this.#relays.get(key)?.values() ?? [])];
  }

  #statusesOf(key: string): readonly WayInStatus[] {
    return this.#relaysOf(key).flatMap(relay => relay.statuses());
  }

  #report(before: readonly WayInStatus[], after: readonly WayInStatus[]): void {
    const known = new Set(before.map(status => JSON.stringify(status)));
    const news = after.filter(status => !known.has(JSON.stringify(status)));
    for (const status of news) this.#options.log.debug(status, "way in changed");
    if (news.length > 0 || before.length !== after.length) {
      for (const listener of this.#statusListeners) listener();
    }
  }
}
