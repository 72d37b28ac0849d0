/** Answers under `<service>.<namespace>.svc.<zone>`: specification 1.1.0 §2.3 to §2.5. */

import { familyOf } from "../../cluster/objects.ts";
import type { Name } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { typeCodes } from "../wire/record.ts";
import { answerAlias } from "./alias-records.ts";
import { because } from "./reason.ts";
import type { Entry } from "./service-entries.ts";
import { findServiceEntries, isClusterOfImport } from "./service-entries.ts";
import type { ServiceName } from "./zone-name.ts";
import { isZonalBranch } from "./zone-name.ts";
import type { Outcome, ZoneQuery } from "./zone-query.ts";
import { noData, noName, notSynced, recordOf, records } from "./zone-query.ts";

export function answerService(query: ZoneQuery, name: ServiceName): Outcome {
  const found = findServiceEntries(query, name);
  if (found.kind === "missing") return hasNamesBeneath(query, name) ? branch : noName(found.reason);
  if (found.kind === "empty") return notSynced(query) ?? noData(found.reason);
  if (found.kind === "external") return answerAlias(query, found.service.externalName);
  switch (query.type) {
    case typeCodes.A:
    case typeCodes.AAAA:
      return answerAddresses(query, found.entries);
    case typeCodes.SRV:
      return answerServers(query, found.entries);
    default:
      return noData(because("no-such-type", "the name exists, with addresses and ports only"));
  }
}

const branch = noData(because("no-such-type", "the name only has names beneath it"));

/**
 * What has nothing of its own but names beneath it exists (RFC 8020 §2), though it reads like an endpoint or a port:
 * `_tcp.web.shop.svc`, a cluster of a ServiceImport, `pin._zone` left of a headless Service.
 */
function hasNamesBeneath(query: ZoneQuery, name: ServiceName): boolean {
  const whole = { ...name, endpoint: undefined, port: undefined };
  if (query.options.zonal === true && isZonalBranch(query.labels.slice(0, -3))) {
    const topology = { zone: "", fallsBack: false };
    return findServiceEntries(query, { ...whole, topology }).kind !== "missing";
  }
  if (name.endpoint?.startsWith("_") !== true) return isClusterOfImport(query, name);
  const protocol = name.endpoint.slice(1);
  return (
    protocol !== "" &&
    findServiceEntries(query, { ...whole, port: { name: "", protocol } }).kind === "entries"
  );
}

/** RFC 1035 §3.4.1 and RFC 3596: each address once, however many ports it has. */
function answerAddresses(query: ZoneQuery, entries: readonly Entry[]): Outcome {
  const type = query.type === typeCodes.A ? "A" : "AAAA";
  const answers = new Map<string, ResourceRecord>();
  for (const { address } of entries) {
    if (addressTypeOf(address) === type) answers.set(address, recordOf(query, query.name, { type, address }));
  }
  if (answers.size > 0) return records([...answers.values()]);
  const isAliasOnly =
    entries.length > 0 && entries.every(({ address }) => addressTypeOf(address) === undefined);
  if (isAliasOnly) return answerFirstAlias(query, entries);
  const family = type === "A" ? "IPv4" : "IPv6";
  return noData(because("no-such-family", `the name exists, without an ${family} address`));
}

/** A name has one CNAME at most and nothing beside it (RFC 1034 §3.6.2): the first host name that leads anywhere. */
function answerFirstAlias(query: ZoneQuery, entries: readonly Entry[]): Outcome {
  const outcomes = entries.map(({ address }) => answerAlias(query, address));
  return outcomes.find(({ kind }) => kind === "records") ?? (outcomes[0] as Outcome);
}

/** RFC 2782; priority and weight are free in the specification, the values are CoreDNS's. */
function answerServers(query: ZoneQuery, entries: readonly Entry[]): Outcome {
  const weight = weightOf(entries.filter(({ address }) => addressTypeOf(address) !== undefined).length);
  const answers = new Map<string, ResourceRecord>();
  const additionals = new Map<string, ResourceRecord>();
  for (const entry of entries) {
    const type = addressTypeOf(entry.address);
    if (entry.port === undefined || type === undefined) continue;
    const target: Name = [...entry.target, ...query.zone];
    const targetKey = entry.target.join(".");
    const data = { type: "SRV", priority: 0, weight, port: entry.port, target } as const;
    answers.set(`${targetKey} ${entry.port}`, recordOf(query, query.name, data));
    additionals.set(
      `${targetKey} ${entry.address}`,
      recordOf(query, target, { type, address: entry.address }),
    );
  }
  if (answers.size > 0) return records([...answers.values()], [...additionals.values()]);
  return noData(because("no-such-port", "the name exists, without a port"));
}

/**
 * A hundred shared out among all entries, counted before duplicates go, at least 1. The order of the operations is
 * CoreDNS's, so that its rounding is too.
 */
function weightOf(entryCount: number): number {
  return Math.max(1, Math.floor((100 / (100 * entryCount)) * 100));
}

function addressTypeOf(address: string): "A" | "AAAA" | undefined {
  const family = familyOf(address);
  if (family === undefined) return undefined;
  return family === "IPv4" ? "A" : "AAAA";
}
