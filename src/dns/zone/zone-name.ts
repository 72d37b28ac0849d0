/**
 * The name grammar of the cluster zone: labels left of the zone → what they ask for.
 *
 * Kubernetes DNS specification 1.1.0 §2, and CoreDNS where the specification is silent: pod names, optional
 * underscores, endpoint names under any Service.
 */

/** A Service, one of its ports or one of its endpoints; `port` and `endpoint` never occur together. */
export interface ServiceName {
  readonly kind: "service";
  readonly namespace: string;
  readonly service: string;
  /** `_port._proto` without underscores; an empty string matches any. */
  readonly port: { readonly name: string; readonly protocol: string } | undefined;
  readonly endpoint: string | undefined;
}

export type ZoneName =
  | ServiceName
  /** `svc`, `pod`, `dns`: nothing of their own, names beneath. */
  | { readonly kind: "branch" }
  | { readonly kind: "namespace"; readonly namespace: string; readonly branch: "svc" | "pod" }
  | { readonly kind: "pod"; readonly namespace: string; readonly label: string }
  | { readonly kind: "dns-version" }
  | { readonly kind: "name-server" }
  | { readonly kind: "unknown" };

/**
 * Reads the labels left of the zone, lower case, at least one. Wildcards were removed from CoreDNS in 1.9 and never
 * were in the specification: `*` is a label like any other.
 */
export function parseZoneName(labels: readonly string[]): ZoneName {
  const branch = labels.at(-1);
  if (branch !== "svc" && branch !== "pod") return parseServerName(labels);
  const namespace = labels.at(-2);
  if (namespace === undefined) return { kind: "branch" };
  const service = labels.at(-3);
  if (service === undefined) return { kind: "namespace", namespace, branch };
  if (labels.length > 5) return { kind: "unknown" };
  if (branch === "pod") return { kind: "pod", namespace, label: service };
  return {
    kind: "service",
    namespace,
    service,
    port:
      labels.length === 5
        ? { name: withoutUnderscore(labels[0]), protocol: withoutUnderscore(labels[1]) }
        : undefined,
    endpoint: labels.length === 4 ? labels[0] : undefined,
  };
}

function parseServerName(labels: readonly string[]): ZoneName {
  switch (labels.join(".")) {
    case "dns-version":
      return { kind: "dns-version" };
    case "ns.dns":
      return { kind: "name-server" };
    case "dns":
      return { kind: "branch" };
    default:
      return { kind: "unknown" };
  }
}

function withoutUnderscore(label = ""): string {
  return label.startsWith("_") ? label.slice(1) : label;
}
