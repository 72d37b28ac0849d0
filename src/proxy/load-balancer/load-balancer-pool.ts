/**
 * `--load-balancer-pool`: addresses for Services of type LoadBalancer in clusters without a cloud.
 *
 * Every node runs this. They know each other by Leases; one of them, the leader, writes addresses into the statuses of
 * Services, and what a status says is what all of them go by: each address of the pool is answered for by one node that
 * is there. Connections that come in are the proxy's, as with any load balancer's address.
 */

import type { Logger } from "pino";
import type { ApiClient } from "../../cluster/api/api-client.ts";
import type { IPFamily, Service } from "../../cluster/objects.ts";
import { familyOf, objectKey } from "../../cluster/objects.ts";
import type { Change, ClusterStore } from "../../cluster/store.ts";
import { serviceReference } from "../event-object.ts";
import type { EventRecorder } from "../events.ts";
import { canonicalAddresses } from "../plan/canonical-address.ts";
import type { AddressRanges, LoadBalancerPoolSetting } from "./address-ranges.ts";
import { allocateAddresses } from "./allocate-addresses.ts";
import type { AnnouncerTiming } from "./announcer.ts";
import { Announcer } from "./announcer.ts";
import { announcingNode } from "./announcing-node.ts";
import type { Assignment } from "./claimed-service.ts";
import { asksForPool, isPublished, isWrittenByOthers } from "./claimed-service.ts";
import { IngressWriter } from "./ingress-writer.ts";
import type { InterfaceAddresses } from "./interface-addresses.ts";
import { ipProgram } from "./interface-addresses.ts";
import type { MembershipTiming } from "./membership.ts";
import { Membership } from "./membership.ts";
import { nodesWithEndpoints } from "./nodes-with-endpoints.ts";
import { openPacketSocket, type PacketSocket } from "./packet-socket.ts";
import type { ServingNode } from "./share-node-addresses.ts";
import { shareNodeAddresses } from "./share-node-addresses.ts";
import { Trouble } from "./trouble.ts";

export interface LoadBalancerPoolOptions {
  /** Its Services, EndpointSlices and this node's Node are complete. */
  readonly cluster: ClusterStore;
  /** Is closed by whoever made it, after `stop`. */
  readonly client: Pick<ApiClient, "get" | "create" | "patch" | "delete">;
  readonly nodeName: string;
  /** From `parsePool`. */
  readonly pool: LoadBalancerPoolSetting;
  readonly events: Pick<EventRecorder, "report">;
  readonly log: Logger;
  readonly interfaces?: InterfaceAddresses;
  readonly timing?: Partial<LoadBalancerPoolTiming>;
}

export interface LoadBalancerPoolTiming extends MembershipTiming, AnnouncerTiming {
  /** Changes that come within this time are looked at together. */
  readonly gatherMs: number;
  /** Events are forgotten by the API server after an hour; what is still wrong is told again. */
  readonly retellMs: number;
}

const commonTiming = {
  retryMs: 1_000,
  rightsRetryMs: 60_000,
  monotonicMs: () => performance.now(),
  lifetimeSeconds: 10,
  refreshMs: 3_000,
  announceAfterMs: [0, 200, 1_200, 2_400, 4_000],
  gatherMs: 10,
  retellMs: 1_800_000,
};
/** An address moves within seconds of its node's end. */
const rangesTiming: LoadBalancerPoolTiming = { ...commonTiming, leaseSeconds: 5, renewMs: 1_500 };
/** Here nothing moves: a proxy that is started anew must not take its node's address out of every status and put it back. */
const nodeTiming: LoadBalancerPoolTiming = { ...commonTiming, leaseSeconds: 15, renewMs: 5_000 };

/** Use once: `start`, later `stop`. */
export class LoadBalancerPool {
  readonly #options: LoadBalancerPoolOptions;
  readonly #timing: LoadBalancerPoolTiming;
  readonly #membership: Membership;
  readonly #writer: IngressWriter;
  /** What users were told of Services that do not have all they ask for. */
  readonly #told = new Map<string, string>();
  #announcer: Announcer | undefined;
  #packets: PacketSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retellTimer: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => {};
  #isStopping = false;

