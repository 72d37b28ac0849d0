/** Nodes of a cluster, each with its load balancer, before one API server; their interfaces are sets of addresses. */

import type { TestContext } from "node:test";
import { pino } from "pino";
import { ApiClient } from "../../../src/cluster/api/api-client.ts";
import { ApiSource, proxySelections } from "../../../src/cluster/api/api-source.ts";
import type { RawObject } from "../../../src/cluster/raw-object.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import type { EventReport } from "../../../src/proxy/event-object.ts";
import { parsePool } from "../../../src/proxy/load-balancer/address-ranges.ts";
import type { InterfaceAddresses } from "../../../src/proxy/load-balancer/interface-addresses.ts";
import {
  LoadBalancerPool,
  type LoadBalancerPoolTiming,
} from "../../../src/proxy/load-balancer/load-balancer-pool.ts";
import { TestApiServer } from "../../support/api-server.ts";
import { until as untilFound } from "../../support/until.ts";

const timing = { renewMs: 200, retryMs: 50, gatherMs: 1, refreshMs: 60_000 };

/** So long that no Lease expires by itself, however slow the machine is. */
const endlessLeaseSeconds = 60;

/** The shortest that expires by nobody's renewal only, also when the process stands still for a while. */
export const shortLeaseSeconds = 2;

export interface PoolRigOptions {
  readonly pool?: string;
  readonly leaseSeconds?: number;
}

export class PoolRig {
  readonly api: TestApiServer;
  /** How far the nodes' clocks have been put forward. */
  readonly clock = { aheadMs: 0 };
  readonly #t: TestContext;
  readonly #options: PoolRigOptions;

  private constructor(t: TestContext, api: TestApiServer, options: PoolRigOptions) {
    this.#t = t;
    this.api = api;
    this.#options = options;
  }

  static async open(t: TestContext, options: PoolRigOptions = {}): Promise<PoolRig> {
    const api = await TestApiServer.start();
    t.after(() => api.close());
    return new PoolRig(t, api, options);
  }

  /** A node that runs the load balancer, as soon as it knows of the cluster; `number` is the last part of its address. */
  async node(number: number, more: { readonly rightsRetryMs?: number } = {}): Promise<PoolNode> {
    const nodeName = `n${number}`;
    const addresses = [{ type: "InternalIP", address: `192.0.2.${number}` }];
    this.api.put({ kind: "Node", metadata: { name: nodeName }, status: { addresses } });
    const { pool = "192.0.2.200-192.0.2.220", leaseSeconds = endlessLeaseSeconds } = this.#options;
    const monotonicMs = () => performance.now() + this.clock.aheadMs;
    const node = new PoolNode(this.api.url, nodeName, pool, {
      ...timing,
      leaseSeconds,
      monotonicMs,
      ...more,
    });
    this.#t.after(() => node.stop());
    await node.start();
    return node;
  }

  putService(name: string, spec: object = {}): void {
    this.api.put({
      kind: "Service",
      metadata: { name, namespace: "shop" },
      spec: { type: "LoadBalancer", ipFamilies: ["IPv4"], ports: [{ port: 80 }], ...spec },
    });
  }

  putSlice(serviceName: string, nodeName: string): void {
    this.api.put({
      kind: "EndpointSlice",
      metadata: {
        name: serviceName,
        namespace: "shop",
        labels: { "kubernetes.io/service-name": serviceName },
      },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.244.1.2"], nodeName }],
    });
  }

  async object(path: string): Promise<RawObject> {
    return (await (await fetch(this.api.url + path)).json()) as RawObject;
  }

  /** The addresses in a Service's status, as soon as there are some that fit. */
  addresses(name: string, fits: (addresses: readonly string[]) => boolean = all => all.length > 0) {
    return until(async () => {
      const { status } = await this.object(`/api/v1/namespaces/shop/services/${name}`);
      const ingress: readonly { readonly ip: string }[] = status?.loadBalancer?.ingress ?? [];
      const addresses = ingress.map(({ ip }) => ip);
      return fits(addresses) ? addresses : undefined;
    });
  }

