/** A zone's answer to a query, with all of its sections. */

import { rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { formatName, isSubdomain, lowerName } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { typeCodes, typeName } from "../../wire/record.ts";
import { because, type Reason } from "../../zone/reason.ts";
import { andThen, type Outcome } from "../outcome.ts";
import type { Query } from "../query.ts";
import { type ReplyParts, replyTo } from "../records-reply.ts";
import { proofOf } from "./denial.ts";
import { type Found, findInZone, recordsAt } from "./find-in-zone.ts";
import { findNode, type ZoneNode, type ZoneTree } from "./zone-tree.ts";

export interface ZoneAnswer {
  readonly outcome: Outcome | Promise<Outcome>;
  /** The zone has nothing at this very name: where fallthrough may pass the query on. */
  readonly isNameWithoutRecords: boolean;
}

/** The name asked for lies in the zone. */
export function answerFromZone(tree: ZoneTree, query: Query): ZoneAnswer {
  const { name, type } = query.question;
  const asked = { tree, query, withSignatures: query.message.edns?.isDnssecOk === true };
  const found = findInZone(tree, { name, type, withSignatures: asked.withSignatures });
  const isNameWithoutRecords = found.kind === "no-name" || (found.kind === "no-data" && !found.hasRecords);
  return { outcome: outcomeOf(asked, found), isNameWithoutRecords };
}

interface Asked {
  readonly tree: ZoneTree;
  readonly query: Query;
  /** RFC 4035 §3.1: the client asked for them. */
  readonly withSignatures: boolean;
}

function outcomeOf(asked: Asked, found: Found): Outcome | Promise<Outcome> {
  const { tree, query } = asked;
  switch (found.kind) {
    case "records":
      return positive(asked, found);
    case "alias":
      return followAlias(asked, found);
    case "delegation":
      return referral(asked, found.node);
    case "too-long":
      return reply(asked, {
        rcode: rcodes.YXDOMAIN,
        answers: found.records,
        authorities: nameServers(asked),
      });
    case "no-data": {
      const text = `the name exists, without ${typeName(query.question.type)} records`;
      return denial(asked, found, rcodes.NOERROR, because("no-such-type", text));
    }
    case "no-name": {
      const text = `zone ${formatName(tree.origin)} does not hold this name`;
      return denial(asked, found, rcodes.NXDOMAIN, because("unknown-name", text));
    }
  }
}

function reply({ query }: Asked, parts: Omit<ReplyParts, "plugin">): Outcome {
  return replyTo(query.message, { plugin: "file", ...parts });
}

function nameServers({ tree, withSignatures }: Asked): readonly ResourceRecord[] {
  return recordsAt(tree.apex, typeCodes.NS, withSignatures);
}

function proof({ tree, query, withSignatures }: Asked, found: Found): readonly ResourceRecord[] {
  return withSignatures ? proofOf(tree, query.name, found) : [];
}

function positive(asked: Asked, found: Extract<Found, { kind: "records" }>): Outcome {
  const { tree, query } = asked;
  if (found.isWildcard) query.metadata?.set("zone/wildcard", () => formatName(found.node.name));
  const isApexNs = query.question.type === typeCodes.NS && found.node === tree.apex;
  return reply(asked, {
    answers: found.records,
    authorities: isApexNs ? [] : [...nameServers(asked), ...proof(asked, found)],
    additionals: addressesOf(asked, found.records, tree.origin),
  });
}

/** RFC 2308 §2: the SOA says how long the denial holds. */
function denial(asked: Asked, found: Found, rcode: number, reason: Reason): Outcome {
  const soa = recordsAt(asked.tree.apex, typeCodes.SOA, asked.withSignatures);
  return reply(asked, { rcode, authorities: [...soa, ...proof(asked, found)], reason });
}

/** RFC 1034 §4.2.1: the NS records of the zone below, and addresses of those servers that can be found nowhere else. */
function referral(asked: Asked, cut: ZoneNode): Outcome {
  const servers = cut.sets.get(typeCodes.NS) ?? [];
  const delegationSigners = asked.withSignatures ? recordsAt(cut, typeCodes.DS, true) : [];
  return reply(asked, {
    isAuthoritative: false,
    authorities: [...servers, ...delegationSigners],
    additionals: addressesOf(asked, servers, cut.name),
  });
}

/** Addresses the zone holds of names that records point to, for names below `within`. */
function addressesOf(
  { tree, withSignatures }: Asked,
  records: readonly ResourceRecord[],
  within: Name,
): readonly ResourceRecord[] {
  const nodes = new Set<ZoneNode>();
  for (const { data } of records) {
    const target = targetOf(data);
    if (target === undefined || !isSubdomain(target, within)) continue;
    const node = findNode(tree, lowerName(target));
    if (node !== undefined) nodes.add(node);
  }
  return [...nodes].flatMap(node => [
    ...recordsAt(node, typeCodes.A, withSignatures),
    ...recordsAt(node, typeCodes.AAAA, withSignatures),
  ]);
}

function targetOf(data: ResourceRecord["data"]): Name | undefined {
  switch (data.type) {
    case "NS":
    case "SRV":
      return data.target;
    case "MX":
      return data.exchange;
    default:
      return undefined;
  }
}

/** CoreDNS's limit. */
const maxAliasCount = 8;

type Alias = Extract<Found, { kind: "alias" }>;

/**
 * RFC 1034 §4.3.2 step 3a, §3.6.2: the alias, whatever it leads to inside the zone, and what the server knows of names
 * outside.
 */
function followAlias(asked: Asked, first: Alias): Outcome | Promise<Outcome> {
  const { tree, query, withSignatures } = asked;
  const { type } = query.question;
  const answers = [...first.records];
  const aliased = (parts: Omit<ReplyParts, "plugin"> = {}) =>
    reply(asked, { answers, authorities: nameServers(asked), ...parts });
  // The CNAME that a DNAME makes of this name is the answer to that very question.
  if (type === typeCodes.CNAME) return aliased();
  let { target } = first;
  for (let count = 1; isSubdomain(target, tree.origin); count += 1) {
    if (count > maxAliasCount) return aliased();
    const found = findInZone(tree, { name: target, type, withSignatures });
    if (found.kind === "no-data") return aliased();
    if (found.kind !== "records" && found.kind !== "alias") break;
    answers.push(...found.records);
    if (found.kind === "records") return aliased();
    target = found.target;
  }
  // RFC 6604 §3: the code is the one of the last name.
  return andThen(query.lookup({ ...query.question, name: target }), outcome => {
    if (outcome.kind === "failure") return aliased({ rcode: codeOf(outcome.rcode), reason: outcome.reason });
    if (outcome.kind !== "reply") return aliased({ rcode: rcodes.SERVFAIL });
    const { rcode, isTruncated } = outcome.message;
    return aliased({
      ...{ rcode: codeOf(rcode), isTruncated, reason: outcome.reason },
      answers: [...answers, ...outcome.message.answers],
    });
  });
}

/** Codes that say something of the server asked, not of the name, are not passed on. */
function codeOf(rcode: number): number {
  return rcode === rcodes.NXDOMAIN || rcode === rcodes.SERVFAIL ? rcode : rcodes.NOERROR;
}
