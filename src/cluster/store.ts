/**
 * What is known of the cluster at this moment: objects by name, a few indexes over them, and one event per change.
 *
 * One event loop owns the store, so a reader inside one callback sees one consistent cluster. Sources write
 * (`apply`, `remove`, `retain`, `markSynced`); zone, plan and listeners only read. A source that loses its API
 * server writes nothing, and so nothing is forgotten.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { addressKey } from "./address-key.ts";
import { ObjectIndex } from "./object-index.ts";
import type {
  ClusterObject,
  EndpointSlice,
  Kind,
  Namespace,
  ObjectOf,
  Pod,
  Service,
  ServiceImport,
} from "./objects.ts";
import { objectKey } from "./objects.ts";
import { addressKeysOf } from "./packed-slice.ts";
import { none } from "./raw-object.ts";
import type { SerialScope } from "./serial-scope.ts";
import { scopesOf } from "./serial-scope.ts";

/** `before` is undefined for an addition, `after` for a removal; never both. */
export interface Change<K extends Kind = Kind> {
  readonly kind: K;
  readonly before: ObjectOf<K> | undefined;
  readonly after: ObjectOf<K> | undefined;
}

export type ChangeListener = (change: Change) => void;

/** The read side: what zone and plan may see. */
export interface Cluster {
  namespace(name: string): Namespace | undefined;
  service(namespace: string, name: string): Service | undefined;
  /** Slices whose service-name label names this Service, in no order that means anything, as with all of these. */
  slicesOf(namespace: string, serviceName: string): Iterable<EndpointSlice>;
  /** Services that hold this address among their cluster IPs: one, unless somebody made a mistake. */
  servicesAt(clusterIP: string): Iterable<Service>;
  /** Slices that list this address, whether ready or not. */
  slicesAt(address: string): Iterable<EndpointSlice>;
  /** Pods that hold this address. */
  podsAt(address: string): Iterable<Pod>;
  /** Services that hold this address among their external IPs or their load balancer's. */
  servicesAtExternalAddress(address: string): Iterable<Service>;
  serviceImport(namespace: string, name: string): ServiceImport | undefined;
  /** Slices whose multicluster service-name label names this ServiceImport. */
  slicesOfImport(namespace: string, name: string): Iterable<EndpointSlice>;
  objects<K extends Kind>(kind: K): Iterable<ObjectOf<K>>;
  get<K extends Kind>(kind: K, key: string): ObjectOf<K> | undefined;
  /** True once the source has delivered everything of this kind that existed when it started. */
  isSynced(kind: Kind): boolean;
  /**
   * Unix time in seconds of the last change that clients of a kind of zone can see; 0 before the first. RFC 1035
   * §3.3.13 serial.
   */
  serialOf(scope: SerialScope): number;
  /** `serialOf("internal")`. */
  readonly serial: number;
  /** Hears of every change, after it was made. Returns the function that ends the subscription. */
  onChange(listener: ChangeListener): () => void;
}

/** What is put into an index in one turn of the event loop: less than a millisecond. */
const slicesPerTurn = 50;