  /** Resolves when exactly these nodes have Leases of their own. */
  async membersAre(...names: readonly string[]): Promise<void> {
    const path = "/apis/coordination.k8s.io/v1/leases?labelSelector=frontdesk.dev%2Fload-balancer%3Dmember";
    const wanted = names.map(name => `frontdesk-load-balancer-${name}`).join();
    await until(async () => {
      const { items } = (await this.object(path)) as { readonly items?: readonly RawObject[] };
      const found = (items ?? []).map(({ metadata }) => metadata?.name).join();
      return found === wanted || undefined;
    });
  }

  async leader(): Promise<string> {
    return until(async () => (await this.object(leaderLeasePath)).spec?.holderIdentity || undefined);
  }

  /** When the node has last said that it is there, in milliseconds since 1970. */
  async renewedAtMs(nodeName: string): Promise<number> {
    const { spec } = await this.object(`${leaderLeasePath}-${nodeName}`);
    return Date.parse(spec?.renewTime ?? "");
  }
}

const leaderLeasePath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/frontdesk-load-balancer";

export class PoolNode implements InterfaceAddresses {
  readonly name: string;
  readonly events: EventReport[] = [];
  readonly lines: string[] = [];
  /** What it answers for. */
  readonly held = new Set<string>();
  /** Requests to the API server, made or tried. */
  attemptCount = 0;
  readonly #source: ApiSource;
  readonly #client: ApiClient;
  readonly #loadBalancer: LoadBalancerPool;
  readonly #cluster: ClusterStore;
  #isCutOff = false;

  constructor(server: string, name: string, pool: string, timing: Partial<LoadBalancerPoolTiming>) {
    this.name = name;
    const access = {
      server,
      credentials: async () => {
        this.attemptCount++;
        if (this.#isCutOff) throw new Error("the network is gone");
        return {};
      },
      renew: async () => {},
    };
    const log = pino({ base: null }, { write: line => void this.lines.push(JSON.parse(line).msg) });
    this.#cluster = new ClusterStore(error => {
      throw error;
    });
    this.#source = new ApiSource({
      access,
      store: this.#cluster,
      kinds: ["Service", "EndpointSlice", "Node"],
      selections: proxySelections(name),
      log: pino({ level: "silent" }),
    });
    this.#client = new ApiClient(access);
    this.#loadBalancer = new LoadBalancerPool({
      cluster: this.#cluster,
      client: this.#client,
      nodeName: name,
      pool: parsePool(pool),
      events: { report: event => void this.events.push(event) },
      log,
      interfaces: this,
      timing,
    });
  }

  async start(): Promise<void> {
    this.#source.start();
    const kinds = ["Service", "EndpointSlice", "Node"] as const;
    await until(() => kinds.every(kind => this.#cluster.isSynced(kind)) || undefined);
    await this.#loadBalancer.start();
  }

  async stop(): Promise<void> {
    await this.#loadBalancer.stop();
    await this.#source.stop();
    this.#client.close();
  }

  /** Loses every connection to the API server, and makes no new ones. */
  cutOff(): void {
    this.#isCutOff = true;
    this.#client.close();
  }

  async list() {
    const own = this.#cluster.get("Node", this.name)?.internalIPs ?? [];
    const addresses = [
      ...own.map(address => ({ address, isOurs: false })),
      ...Array.from(this.held, address => ({ address, isOurs: true })),
    ];
    return [{ name: "eth0", index: 1, hardwareAddress: undefined, addresses }];
  }

  async apply(changes: Parameters<InterfaceAddresses["apply"]>[0]): Promise<void> {
    for (const { kind, address } of changes) {
      if (kind === "put") this.held.add(address);
      else this.held.delete(address);
    }
  }
}

/** What `look` finds, as soon as it finds anything. */
export function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  return untilFound(String(look), look);
}