  constructor(options: LoadBalancerPoolOptions) {
    const { pool, client, nodeName, log, timing } = options;
    this.#options = options;
    this.#timing = { ...(pool === "node" ? nodeTiming : rangesTiming), ...timing };
    this.#membership = new Membership({
      client,
      nodeName,
      log,
      timing: this.#timing,
      addresses: () => this.#ownAddresses(),
      leavesAtOnce: pool !== "node",
      onChange: () => this.#schedule(),
    });
    this.#writer = new IngressWriter({
      client,
      trouble: new Trouble(log, this.#timing),
      onWritten: assignment => this.#tellAssigned(assignment),
      onRetry: () => this.#schedule(),
    });
  }

  async start(): Promise<void> {
    const { cluster, pool, log, interfaces = ipProgram() } = this.#options;
    if (pool !== "node") {
      this.#packets = await openPackets(log);
      if (this.#isStopping) return;
      this.#announcer = new Announcer({
        interfaces,
        packets: this.#packets,
        nodeAddresses: () => this.#ownAddresses(),
        timing: this.#timing,
        log,
      });
    }
    this.#unsubscribe = cluster.onChange(change => {
      if (this.#concerns(change)) this.#schedule();
    });
    this.#retellTimer = setInterval(() => this.#retell(), this.#timing.retellMs).unref();
    this.#membership.start();
  }

  /** Lets other nodes take over and resolves when nothing is under way any more. Statuses stay as they are. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#unsubscribe();
    clearInterval(this.#retellTimer);
    clearTimeout(this.#timer);
    await this.#writer.stop();
    // In this order, so that no two nodes answer for an address. Who still sends here is served until it hears of another.
    await this.#announcer?.stop();
    await this.#membership.stop();
    this.#packets?.close();
  }

  #concerns(change: Change): boolean {
    const { before, after } = change;
    switch (change.kind) {
      case "Service":
        return [before, after].some(one => one?.kind === "Service" && isBalanced(one));
      case "EndpointSlice":
        return [before, after].some(one => one?.kind === "EndpointSlice" && this.#isLocal(one));
      default:
        return false;
    }
  }

  #isLocal({
    namespace,
    serviceName,
  }: {
    readonly namespace: string;
    readonly serviceName: string;
  }): boolean {
    const service = this.#options.cluster.service(namespace, serviceName);
    return service !== undefined && asksForPool(service) && service.externalTrafficPolicy === "Local";
  }

  #retell(): void {
    this.#told.clear();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isStopping) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#bringInLine();
    }, this.#timing.gatherMs);
  }

  #bringInLine(): void {
    const { pool } = this.#options;
    if (!this.#membership.isSynced) return;
    if (pool !== "node") this.#announcer?.answerFor(this.#ownShare(pool));
    if (this.#membership.isLeader) this.#assign();
    else {
      this.#writer.write([]);
      this.#told.clear();
    }
  }

  /** The addresses that statuses name and that this node is to answer for. */
  #ownShare(pool: AddressRanges): ReadonlySet<string> {
    const { cluster, nodeName } = this.#options;
    const share = new Set<string>();
    for (const service of cluster.objects("Service")) {
      if (!asksForPool(service) || isWrittenByOthers(service, address => pool.holds(address))) continue;
      for (const { ip } of service.loadBalancerIngress) {
        if (pool.holds(ip) && this.#announcingNode(service, ip) === nodeName) share.add(ip);
      }
    }
    return share;
  }

  /** Where no node can serve it, some node answers all the same: a refusal is better than silence. */
  #announcingNode(service: Service, address: string): string | undefined {
    const serving = this.#servingNodes(service, familyOf(address) as IPFamily);
    const nodes = serving.length > 0 ? serving : this.#membership.members();
    return announcingNode(
      address,
      nodes.map(({ name }) => name),
    );
  }

  #servingNodes(service: Service, family: IPFamily): readonly ServingNode[] {
    const members = this.#membership.members();
    if (service.externalTrafficPolicy !== "Local") return members;
    const slices = this.#options.cluster.slicesOf(service.namespace, service.name);
    const names = nodesWithEndpoints(slices, family);
    return members.filter(({ name }) => names.has(name));
  }

  #assign(): void {
    const { cluster, pool } = this.#options;
    const services = cluster.objects("Service");
    const assignments =
      pool === "node"
        ? shareNodeAddresses(services, (service, family) => this.#servingNodes(service, family))
        : allocateAddresses(services, pool, this.#membership.nodeAddresses());
    this.#writer.write(assignments.filter(assignment => !isPublished(assignment)));
    for (const assignment of assignments) this.#tellProblems(assignment);
  }

  #tellProblems({ service, problems }: Assignment): void {
    const key = objectKey(service);
    const text = JSON.stringify(problems);
    if ((this.#told.get(key) ?? "[]") === text) return;
    this.#told.set(key, text);
    for (const { reason, note } of problems) this.#report(service, "Warning", reason, note);
  }

  #tellAssigned({ service, addresses }: Assignment): void {
    if (addresses.length === 0) return;
    const origin = this.#options.pool === "node" ? "the nodes" : `the pool ${this.#options.pool}`;
    this.#report(service, "Normal", "AddressAssigned", `${addresses.join(", ")} of ${origin}`);
  }

  #report({ namespace, name, uid }: Service, type: "Normal" | "Warning", reason: string, note: string): void {
    const regarding = { ...serviceReference(namespace, name), uid };
    this.#options.events.report({ type, reason, action: "AssignAddress", note, regarding });
  }

  #ownAddresses(): readonly string[] {
    const { cluster, nodeName } = this.#options;
    const { internalIPs = [] } = cluster.get("Node", nodeName) ?? {};
    return [...canonicalAddresses(internalIPs, "IPv4"), ...canonicalAddresses(internalIPs, "IPv6")];
  }
}

function isBalanced({ type, loadBalancerIngress }: Service): boolean {
  return type === "LoadBalancer" || loadBalancerIngress.length > 0;
}

async function openPackets(log: Logger): Promise<PacketSocket | undefined> {
  try {
    return await openPacketSocket();
  } catch (error) {
    log.warn(
      `when a load-balancer address moves, neighbours find out by themselves, which takes them up to a minute: ${(error as Error).message}`,
    );
    return undefined;
  }
}
