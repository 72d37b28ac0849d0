/** What somebody read of the cluster, so that it is known which changes make a difference to what he made of it. */

import type { EndpointSlice, Kind, Namespace, ObjectOf, Pod, Service, ServiceImport } from "./objects.ts";
import type { SerialScope } from "./serial-scope.ts";
import type { Change, ChangeListener, Cluster } from "./store.ts";

/** The same cluster, with a note of each thing that is read. Made for one reader, who then looks at the notes. */
export class ClusterReads implements Cluster {
  /** What was read, and was looked for in vain: equal to the `changedKeys` of each change that could be seen. */
  readonly keys: string[] = [];
  /** False when something is still being loaded: whoever saw that sees something else soon. */
  isSettled = true;
  /** Whose serial was read; serials are no keys, since nearly every change moves one. */
  serialScope: SerialScope | undefined;
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  namespace(name: string): Namespace | undefined {
    this.keys.push(keys.namespace(name));
    return this.#cluster.namespace(name);
  }

  service(namespace: string, name: string): Service | undefined {
    this.keys.push(keys.service(namespace, name));
    return this.#cluster.service(namespace, name);
  }

  slicesOf(namespace: string, serviceName: string): Iterable<EndpointSlice> {
    this.keys.push(keys.slicesOf(namespace, serviceName));
    return this.#cluster.slicesOf(namespace, serviceName);
  }

  servicesAt(clusterIP: string): Iterable<Service> {
    this.keys.push(keys.servicesAt(clusterIP));
    return this.#cluster.servicesAt(clusterIP);
  }

  slicesAt(address: string): Iterable<EndpointSlice> {
    this.keys.push(keys.slicesAt(address));
    return this.#cluster.slicesAt(address);
  }

  podsAt(address: string): Iterable<Pod> {
    this.keys.push(keys.podsAt(address));
    return this.#cluster.podsAt(address);
  }

  servicesAtExternalAddress(address: string): Iterable<Service> {
    this.keys.push(keys.servicesAtExternalAddress(address));
    return this.#cluster.servicesAtExternalAddress(address);
  }

  serviceImport(namespace: string, name: string): ServiceImport | undefined {
    this.keys.push(keys.serviceImport(namespace, name));
    return this.#cluster.serviceImport(namespace, name);
  }

  slicesOfImport(namespace: string, name: string): Iterable<EndpointSlice> {
    this.keys.push(keys.slicesOfImport(namespace, name));
    return this.#cluster.slicesOfImport(namespace, name);
  }

  objects<K extends Kind>(kind: K): Iterable<ObjectOf<K>> {
    this.keys.push(keys.kind(kind));
    return this.#cluster.objects(kind);
  }

  get<K extends Kind>(kind: K, key: string): ObjectOf<K> | undefined {
    this.keys.push(keys.kind(kind));
    return this.#cluster.get(kind, key);
  }

  isSynced(kind: Kind): boolean {
    const isSynced = this.#cluster.isSynced(kind);
    if (!isSynced) this.isSettled = false;
    return isSynced;
  }

  serialOf(scope: SerialScope): number {
    this.serialScope = scope;
    return this.#cluster.serialOf(scope);
  }

  get serial(): number {
    return this.serialOf("internal");
  }

  onChange(listener: ChangeListener): () => void {
    return this.#cluster.onChange(listener);
  }
}

const keys = {
  kind: (kind: Kind) => `kind ${kind}`,
  namespace: (name: string) => `namespace ${name}`,
  service: (namespace: string, name: string) => `service ${namespace}/${name}`,
  slicesOf: (namespace: string, service: string) => `slices ${namespace}/${service}`,
  servicesAt: (address: string) => `services at ${address}`,
  servicesAtExternalAddress: (address: string) => `services at external ${address}`,
  slicesAt: (address: string) => `slices at ${address}`,
  podsAt: (address: string) => `pods at ${address}`,
  serviceImport: (namespace: string, name: string) => `import ${namespace}/${name}`,
  slicesOfImport: (namespace: string, name: string) => `slices of import ${namespace}/${name}`,
};

/** What readers see differently after a change, each key once. */
export function changedKeys({ kind, before, after }: Change): ReadonlySet<string> {
  const changed = new Set([keys.kind(kind)]);
  for (const object of [before, after]) {
    if (object !== undefined) for (const key of keysOf(object)) changed.add(key);
  }
  return changed;
}

function keysOf(object: ObjectOf<Kind>): readonly string[] {
  switch (object.kind) {
    case "Namespace":
      return [keys.namespace(object.name)];
    case "Service":
      return [
        keys.service(object.namespace, object.name),
        ...object.clusterIPs.map(keys.servicesAt),
        ...object.externalIPs.map(keys.servicesAtExternalAddress),
        ...object.loadBalancerIngress.map(({ ip }) => keys.servicesAtExternalAddress(ip)),
      ];
    case "EndpointSlice":
      return keysOfSlice(object);
    case "Pod":
      return object.podIPs.map(keys.podsAt);
    case "ServiceImport":
      return [keys.serviceImport(object.namespace, object.name)];
    default:
      return [];
  }
}

function keysOfSlice({ namespace, serviceName, imported, endpoints }: EndpointSlice): readonly string[] {
  const ofImport = imported === undefined ? [] : [keys.slicesOfImport(namespace, imported.serviceName)];
  const ofAddresses = endpoints.flatMap(({ addresses }) => addresses.map(keys.slicesAt));
  return [keys.slicesOf(namespace, serviceName), ...ofImport, ...ofAddresses];
}
