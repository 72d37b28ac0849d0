/** What the zone says of itself: SOA, NS, the name server's addresses, the schema version. */

import { familyOf } from "../../cluster/objects.ts";
import type { Name } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import { endpointName } from "./endpoint-name.ts";
import { because } from "./reason.ts";
import type { Outcome, ZoneQuery } from "./zone-query.ts";
import { noData, recordOf, records, slicesAt } from "./zone-query.ts";

/** Specification 1.1.0 §2.2. */
const schemaVersion = "1.1.0";
/** The version does not change while a server runs; the value is CoreDNS's. */
const schemaVersionTtlSeconds = 28800;
/** RFC 2308 §5 lets clients keep a denial for the SOA's TTL; five minutes is CoreDNS's bound whatever the zone's TTL. */
const maxNegativeTtlSeconds = 300;

export function answerApex(query: ZoneQuery): Outcome {
  switch (query.type) {
    case typeCodes.SOA:
      return records([startOfAuthority(query)]);
    case typeCodes.NS:
      return answerNameServers(query);
    default:
      return noData(because("no-such-type", "the zone's own name has SOA and NS records only"));
  }
}

export function startOfAuthority(query: ZoneQuery): ResourceRecord {
  const { ttlSeconds } = query.options;
  return {
    name: query.zone,
    class: classCodes.IN,
    ttlSeconds: Math.min(ttlSeconds, maxNegativeTtlSeconds),
    data: {
      type: "SOA",
      primary: ["ns", "dns", ...query.zone],
      mailbox: ["hostmaster", ...query.zone],
      serial: query.cluster.serialOf(query.isMulticluster ? "multicluster" : "internal"),
      refreshSeconds: 7200,
      retrySeconds: 1800,
      expireSeconds: 86400,
      minimumSeconds: ttlSeconds,
    },
  };
}

export function answerSchemaVersion(query: ZoneQuery): Outcome {
  if (query.type !== typeCodes.TXT) {
    return noData(because("no-such-type", "dns-version has a TXT record only"));
  }
  const record = recordOf(query, query.name, { type: "TXT", strings: [schemaVersion] });
  return records([{ ...record, ttlSeconds: schemaVersionTtlSeconds }]);
}

/** `ns.dns.<zone>`: the name in the SOA, at the addresses the NS records lead to. */
export function answerServerAddresses(query: ZoneQuery): Outcome {
  const addresses = new Set(nameServers(query).map(server => server.address));
  const answers = [...addresses]
    .map(address => addressRecord(query, query.name, address))
    .filter(record => typeCodes[record.data.type as "A" | "AAAA"] === query.type);
  if (answers.length > 0) return records(answers);
  return noData(because("no-such-type", "the name server has no such record"));
}

function answerNameServers(query: ZoneQuery): Outcome {
  const answers = new Map<string, ResourceRecord>();
  const glue = new Map<string, ResourceRecord>();
  for (const { name, address } of nameServers(query)) {
    const key = name.join(".");
    answers.set(key, recordOf(query, query.zone, { type: "NS", target: name }));
    glue.set(`${key} ${address}`, addressRecord(query, name, address));
  }
  if (answers.size === 0)
    return noData(because("no-such-type", "this server has no address of its own to name"));
  return records([...answers.values()], [...glue.values()]);
}

interface NameServer {
  readonly name: Name;
  readonly address: string;
}

/**
 * The Services in front of this server, found by its own addresses among the endpoints: usually `kube-dns`. Without
 * one, the server itself under the name in the SOA, which is also what zones have that hold no Services.
 */
function nameServers(query: ZoneQuery): readonly NameServer[] {
  const own = query.options.serverAddresses();
  const found = own.flatMap(address => serversInFrontOf(query, address));
  if (found.length > 0 && !query.isMulticluster) return found;
  const addresses = found.length > 0 ? found.map(({ address }) => address) : own;
  return addresses.map(address => ({ name: ["ns", "dns", ...query.zone], address }));
}

function serversInFrontOf(query: ZoneQuery, ownAddress: string): readonly NameServer[] {
  const servers: NameServer[] = [];
  for (const slice of slicesAt(query, ownAddress)) {
    const service = query.cluster.service(slice.namespace, slice.serviceName);
    const ready = slice.endpoints.filter(endpoint => endpoint.isReady);
    if (service === undefined || !ready.some(endpoint => endpoint.addresses.includes(ownAddress))) continue;
    const name = [service.name, service.namespace, "svc", ...query.zone];
    for (const address of service.clusterIPs) servers.push({ name, address });
    if (!service.isHeadless) continue;
    for (const endpoint of ready) {
      for (const address of endpoint.addresses) {
        const label = endpointName(endpoint, address, query.options.endpointPodNames === true);
        servers.push({ name: [label, ...name], address });
      }
    }
  }
  return servers;
}

function addressRecord(query: ZoneQuery, name: Name, address: string): ResourceRecord {
  const type = familyOf(address) === "IPv6" ? "AAAA" : "A";
  return recordOf(query, name, { type, address });
}
