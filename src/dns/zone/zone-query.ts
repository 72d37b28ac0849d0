/** One question put to the zone, and what the parts of the zone say to it. */

import type { EndpointSlice, Kind } from "../../cluster/objects.ts";
import type { Cluster } from "../../cluster/store.ts";
import type { Name } from "../wire/name.ts";
import { isSubdomain } from "../wire/name.ts";
import type { RecordData, ResourceRecord } from "../wire/record.ts";
import { classCodes } from "../wire/record.ts";
import type { Reason } from "./reason.ts";
import { because } from "./reason.ts";

export interface ZoneOptions {
  /** Zones served, lower case: cluster domains and reverse zones. The first cluster domain is the one PTR records name. */
  readonly zones: readonly Name[];
  /** Pod names: never, for any address of an existing namespace, or for addresses of known Pods only. */
  readonly pods: "disabled" | "insecure" | "verified";
  /** TTL of every record but the schema version's. */
  readonly ttlSeconds: number;
  /** Namespaces answered for; undefined means all. */
  readonly namespaces?: ReadonlySet<string>;
  /** Name endpoints without a hostname after their target, usually the Pod, rather than after their address. */
  readonly endpointPodNames?: boolean;
  /** Deny ClusterIP Services that have no ready endpoint. */
  readonly ignoreEmptyService?: boolean;
  /** Leave out whatever is made from EndpointSlices: headless Services, names of endpoints, their PTR records. */
  readonly noEndpoints?: boolean;
  /** Answer `<topology zone>.pin._zone.<headless Service>…` and `….prefer._zone.…`. */
  readonly zonal?: boolean;
  /** Those of `zones` (and below) that hold ServiceImports instead of Services (KEP-1645). */
  readonly multiclusterZones?: readonly Name[];
  /** Addresses this server can be reached at from Pods: NS records and their glue are made from them. */
  readonly serverAddresses: () => readonly string[];
}

export interface ZoneQuery {
  readonly cluster: Cluster;
  readonly options: ZoneOptions;
  /** The name as asked: records echo its letter case (RFC 1035 §2.3.3, and clients that mix case on purpose). */
  readonly name: Name;
  readonly type: number;
  /** The zone, cut from `name`, so in the client's letter case. */
  readonly zone: Name;
  /** Labels left of the zone, lower case. */
  readonly labels: readonly string[];
  /** The zone holds ServiceImports, not Services. */
  readonly isMulticluster: boolean;
  /** Names already passed on the way of CNAME records to this one, lower case. */
  readonly trail: readonly string[];
  /** Asks the zones about another name, in the same type; undefined when the name is in none of them. */
  readonly askZones: (target: Name, trail: readonly string[]) => NextAnswer | undefined;
}

interface NextAnswer {
  readonly outcome: Outcome;
  readonly isSameZone: boolean;
}

/**
 * `records`: there are some. `no-data`: the name exists, not in this type. `no-name`: the name does not exist, as far as
 * is known. `not-synced`: too little is known to say. `refused`: not for this server to say.
 */
export type Outcome =
  | {
      readonly kind: "records";
      readonly answers: readonly ResourceRecord[];
      readonly additionals: readonly ResourceRecord[];
      /** Where the last CNAME leads, when no zone has an answer to add. */
      readonly aliasTarget?: Name | undefined;
    }
  | Unanswered;

interface Unanswered {
  readonly kind: "no-data" | "no-name" | "not-synced" | "refused";
  readonly reason: Reason;
}

export function records(
  answers: readonly ResourceRecord[],
  additionals: readonly ResourceRecord[] = [],
): Outcome {
  return { kind: "records", answers, additionals };
}

export function noData(reason: Reason): Outcome {
  return { kind: "no-data", reason };
}

export function noName(reason: Reason): Outcome {
  return { kind: "no-name", reason };
}

/** A record of class IN with the zone's TTL. */
export function recordOf(query: ZoneQuery, name: Name, data: RecordData): ResourceRecord {
  return { name, class: classCodes.IN, ttlSeconds: query.options.ttlSeconds, data };
}

/** Whether names in this namespace exist: it is known, and not excluded by the options. */
export function isExposed(query: ZoneQuery, namespace: string): boolean {
  const { namespaces } = query.options;
  if (namespaces !== undefined && !namespaces.has(namespace)) return false;
  return query.cluster.namespace(namespace) !== undefined;
}

/** Slices of a Service, unless endpoints are switched off. */
export function slicesOf(query: ZoneQuery, namespace: string, service: string): Iterable<EndpointSlice> {
  return query.options.noEndpoints === true ? [] : query.cluster.slicesOf(namespace, service);
}

/** Slices that list an address, unless endpoints are switched off. */
export function slicesAt(query: ZoneQuery, address: string): Iterable<EndpointSlice> {
  return query.options.noEndpoints === true ? [] : query.cluster.slicesAt(address);
}

export function isMulticlusterZone({ multiclusterZones = [] }: ZoneOptions, zone: Name): boolean {
  return multiclusterZones.some(multicluster => isSubdomain(zone, multicluster));
}

type KindOptions = Pick<ZoneOptions, "pods" | "noEndpoints" | "multiclusterZones">;

/** Kinds that the zones are made from. */
export function kindsNeeded(options: KindOptions): readonly Kind[] {
  const { multiclusterZones = [] } = options;
  const multicluster = multiclusterZones.length === 0 ? [] : kindsOf(options, true);
  return [...new Set([...kindsOf(options, false), ...multicluster])];
}

/** Kinds that must be known before a name in a zone of one sort can be denied. */
function kindsOf(options: KindOptions, isMulticluster: boolean): readonly Kind[] {
  const kinds: Kind[] = ["Namespace", isMulticluster ? "ServiceImport" : "Service"];
  if (isMulticluster || options.noEndpoints !== true) kinds.push("EndpointSlice");
  if (options.pods === "verified") kinds.push("Pod");
  return kinds;
}

/** What a denial would have to be while something is still unknown; undefined when nothing is. */
export function notSynced(query: ZoneQuery): Unanswered | undefined {
  const kinds = kindsOf(query.options, query.isMulticluster);
  const waitingFor = kinds.filter(kind => !query.cluster.isSynced(kind));
  if (waitingFor.length === 0) return undefined;
  const text = `still loading from the Kubernetes API: ${waitingFor.join(", ")}`;
  return { kind: "not-synced", reason: because("not-synced", text) };
}
