/**
 * What is known of the cluster at this moment: objects by name, a few indexes over them, and one event per change.
 *
 * One event loop owns the store, so a reader inside one callback sees one consistent cluster. Sources write
 * (`apply`, `remove`, `replace`, `markSynced`); zone, plan and listeners only read. A source that loses its API
 * server writes nothing, and so nothing is forgotten.
 */

import { addressKey } from "./address-key.ts";
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
  readonly #slicesByService = new Index<EndpointSlice>(slice =>
    slice.serviceName === "" ? [] : [`${slice.namespace}/${slice.serviceName}`],
  );
  readonly #slicesByImport = new Index<EndpointSlice>(({ namespace, imported }) =>
    imported === undefined ? [] : [`${namespace}/${imported.serviceName}`],
  );
  /** Of all indexes the largest, and a service proxy never asks: made when it is needed. */
  #slicesByAddress: Index<EndpointSlice, string | number> | undefined;
  readonly #servicesByClusterIP = new Index<Service>(service => service.clusterIPs);
  readonly #servicesByExternalAddress = new Index<Service>(externalAddressesOf);
  readonly #podsByAddress = new Index<Pod>(pod => pod.podIPs);
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
    return this.#addressIndex().get(addressKey(address));
  }

  /** Makes the index behind `slicesAt` now, not at the first question. */
  indexAddresses(): void {
    this.#addressIndex();
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

  #addressIndex(): Index<EndpointSlice, string | number> {
    if (this.#slicesByAddress !== undefined) return this.#slicesByAddress;
    const index = new Index<EndpointSlice, string | number>(addressKeysOf);
    for (const slice of this.objects("EndpointSlice")) index.update(undefined, slice);
    this.#slicesByAddress = index;
    return index;
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

/** Objects by any number of keys each. */
class Index<T, Key = string> {
  readonly #byKey = new Map<Key, T | Set<T>>();
  readonly #keysOf: (object: T) => readonly Key[];

  constructor(keysOf: (object: T) => readonly Key[]) {
    this.#keysOf = keysOf;
  }

  get(key: Key): Iterable<T> {
    const found = this.#byKey.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? found : [found];
  }

  update(before: T | undefined, after: T | undefined): void {
    if (before !== undefined) for (const key of this.#keysOf(before)) this.#delete(key, before);
    if (after !== undefined) for (const key of this.#keysOf(after)) this.#add(key, after);
  }

  // Most keys hold one object; a Set for each of 100 000 addresses would be the largest thing in memory.
  #add(key: Key, object: T): void {
    const found = this.#byKey.get(key);
    if (found === undefined || found === object) this.#byKey.set(key, object);
    else if (found instanceof Set) found.add(object);
    else this.#byKey.set(key, new Set([found, object]));
  }

  #delete(key: Key, object: T): void {
    const found = this.#byKey.get(key);
    if (found === object) this.#byKey.delete(key);
    else if (found instanceof Set) {
      found.delete(object);
      if (found.size > 1) return;
      for (const only of found) this.#byKey.set(key, only);
    }
  }
}

function externalAddressesOf({ externalIPs, loadBalancerIngress }: Service): readonly string[] {
  const balanced = loadBalancerIngress.map(({ ip }) => ip).filter(ip => ip !== "");
  return [...new Set([...externalIPs, ...balanced])];
}

function isSameVersion(before: ClusterObject, after: ClusterObject): boolean {
  return before.resourceVersion !== "" && before.resourceVersion === after.resourceVersion;
}
