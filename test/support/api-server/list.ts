/** Lists in pages: each page comes from the state as it was when the first one was asked for. */

import { randomUUID } from "node:crypto";
import { type ApiRequest, apiVersionOf, type Resource } from "./resources.ts";
import { parseSelector } from "./selector.ts";
import type { ApiState, StoredObject } from "./state.ts";
import { expired } from "./status.ts";

interface Snapshot {
  readonly version: number;
  readonly objects: readonly StoredObject[];
}

export class Lists {
  readonly #state: ApiState;
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(state: ApiState) {
    this.#state = state;
  }

  /** From now on every continue token handed out so far is answered with 410 Expired. */
  expireTokens(): void {
    this.#snapshots.clear();
  }

  /** One page as JSON. A limit together with `resourceVersion=0` is ignored, as the watch cache does. */
  page(resource: Resource, request: ApiRequest): string {
    const { query, namespace } = request;
    const limit = query.get("resourceVersion") === "0" ? 0 : Number(query.get("limit") ?? "0");
    const token = query.get("continue") ?? "";
    if (token !== "") return this.#continue(resource, token, limit);
    const objects = this.#state.list(resource, namespace, parseSelector(query));
    return this.#pageOf(resource, { version: this.#state.version, objects }, 0, limit);
  }

  #continue(resource: Resource, token: string, limit: number): string {
    const [id = "", start = ""] = token.split(".");
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) throw expired();
    this.#snapshots.delete(id);
    return this.#pageOf(resource, snapshot, Number(start), limit);
  }

  #pageOf(resource: Resource, snapshot: Snapshot, start: number, limit: number): string {
    const end = limit > 0 ? start + limit : snapshot.objects.length;
    const items = snapshot.objects.slice(start, end).map(object => object.itemJson);
    const remaining = snapshot.objects.length - end;
    const metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number } = {
      resourceVersion: String(snapshot.version),
    };
    if (remaining > 0) {
      const id = randomUUID();
      this.#snapshots.set(id, snapshot);
      metadata.continue = `${id}.${end}`;
      metadata.remainingItemCount = remaining;
    }
    const head = `{"kind":"${resource.kind}List","apiVersion":"${apiVersionOf(resource)}"`;
    return `${head},"metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}\n`;
  }
}
