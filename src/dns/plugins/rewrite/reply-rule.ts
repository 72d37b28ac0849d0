/** `ttl [KIND] NAME SECONDS` and `rcode [KIND] NAME FROM TO`: the query stays, only replies are changed. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import { formatName } from "../../wire/name.ts";
import { rcodeOfWord } from "../mnemonics.ts";
import type { NameMatcher } from "./name-matcher.ts";
import { readMatcher, readMatchKind } from "./name-matcher.ts";
import type { ReplyRule, RuleBody } from "./rule.ts";

export function readTtlRule(field: Word, args: readonly Word[], reading: Reading): RuleBody | undefined {
  if (!reading.hasArguments({ name: field, args, block: undefined }, 2, 3)) return undefined;
  const matcher = readNames(args.slice(0, -1), reading);
  const range = readTtlRange(args.at(-1) as Word, reading);
  if (matcher === undefined || range === undefined) return undefined;
  const { leastSeconds, mostSeconds } = range;
  const text =
    leastSeconds === mostSeconds ? `to ${leastSeconds}` : `to between ${leastSeconds} and ${mostSeconds}`;
  return replyRule(matcher, { kind: "ttl", ...range }, `sets TTLs ${text} seconds`);
}

export function readRcodeRule(field: Word, args: readonly Word[], reading: Reading): RuleBody | undefined {
  if (!reading.hasArguments({ name: field, args, block: undefined }, 3, 4)) return undefined;
  const matcher = readNames(args.slice(0, -2), reading);
  const [from, to] = args.slice(-2).map(word => readRcode(word, reading));
  if (matcher === undefined || from === undefined || to === undefined) return undefined;
  const [fromText, toText] = args.slice(-2).map(({ text }) => text.toUpperCase());
  return replyRule(matcher, { kind: "rcode", from, to }, `turns ${fromText} into ${toText}`);
}

function replyRule(matcher: NameMatcher, rule: ReplyRule, effect: string): RuleBody {
  const replyRules = [rule];
  return {
    explanation: `${effect} in replies when the name ${matcher.description}`,
    apply: query => (matcher.matches(formatName(query.name)) ? { query, replyRules } : undefined),
  };
}

/** `[KIND] NAME` */
function readNames(words: readonly Word[], reading: Reading): NameMatcher | undefined {
  const kind = words.length === 1 ? "exact" : readMatchKind(words[0] as Word, reading);
  return kind === undefined ? undefined : readMatcher(kind, words.at(-1) as Word, reading);
}

const mostSecondsEver = 2_147_483_647;

/** `30`, `30-300`, `30-` or `-300`. */
function readTtlRange(
  word: Word,
  reading: Reading,
): { readonly leastSeconds: number; readonly mostSeconds: number } | undefined {
  const [, leastText = "", dash, mostText = ""] = /^(\d*)(?:(-)(\d*))?$/.exec(word.text) ?? [];
  const leastSeconds = Number(leastText);
  const mostSeconds =
    dash === undefined ? leastSeconds : mostText === "" ? mostSecondsEver : Number(mostText);
  const isGiven = leastText !== "" || mostText !== "";
  if (isGiven && leastSeconds <= mostSeconds && mostSeconds <= 0xffff_ffff)
    return { leastSeconds, mostSeconds };
  reading.wrongValue(word, `"${word.text}" is no TTL`, "write seconds such as 30, or a range such as 30-300");
  return undefined;
}

/** The highest number that CoreDNS takes: BADCOOKIE. */
const mostRcode = 23;

function readRcode(word: Word, reading: Reading): number | undefined {
  const code = /^\d+$/.test(word.text) ? Number(word.text) : rcodeOfWord(word.text.toUpperCase());
  if (code !== undefined && code <= mostRcode) return code;
  const remedy = `write one such as NXDOMAIN, or a number up to ${mostRcode}`;
  reading.wrongValue(word, `"${word.text}" is no response code`, remedy);
  return undefined;
}
