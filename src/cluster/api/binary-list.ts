/**
 * Lists as the API server sends them in Protocol Buffers: a third of the size of JSON, and of no use is made before it is
 * read. Numbers are those of generated.proto in k8s.io/api (core/v1, discovery/v1) and k8s.io/apimachinery (meta/v1,
 * runtime); left out is what no name is made of, and who has written which field.
 */

import type { Kind } from "../objects.ts";
import type { RawObject } from "../raw-object.ts";
import {
  type Cursor,
  type Fields,
  flag,
  message,
  messages,
  readMessage,
  table,
  text,
  texted,
  texts,
  whole,
} from "./protobuf.ts";

export const binaryType = "application/vnd.kubernetes.protobuf";

const magic = Buffer.from("k8s\0", "latin1");

const time = table({ 1: whole("seconds") });

const objectMeta = table({
  1: text("name"),
  3: text("namespace"),
  6: text("resourceVersion"),
  8: message("creationTimestamp", time, isoTime),
  9: message("deletionTimestamp", time, isoTime),
  11: texted("labels"),
  12: texted("annotations"),
});

const intOrString = table({ 1: whole("type"), 2: whole("intVal"), 3: text("strVal") });

const serviceSpec = table({
  1: messages(
    "ports",
    table({
      1: text("name"),
      2: text("protocol"),
      3: whole("port"),
      4: message("targetPort", intOrString, ({ type, intVal, strVal }) => (type === 1 ? strVal : intVal)),
      5: whole("nodePort"),
    }),
  ),
  2: texted("selector"),
  3: text("clusterIP"),
  4: text("type"),
  5: texts("externalIPs"),
  7: text("sessionAffinity"),
  8: text("loadBalancerIP"),
  9: texts("loadBalancerSourceRanges"),
  10: text("externalName"),
  11: text("externalTrafficPolicy"),
  12: whole("healthCheckNodePort"),
  13: flag("publishNotReadyAddresses"),
  14: message(
    "sessionAffinityConfig",
    table({ 1: message("clientIP", table({ 1: whole("timeoutSeconds") })) }),
  ),
  17: text("ipFamilyPolicy"),
  18: texts("clusterIPs"),
  19: texts("ipFamilies"),
  21: text("loadBalancerClass"),
  22: text("internalTrafficPolicy"),
});

const ingress = table({ 1: text("ip"), 2: text("hostname"), 3: text("ipMode") });

const endpoint = table({
  1: texts("addresses"),
  2: message("conditions", table({ 1: flag("ready"), 2: flag("serving"), 3: flag("terminating") })),
  3: text("hostname"),
  4: message("targetRef", table({ 1: text("kind"), 2: text("namespace"), 3: text("name") })),
  7: text("zone"),
});

const objects: { readonly [K in Kind]?: Fields } = {
  Namespace: table({ 1: message("metadata", objectMeta) }),
  Service: table({
    1: message("metadata", objectMeta),
    2: message("spec", serviceSpec),
    3: message("status", table({ 1: message("loadBalancer", table({ 1: messages("ingress", ingress) })) })),
  }),
  EndpointSlice: table({
    1: message("metadata", objectMeta),
    2: messages("endpoints", endpoint),
    3: messages("ports", table({ 1: text("name"), 2: text("protocol"), 3: whole("port") })),
    4: text("addressType"),
  }),
};

const listMeta = table({ 2: text("resourceVersion"), 3: text("continue") });

const cause = table({ 1: text("reason") });

const status = table({
  3: text("message"),
  4: text("reason"),
  5: message("details", table({ 4: messages("causes", cause) })),
  6: whole("code"),
});

/** Whether objects of the kind can be asked for in this form. */
export function isBinaryKind(kind: Kind): boolean {
  return objects[kind] !== undefined;
}

/** A list as it would be in JSON. Throws for anything else. */
export function readBinaryList(
  octets: Buffer,
  kind: Kind,
): { metadata: object; items: readonly RawObject[] } {
  const list = table({ 1: message("metadata", listMeta), 2: messages("items", objects[kind] ?? []) });
  const { metadata = {}, items = [] } = readContent(octets, list);
  return { metadata: metadata as object, items: items as readonly RawObject[] };
}

/** A Status as it would be in JSON. Throws for anything else. */
export function readBinaryStatus(octets: Buffer): object {
  return readContent(octets, status);
}

/** What is inside of the envelope (`Unknown` of the runtime's). */
function readContent(octets: Buffer, content: Fields): Record<string, unknown> {
  if (!octets.subarray(0, magic.length).equals(magic)) throw new Error("the answer is in no known form");
  const cursor: Cursor = { octets, at: magic.length };
  const { raw = {} } = readMessage(cursor, octets.length, table({ 2: message("raw", content) }));
  return raw as Record<string, unknown>;
}

function isoTime({ seconds }: Record<string, unknown>): string {
  return new Date(Number(seconds ?? 0) * 1000).toISOString();
}
