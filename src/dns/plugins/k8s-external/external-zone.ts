/** What the zones of `k8s_external` answer: (cluster, question) → records. Pure; host names outside are left to follow. */

import { familyOf } from "../../../cluster/objects.ts";
import { addressOfReverseName } from "../../wire/address.ts";
import { type Question, rcodes } from "../../wire/message.ts";
import { isSameName, isSubdomain, lowerName, type Name, parseName } from "../../wire/name.ts";
import { classCodes, type RecordData, type ResourceRecord, typeCodes } from "../../wire/record.ts";
import { WireError } from "../../wire/wire-error.ts";
import { because, type Reason } from "../../zone/reason.ts";
import { kindsNeeded } from "../../zone/zone-query.ts";
import {
  type ExternalEntry,
  type ExternalOptions,
  externalHosts,
  findExternal,
  isAddress,
  servicesAtExternalAddress,
} from "./external-services.ts";

export interface ExternalZoneOptions extends ExternalOptions {
  /** Lower case; PTR records point into the first. */
  readonly zones: readonly Name[];
  /** Labels of the branch that holds the zone's name server. */
  readonly apex: Name;
  readonly ttlSeconds: number;
}

export interface ExternalAnswer {
  readonly rcode: number;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  /** Host names whose addresses belong behind the answers (a CNAME's) or among the additional records (an SRV's). */
  readonly follow: readonly Question[];
  readonly reason: Reason | undefined;
  /** The name does not exist, as far as is known: fallthrough may pass it on. */
  readonly isNameError: boolean;
}

interface ExternalQuery {
  readonly options: ExternalZoneOptions;
  readonly name: Name;
  readonly type: number;
  /** Cut from `name`, so in the client's letter case. */
  readonly zone: Name;
  /** Left of the zone, lower case. */
  readonly labels: readonly string[];
}

/** Undefined for a name in none of the zones. */
export function answerExternal(
  options: ExternalZoneOptions,
  { name, type }: Question,
): ExternalAnswer | undefined {
  const zones = options.zones.filter(one => isSubdomain(name, one));
  if (zones.length === 0) return undefined;
  const labelCount = name.length - Math.max(...zones.map(one => one.length));
  const labels = lowerName(name).slice(0, labelCount);
  const query = { options, name, type, zone: name.slice(labelCount), labels };
  if (labelCount === 0) return answerApex(query);
  if (isSubdomain(labels, options.apex)) return answerServer(query);
  const address = addressOfReverseName(name);
  return address === undefined ? answerName(query) : answerReverse(query, address);
}

export function externalAuthority(options: ExternalZoneOptions, zone: Name): ResourceRecord {
  const { apex, cluster, ttlSeconds } = options;
  return record(options, zone, {
    type: "SOA",
    primary: ["ns1", ...apex, ...zone],
    mailbox: ["hostmaster", ...apex, ...zone],
    serial: cluster.serialOf("external"),
    refreshSeconds: 7200,
    retrySeconds: 1800,
    expireSeconds: 86_400,
    minimumSeconds: ttlSeconds,
  });
}

function record({ ttlSeconds }: ExternalZoneOptions, name: Name, data: RecordData): ResourceRecord {
  return { name, class: classCodes.IN, ttlSeconds, data };
}

const nothing = {
  answers: [],
  authorities: [],
  additionals: [],
  follow: [],
  reason: undefined,
  isNameError: false,
};

function positive(answers: readonly ResourceRecord[], more: Partial<ExternalAnswer> = {}): ExternalAnswer {
  return { ...nothing, rcode: rcodes.NOERROR, answers, ...more };
}

function noData({ options, zone }: ExternalQuery, text: string): ExternalAnswer {
  const reason = because("no-such-type", text);
  return { ...nothing, rcode: rcodes.NOERROR, authorities: [externalAuthority(options, zone)], reason };
}

/** While Services are still being loaded nothing can be denied. */
function noName({ options, zone }: ExternalQuery, reason: Reason): ExternalAnswer {
  const { cluster, zoneOptions } = options;
  const isSynced = kindsNeeded(zoneOptions).every(kind => cluster.isSynced(kind));
  return {
    ...nothing,
    rcode: isSynced ? rcodes.NXDOMAIN : rcodes.SERVFAIL,
    authorities: [externalAuthority(options, zone)],
    reason: isSynced ? reason : because("not-synced", "still loading from the Kubernetes API"),
    isNameError: true,
  };
}

function answerApex(query: ExternalQuery): ExternalAnswer {
  const { options, zone, type } = query;
  if (type === typeCodes.SOA) return positive([externalAuthority(options, zone)]);
  if (type !== typeCodes.NS) return noData(query, "the zone's own name has SOA and NS records only");
  const target = ["ns1", ...options.apex, ...zone];
  return positive([record(options, zone, { type: "NS", target })], {
    additionals: serverAddresses(options, target),
  });
}

