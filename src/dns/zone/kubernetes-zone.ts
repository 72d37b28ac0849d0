/**
 * What the cluster means in DNS: (cluster, question) → answer and reason. Pure: the same cluster gives the same
 * answer, nothing is kept.
 *
 * Kubernetes DNS specification 1.1.0, all sections; CoreDNS's `kubernetes` plugin where the specification is silent.
 * One rule is stricter than CoreDNS: a name that has any record, or any name beneath it, is never NXDOMAIN (RFC 8020
 * §2), whatever the type asked for. Caches that cut at a denied name would otherwise lose the names below it. Only
 * parts of reverse names (`96.10.in-addr.arpa.`) are denied as CoreDNS denies them: they are mostly other people's.
 */

import type { Cluster } from "../../cluster/store.ts";
import { addressOfReverseName } from "../wire/address.ts";
import type { Question } from "../wire/message.ts";
import { rcodes } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { isSubdomain, lowerName } from "../wire/name.ts";
import type { RecordData, ResourceRecord } from "../wire/record.ts";
import { typeCodes } from "../wire/record.ts";
import { answerApex, answerSchemaVersion, answerServerAddresses, startOfAuthority } from "./apex-records.ts";
import { answerPod } from "./pod-records.ts";
import type { Reason } from "./reason.ts";
import { because } from "./reason.ts";
import { answerReverse } from "./reverse-records.ts";
import { answerService } from "./service-records.ts";
import type { ZoneName } from "./zone-name.ts";
import { parseZoneName } from "./zone-name.ts";
import type { Outcome, ZoneOptions, ZoneQuery } from "./zone-query.ts";
import { isExposed, isMulticlusterZone, noData, noName, notSynced } from "./zone-query.ts";

export interface ZoneAnswer {
  /** The zone that answered, lower case: what metrics and logs group by. */
  readonly zone: Name;
  readonly rcode: number;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  /** Why `answers` is empty; undefined when it is not. */
  readonly reason: Reason | undefined;
  /** No such name is known: what the next plugin may be asked for, synced or not. */
  readonly isNameError: boolean;
  /** Where the last of `answers`, a CNAME, leads, when none of the zones has an answer to add. */
  readonly aliasTarget: Name | undefined;
}

/** Answers a question of class IN; undefined when the name is in none of the zones. */
export function answerQuestion(
  cluster: Cluster,
  options: ZoneOptions,
  question: Question,
): ZoneAnswer | undefined {
  const zone = zoneOf(options.zones, question.name);
  if (zone === undefined) return undefined;
  const query = queryFor(cluster, options, question.type, question.name, zone, []);
  return complete(query, zone, resolve(query));
}

/**
 * Whether another spelling of the same question has the same answer with its own spelling in every name. Not so for
 * names that do not come from the question and may yet be spelled like a part of it.
 */
export function followsSpelling({ name }: Question, { zone, answers, additionals }: ZoneAnswer): boolean {
  const [closest = ""] = lowerName(name.slice(-zone.length - 1));
  // Within the zone, what is below these may share more of its name with the SOA's names than the zone.
  if (name.length > zone.length && (closest === "dns" || closest === "hostmaster")) return false;
  const isOfQuestion = ({ name: owner, data }: ResourceRecord) => owner === name && isApart(data, name);
  return additionals.length === 0 && answers.every(isOfQuestion);
}

/** Whether no name in the data ends like this one. */
function isApart(data: RecordData, name: Name): boolean {
  switch (data.type) {
    case "A":
    case "AAAA":
    case "TXT":
      return true;
    case "PTR":
      return !isSubdomain(data.target, name.slice(-1));
    default:
      return false;
  }
}

/** The longest zone that holds the name; undefined when none does. */
export function zoneOf(zones: readonly Name[], name: Name): Name | undefined {
  let longest: Name | undefined;
  for (const zone of zones) {
    if (zone.length >= (longest?.length ?? 0) && isSubdomain(name, zone)) longest = zone;
  }
  return longest;
}

function queryFor(
  cluster: Cluster,
  options: ZoneOptions,
  type: number,
  name: Name,
  zone: Name,
  trail: readonly string[],
): ZoneQuery {
  const labelCount = name.length - zone.length;
  return {
    cluster,
    options,
    name,
    type,
    zone: name.slice(labelCount),
    labels: lowerName(name).slice(0, labelCount),
    isMulticluster: isMulticlusterZone(options, zone),
    trail,
    askZones: (target, nextTrail) => {
      const targetZone = zoneOf(options.zones, target);
      if (targetZone === undefined) return undefined;
      const next = queryFor(cluster, options, type, target, targetZone, nextTrail);
      const outcome = resolve(next);
      const isSameZone = targetZone === zone;
      return { outcome: outcome.kind === "no-name" ? (notSynced(next) ?? outcome) : outcome, isSameZone };
    },
  };
}

