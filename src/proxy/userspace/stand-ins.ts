/**
 * Something that answers behind every Pod, for clusters that exist on paper only: whoever connects to a Service sees
 * which Pod it reached.
 */

import { isIPv4 } from "node:net";
import type { Logger } from "pino";
import type { EndpointSlice, Pod, Protocol } from "../../cluster/objects.ts";
import { objectKey } from "../../cluster/objects.ts";
import type { Change, Cluster, ClusterStore } from "../../cluster/store.ts";
import { listenWithFallback } from "./listen-with-fallback.ts";
import { loopbackProblem } from "./loopback-problem.ts";
import { StoreFollower } from "./store-follower.ts";
import { TcpStandIn } from "./tcp-stand-in.ts";
import { UdpStandIn } from "./udp-stand-in.ts";

type StandInProtocol = "TCP" | "UDP";

/** One Pod port. */
export interface StandInStatus {
  readonly namespace: string;
  readonly podName: string;
  readonly protocol: StandInProtocol;
  readonly address: string;
  readonly port: number;
  /** Where connections are really taken; differs from `port` only while serving a port that needs privilege. */
  readonly servedPort: number;
  readonly state: "serving" | "unservable";
  /** What the user should know or do; "" when there is nothing to say. */
  readonly note: string;
}

interface StandIn {
  readonly listener: TcpStandIn | UdpStandIn;
  readonly status: StandInStatus;
}

type PodPort = Pick<StandInStatus, "namespace" | "podName" | "protocol" | "address" | "port">;

/** Runs stand-ins for the Pods of a store and follows it until stopped. */
export class StandIns {
  readonly #cluster: ClusterStore;
  readonly #log: Logger;
  /** Pod key → `protocol address:port` → stand-in. */
  readonly #standIns = new Map<string, Map<string, StandIn>>();
  /** `protocol address:port` → port listened on. */
  readonly #servedPorts = new Map<string, number>();
  readonly #follower: StoreFollower;

