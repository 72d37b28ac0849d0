/**
 * Objects as the API server sends them in Protocol Buffers, read into what they are in JSON. Numbers are those of
 * generated.proto in k8s.io/api (core/v1, discovery/v1) and k8s.io/apimachinery (meta/v1); left out is what no name is made
 * of, and who has written which field.
 */

import type { Kind } from "../objects.ts";
import type { RawObject } from "../raw-object.ts";
import { tolerateUnreadyAnnotation } from "../trim.ts";
import { sliceAnnotations, sliceLabels } from "../trim-endpoint-slice.ts";
import { EndpointRows } from "./endpoint-rows.ts";
import {
  type Cursor,
  delimited,
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

/** Reads an object that ends at `end`. */
export type ReadObject = (cursor: Cursor, end: number) => RawObject;

/** Undefined for kinds that are not asked for in this form. */
export function binaryReaderOf(kind: Kind): ReadObject | undefined {
  return readers[kind];
}

function objectMeta(labels: readonly string[], annotations: readonly string[]): Fields {
  return table({
    1: text("name"),
    3: text("namespace"),
    6: text("resourceVersion"),
    11: texted("labels", labels),
    12: texted("annotations", annotations),
  });
}

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
  2: message("selector", table({}), () => anySelector),
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

/** Which Pods are meant is of interest to others. */
const anySelector = { "": "" };

const ingress = table({ 1: text("ip"), 2: text("hostname"), 3: text("ipMode") });

function objectReader(fields: Fields): ReadObject {
  return (cursor, end) => readMessage(cursor, end, fields);
}

const rows = new EndpointRows();

const sliceFields = table({
  1: message("metadata", objectMeta(sliceLabels, sliceAnnotations)),
  2: delimited((cursor, end, { metadata }) => rows.read(cursor, end, namespaceIn(metadata))),
  3: messages("ports", table({ 1: text("name"), 2: text("protocol"), 3: whole("port") })),
  4: text("addressType"),
});

/** Undefined unless it has come before. */
function namespaceIn(metadata: unknown): string | undefined {
  return (metadata as RawObject["metadata"])?.namespace;
}

function readSlice(cursor: Cursor, end: number): RawObject {
  rows.clear();
  const slice = readMessage(cursor, end, sliceFields);
  slice.endpoints = rows.take();
  return slice;
}

const readers: { readonly [K in Kind]?: ReadObject } = {
  Namespace: objectReader(table({ 1: message("metadata", objectMeta([], [])) })),
  Service: objectReader(
    table({
      1: message("metadata", objectMeta([], [tolerateUnreadyAnnotation])),
      2: message("spec", serviceSpec),
      3: message("status", table({ 1: message("loadBalancer", table({ 1: messages("ingress", ingress) })) })),
    }),
  ),
  EndpointSlice: readSlice,
};
