/** What `metadata` can tell of a query for the cluster: labels and values are CoreDNS's. */

import type { Pod } from "../../../cluster/objects.ts";
import type { Name } from "../../wire/name.ts";
import { parseZoneName } from "../../zone/zone-name.ts";
import type { ZoneOptions } from "../../zone/zone-query.ts";
import { isMulticlusterZone } from "../../zone/zone-query.ts";
import type { Metadata } from "../query.ts";

/** The Pod that asks. */
export function describeClient(pod: Pod, metadata: Metadata): void {
  metadata.set("kubernetes/client-namespace", () => pod.namespace);
  metadata.set("kubernetes/client-pod-name", () => pod.name);
  for (const [key, value] of Object.entries(pod.labels)) {
    metadata.set(`kubernetes/client-label/${key}`, () => value);
  }
}

/** What the name asks for; `name` is in lower case and in `zone`. */
export function describeName(options: ZoneOptions, name: Name, zone: Name, metadata: Metadata): void {
  const grammar = { isMulticluster: isMulticlusterZone(options, zone), isZonal: options.zonal === true };
  const parts = partsOf(name.slice(0, name.length - zone.length), grammar);
  if (parts === undefined) {
    metadata.set("kubernetes/parse-error", () => "invalid query name");
    return;
  }
  const { cluster = "", zone: topologyZone = "", ...others } = parts;
  for (const [key, value] of Object.entries({ ...noParts, ...others })) {
    metadata.set(`kubernetes/${key}`, () => value);
  }
  if (grammar.isMulticluster) metadata.set("kubernetes/cluster", () => cluster);
  if (grammar.isZonal) metadata.set("kubernetes/zone", () => topologyZone);
}

const noParts = { "port-name": "", protocol: "", endpoint: "", service: "", namespace: "", kind: "" };

type Parts = Partial<typeof noParts> & { readonly cluster?: string; readonly zone?: string };

/** Undefined for a name that neither is the zone's own nor ends in `svc` or `pod`. */
function partsOf(labels: readonly string[], grammar: Parameters<typeof parseZoneName>[1]): Parts | undefined {
  if (labels.length === 0) return {};
  const name = parseZoneName(labels, grammar);
  switch (name.kind) {
    case "service":
      return {
        "port-name": name.port?.name ?? "",
        protocol: name.port?.protocol ?? "",
        endpoint: name.endpoint ?? "",
        cluster: name.cluster ?? "",
        zone: name.topology?.zone ?? "",
        service: name.service,
        namespace: name.namespace,
        kind: "svc",
      };
    case "pod":
      return { service: name.label, namespace: name.namespace, kind: "pod" };
    case "namespace":
      return { namespace: name.namespace, kind: name.branch };
    case "branch":
      return labels[0] === "dns" ? undefined : {};
    default:
      return undefined;
  }
}