function resolve(query: ZoneQuery): Outcome {
  if (query.type === typeCodes.AXFR || query.type === typeCodes.IXFR) {
    return { kind: "refused", reason: because("transfer-refused", "zone transfers are not allowed") };
  }
  if (query.labels.length === 0) return answerApex(query);
  const outcome = resolveBelowApex(query);
  // CoreDNS: a SOA question below the apex is always NODATA, the SOA beside it names the zone.
  return query.type === typeCodes.SOA && outcome.kind === "no-name" ? noData(outcome.reason) : outcome;
}

function resolveBelowApex(query: ZoneQuery): Outcome {
  const address = addressOfReverseName(query.name);
  if (address !== undefined) return answerReverse(query, address, primaryZone(query.options));
  const name = parseZoneName(query.labels, {
    isMulticluster: query.isMulticluster,
    isZonal: query.options.zonal === true,
  });
  if (isReverse(query.zone) && isOfCluster(name)) {
    return noName(because("unknown-name", "a reverse zone holds whole addresses only"));
  }
  switch (name.kind) {
    case "service":
      return answerService(query, name);
    case "pod":
      return answerPod(query, name.namespace, name.label);
    case "namespace":
      return answerNamespace(query, name.namespace, name.branch);
    case "branch":
      return noData(because("no-such-type", "the name only has names beneath it"));
    case "dns-version":
      return answerSchemaVersion(query);
    case "name-server":
      return answerServerAddresses(query);
    case "unknown":
      return noName(whyUnknown(query));
  }
}

function answerNamespace(query: ZoneQuery, namespace: string, branch: "svc" | "pod"): Outcome {
  if (branch === "pod" && query.options.pods === "disabled") {
    return noName(because("pods-disabled", "names of Pods are switched off"));
  }
  if (!isExposed(query, namespace)) {
    return noName(because("no-such-namespace", `there is no namespace ${namespace}`));
  }
  return noData(because("no-such-type", "the name only has names beneath it"));
}

/** Names of this kind live in cluster domains; the zone's names for itself are in every zone. */
function isOfCluster({ kind }: ZoneName): boolean {
  return kind === "service" || kind === "pod" || kind === "namespace" || kind === "unknown";
}

/** Two labels or more that end in neither `svc` nor `pod` are what a search list makes of an outside name. */
function whyUnknown(query: ZoneQuery): Reason {
  if (query.labels.length === 1) return because("unknown-name", "names end in .svc or .pod before the zone");
  return because("search-path-miss", "not a name of this zone; a longer name with a search domain appended?");
}

function isReverse(zone: Name): boolean {
  if (zone.at(-1)?.length !== "arpa".length) return false;
  const suffix = lowerName(zone.slice(-2)).join(".");
  return suffix === "in-addr.arpa" || suffix === "ip6.arpa";
}

/** The zone PTR records point into: the first that is not a reverse zone. */
function primaryZone(options: ZoneOptions): Name {
  return options.zones.find(zone => !isReverse(zone)) ?? [];
}

/** Outcome → sections: RFC 2308 for denials, SERVFAIL in their place while not everything is known. */
function complete(query: ZoneQuery, zone: Name, outcome: Outcome): ZoneAnswer {
  const isNameError = outcome.kind === "no-name";
  const said = isNameError ? (notSynced(query) ?? outcome) : outcome;
  if (said.kind === "records") {
    const { answers, additionals, aliasTarget } = said;
    const none = { authorities: [], reason: undefined, isNameError };
    return { ...none, zone, rcode: rcodes.NOERROR, answers, additionals, aliasTarget };
  }
  const { reason } = said;
  const authorities = said.kind === "refused" ? [] : [startOfAuthority(query)];
  const none = { answers: [], additionals: [], aliasTarget: undefined };
  return { ...none, zone, rcode: rcodeOf[said.kind], authorities, reason, isNameError };
}

const rcodeOf = {
  "no-data": rcodes.NOERROR,
  "no-name": rcodes.NXDOMAIN,
  "not-synced": rcodes.SERVFAIL,
  refused: rcodes.REFUSED,
} as const;