export class ClusterStore implements Cluster {
  readonly #objects: { readonly [K in Kind]: Map<string, ObjectOf<K>> } = {
    Namespace: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Pod: new Map(),
    Node: new Map(),
    ServiceImport: new Map(),
    ServiceCIDR: new Map(),
  };
  readonly #slicesByService = new ObjectIndex<EndpointSlice>(slice =>
    slice.serviceName === "" ? [] : [`${slice.namespace}/${slice.serviceName}`],
  );
  readonly #slicesByImport = new ObjectIndex<EndpointSlice>(({ namespace, imported }) =>
    imported === undefined ? [] : [`${namespace}/${imported.serviceName}`],
  );
  /** Of all indexes the largest, and a service proxy never asks: made when it is needed. */
  #slicesByAddress: ObjectIndex<EndpointSlice, string | number> | undefined;
  /** Those that are not in it yet. */
  #slicesToIndex: Iterator<EndpointSlice> | undefined;
  readonly #servicesByClusterIP = new ObjectIndex<Service>(service => service.clusterIPs);
  readonly #servicesByExternalAddress = new ObjectIndex<Service>(externalAddressesOf);
  readonly #podsByAddress = new ObjectIndex<Pod>(pod => pod.podIPs);
  readonly #synced = new Set<Kind>();
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #syncListeners = new Set<(kind: Kind) => void>();
  readonly #reportListenerError: (error: unknown) => void;
  readonly #nowMs: () => number;
  readonly #serials: Record<SerialScope, number> = { internal: 0, external: 0, multicluster: 0 };

  /** `reportListenerError` hears what a listener threw; a throwing listener never stops the others or the source. */
  constructor(reportListenerError: (error: unknown) => void, nowMs: () => number = Date.now) {
    this.#reportListenerError = reportListenerError;
    this.#nowMs = nowMs;
  }

  get serial(): number {
    return this.#serials.internal;
  }

  serialOf(scope: SerialScope): number {
    return this.#serials[scope];
  }

  namespace(name: string): Namespace | undefined {
    return this.#objects.Namespace.get(name);
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#objects.Service.get(`${namespace}/${name}`);
  }

  slicesOf(namespace: string, serviceName: string): Iterable<EndpointSlice> {
    return this.#slicesByService.get(`${namespace}/${serviceName}`);
  }

  servicesAt(clusterIP: string): Iterable<Service> {
    return this.#servicesByClusterIP.get(clusterIP);
  }

  slicesAt(address: string): Iterable<EndpointSlice> {
    return this.#addressIndex(Number.POSITIVE_INFINITY).get(addressKey(address));
  }

  /** Makes the index behind `slicesAt` little by little, not at the first question. */
  async indexAddresses(): Promise<void> {
    while (this.#slicesToIndex !== undefined || this.#slicesByAddress === undefined) {
      this.#addressIndex(slicesPerTurn);
      await nextTurn();
    }
  }

  podsAt(address: string): Iterable<Pod> {
    return this.#podsByAddress.get(address);
  }

  servicesAtExternalAddress(address: string): Iterable<Service> {
    return this.#servicesByExternalAddress.get(address);
  }

  serviceImport(namespace: string, name: string): ServiceImport | undefined {
    return this.#objects.ServiceImport.get(`${namespace}/${name}`);
  }

  slicesOfImport(namespace: string, name: string): Iterable<EndpointSlice> {
    return this.#slicesByImport.get(`${namespace}/${name}`);
  }

  objects<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    return this.#mapOf(kind).values();
  }

  get<K extends Kind>(kind: K, key: string): ObjectOf<K> | undefined {
    return this.#mapOf(kind).get(key);
  }

  isSynced(kind: Kind): boolean {
    return this.#synced.has(kind);
  }

  /** Adds or replaces one object. The same resourceVersion again is no change. */
  apply(object: ClusterObject): void {
    const map = this.#mapOf(object.kind) as Map<string, ClusterObject>;
    const key = objectKey(object);
    const before = map.get(key);
    if (before !== undefined && isSameVersion(before, object)) return;
    map.set(key, object);
    this.#changed({ kind: object.kind, before, after: object } as Change);
  }

  /** Removes one object; one that is not there is no change. */
  remove(kind: Kind, key: string): void {
    const map = this.#mapOf(kind) as Map<string, ClusterObject>;
    const before = map.get(key);
    if (before === undefined) return;
    map.delete(key);
    this.#changed({ kind, before, after: undefined } as Change);
  }

  /** Removes every object of a kind that is not among `keys`: the end of a complete list. */
  retain(kind: Kind, keys: ReadonlySet<string>): void {
    for (const key of [...this.#mapOf(kind).keys()]) {
      if (!keys.has(key)) this.remove(kind, key);
    }
  }

  /** Says that everything of this kind has been delivered once. */
  markSynced(kind: Kind): void {
    if (this.#synced.has(kind)) return;
    this.#synced.add(kind);
    for (const listener of [...this.#syncListeners]) this.#call(() => listener(kind));
  }

  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Hears each kind once, when it becomes synced. Returns the function that ends the subscription. */
  onSynced(listener: (kind: Kind) => void): () => void {
    this.#syncListeners.add(listener);
    return () => this.#syncListeners.delete(listener);
  }

  #mapOf<K extends Kind>(kind: K): Map<string, ObjectOf<K>> {
    return this.#objects[kind] as unknown as Map<string, ObjectOf<K>>;
  }

  #changed(change: Change): void {
    this.#updateIndexes(change);
    for (const scope of scopesOf(change)) this.#serials[scope] = Math.floor(this.#nowMs() / 1000);
    for (const listener of [...this.#changeListeners]) this.#call(() => listener(change));
  }

  /**
   * The index, with so many slices more in it than before. Until it has all, changes go into it as they do later: what
   * comes twice is in it once.
   */
  #addressIndex(mostSlices: number): ObjectIndex<EndpointSlice, string | number> {
    if (this.#slicesByAddress === undefined) {
      this.#slicesByAddress = new ObjectIndex<EndpointSlice, string | number>(addressKeysOf);
      this.#slicesToIndex = this.#objects.EndpointSlice.values();
    }
    for (let count = 0; this.#slicesToIndex !== undefined && count < mostSlices; count++) {
      const { done, value } = this.#slicesToIndex.next();
      if (done) this.#slicesToIndex = undefined;
      else this.#slicesByAddress.update(undefined, value);
    }
    return this.#slicesByAddress;
  }

  #updateIndexes({ kind, before, after }: Change): void {
    switch (kind) {
      case "Service":
        this.#servicesByClusterIP.update(before as Service, after as Service);
        this.#servicesByExternalAddress.update(before as Service, after as Service);
        break;
      case "EndpointSlice":
        this.#slicesByService.update(before as EndpointSlice, after as EndpointSlice);
        this.#slicesByImport.update(before as EndpointSlice, after as EndpointSlice);
        this.#slicesByAddress?.update(before as EndpointSlice, after as EndpointSlice);
        break;
      case "Pod":
        this.#podsByAddress.update(before as Pod, after as Pod);
        break;
    }
  }

  #call(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#reportListenerError(error);
    }
  }
}

function externalAddressesOf({ externalIPs, loadBalancerIngress }: Service): readonly string[] {
  if (externalIPs.length === 0 && loadBalancerIngress.length === 0) return none;
  const balanced = loadBalancerIngress.map(({ ip }) => ip).filter(ip => ip !== "");
  return [...new Set([...externalIPs, ...balanced])];
}

function isSameVersion(before: ClusterObject, after: ClusterObject): boolean {
  return before.resourceVersion !== "" && before.resourceVersion === after.resourceVersion;
}
