/** What a ruleset consists of: the JSON of libnftables-json(5), counted. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface RuleCounts {
  readonly chains: number;
  readonly rules: number;
  /** Sets and maps with a name. */
  readonly namedSets: number;
  /** Sets and maps that are part of a rule. */
  readonly unnamedSets: number;
  /** Of all sets and maps. */
  readonly elements: number;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const listTimeoutMs = 120_000;
const maxListingCharacters = 0x1fffffe8;

/** Of the whole network namespace; undefined when nft takes longer than two minutes. */
export async function countRules(): Promise<RuleCounts | undefined> {
  const options = { timeout: listTimeoutMs, maxBuffer: maxListingCharacters };
  const listing = await promisify(execFile)("nft", ["-j", "list", "ruleset"], options).catch(() => undefined);
  return listing === undefined ? undefined : count(JSON.parse(listing.stdout).nftables);
}

function count(objects: readonly { readonly [kind: string]: Json }[]): RuleCounts {
  const ofKind = (kind: string) => objects.map(object => object[kind]).filter(object => object !== undefined);
  const named = [...ofKind("set"), ...ofKind("map")];
  const unnamed = ofKind("rule").flatMap(setsIn);
  const sizes = [...named.map(set => sizeOf(set, "elem")), ...unnamed.map(set => sizeOf(set, "set"))];
  return {
    chains: ofKind("chain").length,
    rules: ofKind("rule").length,
    namedSets: named.length,
    unnamedSets: unnamed.length,
    elements: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** A rule that uses a named set has its name, `"@name"`, in this place. */
function setsIn(json: Json): readonly Json[] {
  if (typeof json !== "object" || json === null) return [];
  const within = Object.values(json).flatMap(setsIn);
  return sizeOf(json, "set") > 0 ? [json, ...within] : within;
}

function sizeOf(json: Json, field: "elem" | "set"): number {
  const list =
    typeof json === "object" && json !== null && field in json
      ? (json as { readonly [name: string]: Json })[field]
      : [];
  return Array.isArray(list) ? list.length : 0;
}
