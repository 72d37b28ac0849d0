/** POST, PUT, merge PATCH and DELETE, so that curl and kubectl can change what is served. */

import type { IncomingMessage } from "node:http";
import type { RawObject } from "../../../src/cluster/trim.ts";
import type { ApiRequest, Resource } from "./resources.ts";
import { type ApiState, keyOf, type StoredObject } from "./state.ts";
import { StatusError } from "./status.ts";

export interface WriteResult {
  readonly code: number;
  readonly object: StoredObject;
}

/** Applies one writing request; throws the Status that the real server would answer with. */
export async function write(
  state: ApiState,
  resource: Resource,
  request: ApiRequest,
  incoming: IncomingMessage,
): Promise<WriteResult> {
  const body = request.verb === "delete" ? {} : await readJson(incoming);
  const key = keyOf(resource, request.namespace, request.name || (body.metadata?.name ?? ""));
  const existing = state.get(resource, key);
  if (request.verb === "create") {
    if (existing !== undefined)
      throw new StatusError(409, "AlreadyExists", `${resource.name} "${key}" already exists`);
    return { code: 201, object: state.put(located(body, resource, request)) };
  }
  if (existing === undefined) throw new StatusError(404, "NotFound", `${resource.name} "${key}" not found`);
  if (request.verb === "delete") return { code: 200, object: state.remove(resource, key) };
  refuseOldVersion(body, existing);
  const updated =
    request.verb === "patch"
      ? (mergePatch(existing.raw, body) as RawObject)
      : located(body, resource, request);
  return {
    code: 200,
    object: state.put(request.isStatus ? withStatusOf(updated, existing, request) : updated),
  };
}

function refuseOldVersion({ metadata }: RawObject, existing: StoredObject): void {
  const version = metadata?.resourceVersion;
  if (version === undefined || version === existing.raw.metadata?.resourceVersion) return;
  throw new StatusError(
    409,
    "Conflict",
    "the object has been modified; please apply your changes to the latest version",
  );
}

/** All of the object as it was but its status, and a note of who wrote a Service's ingress. */
function withStatusOf({ status }: RawObject, { raw }: StoredObject, { query }: ApiRequest): RawObject {
  const note = {
    manager: query.get("fieldManager") ?? "unknown",
    operation: "Update",
    subresource: "status",
    fieldsV1: { "f:status": { "f:loadBalancer": { "f:ingress": {} } } },
  };
  const managedFields = status?.loadBalancer?.ingress === undefined ? [] : [note];
  return { ...raw, status, metadata: { ...raw.metadata, managedFields } };
}

/** The path decides over kind and namespace. */
function located(body: RawObject, resource: Resource, request: ApiRequest): RawObject {
  if (body.metadata?.name === undefined)
    throw new StatusError(422, "Invalid", "metadata.name: Required value");
  const namespace = request.namespace === "" ? {} : { namespace: request.namespace };
  return { ...body, kind: resource.kind, metadata: { ...body.metadata, ...namespace } };
}

async function readJson(incoming: IncomingMessage): Promise<RawObject> {
  const type = incoming.headers["content-type"] ?? "";
  if (!type.includes("json") || type.includes("json-patch"))
    throw new StatusError(
      415,
      "UnsupportedMediaType",
      `only JSON and merge patches are read here, not ${type}`,
    );
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as RawObject;
  } catch (error) {
    throw new StatusError(400, "BadRequest", `the body is not JSON: ${(error as Error).message}`);
  }
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