  /** Starts once the store's Pods and EndpointSlices are synced. */
  constructor(options: { readonly cluster: ClusterStore; readonly log: Logger }) {
    this.#cluster = options.cluster;
    this.#log = options.log;
    this.#follower = new StoreFollower({
      store: options.cluster,
      waitFor: ["Pod", "EndpointSlice"],
      all: () => Array.from(options.cluster.objects("Pod"), objectKey),
      touchedBy: podsTouchedBy,
      reconcile: keys => this.#reconcile(keys),
      log: options.log,
    });
  }

  /** Resolves when a stand-in was tried for every Pod of the store; waits for the store to be synced. */
  ready(): Promise<void> {
    return this.#follower.ready();
  }

  /** Every Pod port, by Pod. */
  status(): readonly StandInStatus[] {
    return [...this.#standIns.values()].flatMap(ofPod => Array.from(ofPod.values(), ({ status }) => status));
  }

  /** The port on which a Pod's port is really listened on: its own, unless a stand-in lacks the privilege for it. */
  readonly dialPort = (address: string, port: number, protocol: Protocol): number =>
    this.#servedPorts.get(portKey({ protocol, address, port })) ?? port;

  /** Closes all stand-ins and their connections without waiting for anybody. */
  async stop(): Promise<void> {
    await this.#follower.stop();
    for (const podKey of [...this.#standIns.keys()]) this.#closeUnwanted(podKey, new Map());
  }

  async #reconcile(podKeys: ReadonlySet<string>): Promise<Iterable<string>> {
    const wanted = new Map(Array.from(podKeys, key => [key, this.#wantedBy(key)]));
    // All is closed before anything is opened: an address may have moved from one Pod to another.
    for (const [podKey, ports] of wanted) this.#closeUnwanted(podKey, ports);
    await Promise.all(Array.from(wanted, ([podKey, ports]) => this.#openMissing(podKey, ports)));
    return [...podKeys].filter(key =>
      this.#standIns
        .get(key)
        ?.values()
        .some(({ status }) => isRetried(status)),
    );
  }

  #wantedBy(podKey: string): ReadonlyMap<string, PodPort> {
    const pod = this.#cluster.get("Pod", podKey);
    return new Map((pod === undefined ? [] : portsOf(this.#cluster, pod)).map(port => [portKey(port), port]));
  }

  #closeUnwanted(podKey: string, wanted: ReadonlyMap<string, PodPort>): void {
    const ofPod = this.#standIns.get(podKey);
    for (const [key, standIn] of ofPod ?? []) {
      if (wanted.has(key)) continue;
      standIn.listener.close();
      if (standIn.status.state === "serving") this.#servedPorts.delete(key);
      ofPod?.delete(key);
    }
    if (ofPod?.size === 0) this.#standIns.delete(podKey);
  }

  async #openMissing(podKey: string, wanted: ReadonlyMap<string, PodPort>): Promise<void> {
    const ofPod = this.#standIns.get(podKey) ?? new Map<string, StandIn>();
    if (wanted.size > 0) this.#standIns.set(podKey, ofPod);
    const missing = [...wanted].filter(([key]) => ofPod.get(key)?.status.state !== "serving");
    const started = await Promise.all(missing.map(([, podPort]) => startStandIn(podPort)));
    for (const standIn of started) {
      const key = portKey(standIn.status);
      ofPod.set(key, standIn);
      if (standIn.status.state === "serving") this.#servedPorts.set(key, standIn.status.servedPort);
      else this.#log.debug(standIn.status, "no stand-in");
    }
  }
}

async function startStandIn(podPort: PodPort): Promise<StandIn> {
  const { address, port, protocol } = podPort;
  const listener = protocol === "TCP" ? new TcpStandIn(podPort) : new UdpStandIn(podPort);
  const unservable = (note: string): StandIn => {
    return { listener, status: { ...podPort, servedPort: port, state: "unservable", note } };
  };
  const problem = loopbackProblem(address);
  if (problem !== undefined) return unservable(problem);
  const listening = await listenWithFallback(address, port, protocol, p => listener.open(address, p));
  if (listening.state === "failed") return unservable(listening.note);
  const { port: servedPort, note } = listening;
  return { listener, status: { ...podPort, servedPort, state: "serving", note } };
}

/** Container ports, and ports by which slices reach the Pod: a numeric target port needs no container port. */
function portsOf(cluster: Cluster, pod: Pod): readonly PodPort[] {
  const address = pod.podIPs.find(isIPv4);
  if (address === undefined || pod.phase === "Succeeded" || pod.phase === "Failed") return [];
  const slices = [...cluster.slicesAt(address)].filter(slice => podsIn(slice).includes(objectKey(pod)));
  return [...pod.containerPorts, ...slices.flatMap(slice => slice.ports)].flatMap(({ protocol, port }) =>
    port === undefined || protocol === "SCTP"
      ? []
      : [{ namespace: pod.namespace, podName: pod.name, protocol, address, port }],
  );
}

function podsTouchedBy(change: Change): string[] {
  return [change.before, change.after].flatMap(object => {
    if (object?.kind === "Pod") return [objectKey(object)];
    return object?.kind === "EndpointSlice" ? podsIn(object) : [];
  });
}

function podsIn(slice: EndpointSlice): string[] {
  return slice.endpoints
    .map(endpoint => endpoint.targetRef)
    .filter(target => target?.kind === "Pod")
    .map(target => `${target?.namespace || slice.namespace}/${target?.name}`);
}

/** A port that somebody else holds may become free; an address that is not loopback stays what it is. */
function isRetried(status: StandInStatus): boolean {
  return status.state === "unservable" && loopbackProblem(status.address) === undefined;
}

function portKey({
  protocol,
  address,
  port,
}: Pick<PodPort, "address" | "port"> & { protocol: Protocol }): string {
  return `${protocol} ${address}:${port}`;
}
