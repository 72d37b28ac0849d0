/** Answers under `<service>.<namespace>.svc.<zone>`: specification 1.1.0 §2.3 to §2.5. */

import { familyOf } from "../../cluster/objects.ts";
import type { Name } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { typeCodes } from "../wire/record.ts";
import { answerAlias } from "./alias-records.ts";
import { because } from "./reason.ts";
import type { Entry, ServiceEntries } from "./service-entries.ts";
import { findServiceEntries } from "./service-entries.ts";
import type { ServiceName } from "./zone-name.ts";
import type { Outcome, ZoneQuery } from "./zone-query.ts";
import { noData, noName, recordOf, records } from "./zone-query.ts";

export function answerService(query: ZoneQuery, name: ServiceName): Outcome {
  const found = findServiceEntries(query, name);
  if (found.kind === "missing") return missingName(query, name, found);
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

/**
 * `_tcp.web.shop.svc` has nothing of its own but `_http._tcp.web.shop.svc` is beneath it, so it exists
 * (RFC 8020 §2); it reads like an endpoint name.
 */
function missingName(
  query: ZoneQuery,
  name: ServiceName,
  found: Extract<ServiceEntries, { kind: "missing" }>,
): Outcome {
  if (found.reason.code !== "no-such-endpoint" || name.endpoint?.startsWith("_") !== true) {
    return noName(found.reason);
  }
  const port = { name: "", protocol: name.endpoint.slice(1) };
  const beneath = findServiceEntries(query, { ...name, endpoint: undefined, port });
  if (beneath.kind !== "entries" || port.protocol === "") return noName(found.reason);
  return noData(because("no-such-type", "only names of ports are beneath this one"));
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
