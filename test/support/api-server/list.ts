/** Lists, whole or in pages: each page comes from the state as it was when the first one was asked for. */

import { randomUUID } from "node:crypto";
import { binaryType, isBinaryKind, writeBinaryList } from "./binary-object.ts";
import { type ApiRequest, apiVersionOf, type Resource } from "./resources.ts";
import { parseSelector } from "./selector.ts";
import type { ApiState, StoredObject } from "./state.ts";
import { expired, StatusError } from "./status.ts";

const jsonType = "application/json";

/** A body and what it is. */
export interface Page {
  readonly type: string;
  readonly body: string | Buffer;
}

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

  /** One page. A limit together with `resourceVersion=0` is ignored, as the watch cache does. */
  page(resource: Resource, request: ApiRequest): Page {
    const { query, namespace } = request;
    const limit = query.get("resourceVersion") === "0" ? 0 : Number(query.get("limit") ?? "0");
    const token = query.get("continue") ?? "";
    const isWhole = limit === 0 && token === "";
    const type = chosenType(request, isWhole && isBinaryKind(resource.kind));
    if (token !== "") return { type, body: this.#continue(resource, token, limit) };
    const objects = this.#state.list(resource, namespace, parseSelector(query));
    const { version } = this.#state;
    if (type === jsonType) return { type, body: this.#pageOf(resource, { version, objects }, 0, limit) };
    const items = objects.map(({ raw }) => raw);
    return { type, body: writeBinaryList(apiVersionOf(resource), resource.kind, String(version), items) };
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

/** The first of those the client accepts that there is. */
function chosenType({ headers: { accept = "*/*" } }: ApiRequest, hasBinary: boolean): string {
  for (const range of accept.split(",")) {
    const type = range.split(";")[0]?.trim();
    if (type === binaryType && hasBinary) return binaryType;
    if (type === jsonType || type === "application/*" || type === "*/*") return jsonType;
  }
  throw new StatusError(406, "NotAcceptable", `only the following media types are accepted: ${jsonType}`);
}
