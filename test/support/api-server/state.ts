/** What would be in etcd: objects, one global resourceVersion, the history of changes. */

import { randomUUID } from "node:crypto";
import type { RawObject } from "../../../src/cluster/trim.ts";
import { apiVersionOf, type Resource, resourceOfKind, resources } from "./resources.ts";
import type { Selector } from "./selector.ts";
import { expired, StatusError } from "./status.ts";

export interface StoredObject {
  readonly resource: Resource;
  readonly namespace: string;
  /** Sorts as in etcd: `namespace/name`, or the bare name. */
  readonly key: string;
  readonly raw: RawObject;
  /** As an item of a list, which carries neither kind nor apiVersion. */
  readonly itemJson: string;
}

export interface StateEvent {
  readonly version: number;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
  /** The object as it was when it was deleted, with the resourceVersion of the deletion. */
  readonly deleted: StoredObject | undefined;
  readonly resource: Resource;
}

export class ApiState {
  readonly #objects = new Map(resources.map(resource => [resource, new Map<string, StoredObject>()]));
  readonly #history: StateEvent[] = [];
  readonly #listeners = new Set<(event: StateEvent) => void>();
  #version = 1000;
  #compactedVersion = 1000;

  get version(): number {
    return this.#version;
  }

  onEvent(listener: (event: StateEvent) => void): void {
    this.#listeners.add(listener);
  }

  get(resource: Resource, key: string): StoredObject | undefined {
    return this.#of(resource).get(key);
  }

  /** Creates or updates. Fills in what the real server would: namespace, uid, times, resourceVersion. */
  put(raw: RawObject): StoredObject {
    const resource = resourceOfKind(raw.kind);
    const namespace = resource.isNamespaced ? (raw.metadata?.namespace ?? "default") : "";
    const key = keyOf(resource, namespace, raw.metadata?.name ?? "");
    const before = this.get(resource, key);
    this.#version++;
    const metadata = {
      uid: before?.raw.metadata?.uid ?? randomUUID(),
      creationTimestamp: before?.raw.metadata?.creationTimestamp ?? new Date().toISOString(),
      ...raw.metadata,
      ...(namespace === "" ? {} : { namespace }),
      resourceVersion: String(this.#version),
    };
    const after = stored(resource, namespace, key, { ...raw, metadata });
    this.#of(resource).set(key, after);
    this.#publish({ version: this.#version, resource, before, after, deleted: undefined });
    return after;
  }

  remove(resource: Resource, key: string): StoredObject {
    const before = this.get(resource, key);
    if (before === undefined) throw new StatusError(404, "NotFound", `${resource.name} "${key}" not found`);
    this.#of(resource).delete(key);
    this.#version++;
    const metadata = { ...before.raw.metadata, resourceVersion: String(this.#version) };
    const deleted = stored(resource, before.namespace, key, { ...before.raw, metadata });
    this.#publish({ version: this.#version, resource, before, after: undefined, deleted });
    return deleted;
  }

  list(resource: Resource, namespace: string, matches: Selector): StoredObject[] {
    return [...this.#of(resource).values()]
      .filter(object => (namespace === "" || object.namespace === namespace) && matches(object.raw))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Changes after `version`; throws 410 Expired when some of them are compacted away. */
  eventsSince(resource: Resource, version: number): StateEvent[] {
    if (version < this.#compactedVersion) throw expired();
    return this.#history.filter(event => event.version > version && event.resource === resource);
  }

  /** Forgets the history up to now, as etcd does every five minutes. */
  compact(): void {
    this.#history.length = 0;
    this.#compactedVersion = this.#version;
  }

  #of(resource: Resource): Map<string, StoredObject> {
    return this.#objects.get(resource) as Map<string, StoredObject>;
  }

  #publish(event: StateEvent): void {
    this.#history.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

export function keyOf(resource: Resource, namespace: string, name: string): string {
  return resource.isNamespaced ? `${namespace}/${name}` : name;
}

/** The whole object as JSON, with kind and apiVersion. */
export function objectJson(object: StoredObject): string {
  const { kind } = object.resource;
  return `{"kind":"${kind}","apiVersion":"${apiVersionOf(object.resource)}",${object.itemJson.slice(1)}`;
}

function stored(resource: Resource, namespace: string, key: string, raw: RawObject): StoredObject {
  const { kind: _kind, apiVersion: _apiVersion, ...item } = raw;
  return { resource, namespace, key, raw, itemJson: JSON.stringify(item) };
}
