/**
 * The name grammar of the cluster zone: labels left of the zone → what they ask for.
 *
 * Kubernetes DNS specification 1.1.0 §2, and CoreDNS where the specification is silent: pod names, optional
 * underscores, endpoint names under any Service.
 */

/**
 * A Service or a ServiceImport, one of its ports, one of its endpoints or those in one topology zone; `port`,
 * `endpoint` and `topology` never occur together.
 */
export interface ServiceName {
  readonly kind: "service";
  readonly namespace: string;
  readonly service: string;
  /** `_port._proto` without underscores; an empty string matches any. */
  readonly port: { readonly name: string; readonly protocol: string } | undefined;
  readonly endpoint: string | undefined;
  /** The cluster `endpoint` is in, in multicluster zones. */
  readonly cluster: string | undefined;
  readonly topology: TopologyChoice | undefined;
}

/** `<zone>.pin._zone` or `<zone>.prefer._zone`: CoreDNS's `zonal`. */
interface TopologyChoice {
  /** May contain dots. */
  readonly zone: string;
  /** Without an endpoint in the zone: all of them rather than none. */
  readonly fallsBack: boolean;
}

/** Which words beyond the plain grammar a zone understands. */
export interface Grammar {
  readonly isMulticluster: boolean;
  readonly isZonal: boolean;
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
export function parseZoneName(labels: readonly string[], grammar: Grammar): ZoneName {
  const branch = labels.at(-1);
  if (branch !== "svc" && branch !== "pod") return parseServerName(labels);
  const namespace = labels.at(-2);
  if (namespace === undefined) return { kind: "branch" };
  const service = labels.at(-3);
  if (service === undefined) return { kind: "namespace", namespace, branch };
  if (branch === "pod") {
    return labels.length > 5 ? { kind: "unknown" } : { kind: "pod", namespace, label: service };
  }
  const part = parsePart(labels.slice(0, -3), grammar);
  return part === undefined ? { kind: "unknown" } : { kind: "service", namespace, service, ...part };
}

type ServicePart = Pick<ServiceName, "port" | "endpoint" | "cluster" | "topology">;

const whole: ServicePart = { port: undefined, endpoint: undefined, cluster: undefined, topology: undefined };

/** What is left of the Service; undefined for too much of it. */
function parsePart(labels: readonly string[], grammar: Grammar): ServicePart | undefined {
  const [first = "", second = ""] = labels;
  switch (labels.length) {
    case 0:
      return whole;
    case 1:
      return { ...whole, endpoint: first };
    case 2:
      if (grammar.isMulticluster && !first.startsWith("_") && !second.startsWith("_")) {
        return { ...whole, endpoint: first, cluster: second };
      }
      return { ...whole, port: { name: withoutUnderscore(first), protocol: withoutUnderscore(second) } };
    default:
      return grammar.isZonal && !grammar.isMulticluster ? parseTopology(labels) : undefined;
  }
}

function parseTopology(labels: readonly string[]): ServicePart | undefined {
  const directive = labels.at(-2) ?? "";
  if (labels.at(-1) !== zonalAnchor || !zonalDirectives.includes(directive)) return undefined;
  const topology = { zone: labels.slice(0, -2).join("."), fallsBack: directive === "prefer" };
  return { ...whole, topology };
}

/** Part of a name with topology zones beneath it, left of the Service: `_zone`, `pin._zone`, `prefer._zone`. */
export function isZonalBranch(labels: readonly string[]): boolean {
  const [directive = "pin", ...others] = labels.slice(0, -1);
  return labels.at(-1) === zonalAnchor && others.length === 0 && zonalDirectives.includes(directive);
}

/** An underscore, so that it can be no endpoint; no port has the protocol "zone". */
const zonalAnchor = "_zone";
const zonalDirectives: readonly string[] = ["pin", "prefer"];

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

function withoutUnderscore(label: string): string {
  return label.startsWith("_") ? label.slice(1) : label;
}
