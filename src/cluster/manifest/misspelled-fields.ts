/** Fields that the API server would not know, and that are nearly spelt like one it knows. */

import { distance } from "fastest-levenshtein";
import type { FieldPath } from "./desired.ts";
import { type Finding, finding, type Place } from "./finding.ts";

/** Kubernetes API v1 ServiceSpec. */
const serviceFields = [
  "allocateLoadBalancerNodePorts",
  "clusterIP",
  "clusterIPs",
  "externalIPs",
  "externalName",
  "externalTrafficPolicy",
  "healthCheckNodePort",
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "loadBalancerClass",
  "loadBalancerIP",
  "loadBalancerSourceRanges",
  "ports",
  "publishNotReadyAddresses",
  "selector",
  "sessionAffinity",
  "sessionAffinityConfig",
  "trafficDistribution",
  "type",
];

/** Kubernetes API v1 ServicePort. */
const portFields = ["appProtocol", "name", "nodePort", "port", "protocol", "targetPort"];

/** Two slips of the keyboard, or one pair of letters the wrong way round. */
const mostEdits = 2;

/** Of a v1 Service; of other objects nothing is said. */
export function misspelledFields(object: unknown, locate: (path: FieldPath) => Place): Finding[] {
  const { kind, apiVersion, metadata, spec } = asMapping(object) as Partial<
    Record<"kind" | "apiVersion" | "metadata" | "spec", unknown>
  >;
  if (kind !== "Service" || apiVersion !== "v1") return [];
  const name = `Service ${String((metadata as { name?: unknown } | undefined)?.name ?? "")}`.trimEnd();
  const { ports } = asMapping(spec) as { readonly ports?: unknown };
  return [
    ...inMapping(spec, ["spec"], serviceFields),
    ...(Array.isArray(ports) ? ports : []).flatMap((port, index) =>
      inMapping(port, ["spec", "ports", index], portFields),
    ),
  ].map(({ path, field, meant }) => {
    const message = `${name}: there is no field ${field}; did you mean ${meant}?`;
    return finding("MANIFEST_FIELD_UNKNOWN", locate(path), message, `write ${meant}, or remove ${field}`);
  });
}

function asMapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function inMapping(value: unknown, path: FieldPath, known: readonly string[]) {
  return Object.keys(asMapping(value)).flatMap(field => {
    if (known.includes(field)) return [];
    const meant = nearest(field, known);
    return meant === undefined ? [] : [{ path: [...path, field], field, meant }];
  });
}

function nearest(field: string, known: readonly string[]): string | undefined {
  const lower = field.toLowerCase();
  const distances = known.map(name => [name, distance(lower, name.toLowerCase())] as const);
  const [closest] = distances.sort(([, a], [, b]) => a - b);
  // A short name is two edits away from anything.
  return closest !== undefined && closest[1] <= Math.min(mostEdits, field.length - 2)
    ? closest[0]
    : undefined;
}
