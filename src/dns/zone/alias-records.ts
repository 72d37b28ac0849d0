/** CNAME answers: ExternalName Services (specification 1.1.0 §2.5) and endpoints given by host name. */

import type { Name } from "../wire/name.ts";
import { isSubdomain, lowerName, parseName } from "../wire/name.ts";
import { typeCodes } from "../wire/record.ts";
import { WireError } from "../wire/wire-error.ts";
import { because } from "./reason.ts";
import type { Outcome, ZoneQuery } from "./zone-query.ts";
import { noData, noName, recordOf, records } from "./zone-query.ts";

/** CoreDNS's limit; longer chains in one cluster are mistakes. */
const maxChainLength = 11;

/**
 * Answers a name that is another name for `targetText`: the CNAME, followed by the target's addresses where one of
 * our zones has them. A target in the same zone that has none makes the whole name NODATA, as in CoreDNS: a client
 * that follows the CNAME itself would only hear the same.
 */
export function answerAlias(query: ZoneQuery, targetText: string): Outcome {
  const target = parseTarget(targetText);
  if (target === undefined) {
    return noName(because("external-name-unusable", `externalName "${targetText}" is not a domain name`));
  }
  const alias = recordOf(query, query.name, { type: "CNAME", target });
  if (query.type === typeCodes.CNAME) return records([alias]);
  if (isSubdomain(target, query.name)) return unresolved(`${targetText} leads back to the name asked for`);
  if (query.type !== typeCodes.A && query.type !== typeCodes.AAAA) {
    return noData(because("no-such-type", "the name is an alias, for addresses only"));
  }
  const trail = [...query.trail, lowerName(query.name).join(".")];
  if (trail.length > maxChainLength) return unresolved(`more than ${maxChainLength} names in a row`);
  if (trail.includes(lowerName(target).join("."))) return unresolved(`${targetText} leads back to itself`);
  const next = query.askZones(target, trail);
  if (next?.outcome.kind === "not-synced") return next.outcome;
  if (next?.outcome.kind === "records") {
    const { answers, aliasTarget } = next.outcome;
    return { kind: "records", answers: [alias, ...answers], additionals: [], aliasTarget };
  }
  if (next?.isSameZone) return unresolved(`${targetText} has no such address`);
  return { kind: "records", answers: [alias], additionals: [], aliasTarget: target };
}

function parseTarget(text: string): Name | undefined {
  try {
    return parseName(text);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function unresolved(text: string): Outcome {
  return noData(because("external-name-unresolved", text));
}