/** The branch of the zone's name server: `ns1` and nothing else. */
function answerServer(query: ExternalQuery): ExternalAnswer {
  const { options, labels, name, type } = query;
  if (isSameName(labels, options.apex)) return noData(query, "the name only has names beneath it");
  if (!isSameName(labels, ["ns1", ...options.apex])) {
    return { ...noName(query, because("unknown-name", "only ns1 is here")), isNameError: false };
  }
  const answers = serverAddresses(options, name).filter(
    one => one.data.type !== "unknown" && typeCodes[one.data.type] === type,
  );
  return answers.length > 0 ? positive(answers) : noData(query, "the name server has no such record");
}

/** External addresses of the Services in front of this server; its own when there are none in front. */
function serverAddresses(options: ExternalZoneOptions, name: Name): readonly ResourceRecord[] {
  const { cluster, zoneOptions, headless } = options;
  const own = zoneOptions.serverAddresses();
  const slices = own.flatMap(address => [...cluster.slicesAt(address)]);
  const addresses = slices.flatMap(slice => {
    const service = cluster.service(slice.namespace, slice.serviceName);
    if (service === undefined) return [];
    if (!headless || !service.isHeadless) return externalHosts(service);
    return slice.endpoints.filter(({ isReady }) => isReady).flatMap(endpoint => endpoint.addresses);
  });
  const chosen = new Set(slices.length > 0 ? addresses : own);
  return [...chosen].filter(isAddress).map(address => record(options, name, addressData(address)));
}

/** Specification 1.1.0 has no such names; the form is that of cluster IPs, into the first zone. */
function answerReverse(query: ExternalQuery, address: string): ExternalAnswer {
  const { options, name, type } = query;
  const services = servicesAtExternalAddress(options, address);
  if (services.length === 0) {
    return noName(query, because("no-such-address", `${address} is no Service's external address`));
  }
  if (type !== typeCodes.PTR) return noData(query, "the name exists, with PTR records only");
  const [zone = []] = options.zones;
  return positive(
    services.map(service =>
      record(options, name, { type: "PTR", target: [service.name, service.namespace, ...zone] }),
    ),
  );
}

function answerName(query: ExternalQuery): ExternalAnswer {
  const found = findExternal(query.options, query.labels);
  if (found.kind !== "entries") {
    return found.kind === "no-name" ? noName(query, found.reason) : noData(query, found.reason.text);
  }
  if (query.type === typeCodes.SRV) return answerServers(query, found.entries);
  const isAlias = !found.entries.some(({ host }) => isAddress(host));
  if (isAlias) return answerAlias(query, found.entries);
  const answers = addressRecords(query.options, query.name, found.entries);
  const ofType = answers.filter(({ data }) => data.type !== "unknown" && typeCodes[data.type] === query.type);
  return ofType.length > 0
    ? positive(ofType)
    : noData(query, "the name exists, without records of this type");
}

/** Each address once. */
function addressRecords(
  options: ExternalZoneOptions,
  name: Name,
  entries: readonly ExternalEntry[],
): readonly ResourceRecord[] {
  const addresses = new Set(entries.map(({ host }) => host).filter(isAddress));
  return [...addresses].map(address => record(options, name, addressData(address)));
}

/** Only load balancers with host names: a name has one CNAME at most (RFC 1034 §3.6.2), so the first counts. */
function answerAlias(query: ExternalQuery, entries: readonly ExternalEntry[]): ExternalAnswer {
  const { options, name, type } = query;
  const target = entries.map(({ host }) => parseHost(host)).find(one => one !== undefined);
  if (target === undefined) return noData(query, "the load balancer's host name is no domain name");
  const alias = record(options, name, { type: "CNAME", target });
  if (type === typeCodes.CNAME) return positive([alias]);
  if (type !== typeCodes.A && type !== typeCodes.AAAA)
    return noData(query, "the name is an alias, for addresses only");
  return positive([alias], { follow: [{ name: target, type, class: classCodes.IN }] });
}

/** RFC 2782; weights as in the cluster's own zone: a hundred shared out among all entries. */
function answerServers(query: ExternalQuery, entries: readonly ExternalEntry[]): ExternalAnswer {
  const { options, name, zone } = query;
  const weight = Math.max(1, Math.floor((100 / (100 * entries.length)) * 100));
  const answers = new Map<string, ResourceRecord>();
  const additionals = new Map<string, ResourceRecord>();
  const hosts = new Map<string, Name>();
  for (const { target: labels, host, port } of entries) {
    const target = isAddress(host) ? [...labels, ...zone] : parseHost(host);
    if (port === undefined || target === undefined) continue;
    const key = target.join(".");
    answers.set(`${key} ${port}`, record(options, name, { type: "SRV", priority: 0, weight, port, target }));
    if (isAddress(host)) additionals.set(`${key} ${host}`, record(options, target, addressData(host)));
    else hosts.set(key, target);
  }
  if (answers.size === 0) return noData(query, "the name exists, without a port");
  const follow = [...hosts.values()].flatMap(target =>
    [typeCodes.A, typeCodes.AAAA].map(type => ({ name: target, type, class: classCodes.IN })),
  );
  return positive([...answers.values()], { additionals: [...additionals.values()], follow });
}

function addressData(address: string): RecordData {
  return { type: familyOf(address) === "IPv6" ? "AAAA" : "A", address };
}

function parseHost(host: string): Name | undefined {
  try {
    return parseName(host);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
