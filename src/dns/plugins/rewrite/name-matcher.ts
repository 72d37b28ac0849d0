/** The five ways in which a rule can mean names. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import type { PatternOptions } from "../regular-expression.ts";
import { readPattern } from "../regular-expression.ts";

const matchKinds = ["exact", "prefix", "suffix", "substring", "regex"] as const;
export type MatchKind = (typeof matchKinds)[number];

export interface NameMatcher {
  /** Half a sentence: "begins with a." */
  readonly description: string;
  /** How many groups a replacement can refer to. */
  readonly groupCount: number;
  matches(name: string): boolean;
  /** The name with what was matched replaced; undefined when nothing was. `{1}` in `to` is the first group. */
  replace(name: string, to: string): string | undefined;
}

/** The kind a word names, in any letter case; reports what is none. */
export function readMatchKind(word: Word, reading: Reading): MatchKind | undefined {
  return reading.choice({ ...word, text: word.text.toLowerCase() }, matchKinds);
}

export interface MatcherOptions extends PatternOptions {
  /** What stands for the word where it is no pattern: by default, as in CoreDNS, the word with a final dot. */
  readonly literal?: string;
}

/** A matcher for names in lower case; reports a pattern that is none. */
export function readMatcher(
  kind: MatchKind,
  word: Word,
  reading: Reading,
  options: MatcherOptions = {},
): NameMatcher | undefined {
  if (kind !== "regex") return literalMatchers[kind](options.literal ?? qualify(word.text));
  const pattern = readPattern(word, reading, options);
  if (pattern === undefined) return undefined;
  return {
    description: `matches ${pattern.text}`,
    groupCount: pattern.groupCount,
    matches: name => pattern.matches(name),
    replace(name, to) {
      const groups = pattern.groupsIn(name);
      return groups === undefined ? undefined : fillIn(to, groups);
    },
  };
}

/** In lower case and with a final dot, also where it is the beginning of a name or a part of it. */
export function qualify(text: string): string {
  return (text.endsWith(".") ? text : `${text}.`).toLowerCase();
}

/** The text with `{0}`, `{1}` … replaced by the groups; numbers without a group stay. */
export function fillIn(text: string, groups: readonly string[]): string {
  return text.replace(
    /\{(0|[1-9]\d*)\}/g,
    (reference, number: string) => groups[Number(number)] ?? reference,
  );
}

/** Reports references to groups that the pattern does not have; true when CoreDNS, which only counts them, starts all the same. */
export function hasGroupsFor(to: Word, groupCount: number, reading: Reading): boolean {
  const numbers = new Set(
    Array.from(to.text.matchAll(/\{(0|[1-9]\d?|100)\}/g), ([, number]) => Number(number)),
  );
  const isTolerated = numbers.size <= groupCount;
  if (isTolerated && ![...numbers].some(number => number > groupCount)) return true;
  const groups = groupCount === 1 ? "1 group" : `${groupCount} groups`;
  reading.report(
    isTolerated ? "COREFILE_RISKY" : "COREFILE_VALUE",
    to.at,
    `"${to.text}" refers to more than the pattern holds, which has ${groups}`,
    "put the part of the pattern that is meant in parentheses",
  );
  return isTolerated;
}

type LiteralKind = Exclude<MatchKind, "regex">;

const literalMatchers: Readonly<Record<LiteralKind, (text: string) => NameMatcher>> = {
  exact: text => ({
    description: `is ${text}`,
    groupCount: 0,
    matches: name => name === text,
    replace: (name, to) => (name === text ? to : undefined),
  }),
  prefix: text => ({
    description: `begins with ${text}`,
    groupCount: 0,
    matches: name => name.startsWith(text),
    replace: (name, to) => (name.startsWith(text) ? to + name.slice(text.length) : undefined),
  }),
  suffix: text => ({
    description: `ends with ${text}`,
    groupCount: 0,
    matches: name => name.endsWith(text),
    replace: (name, to) => (name.endsWith(text) ? name.slice(0, name.length - text.length) + to : undefined),
  }),
  substring: text => ({
    description: `contains ${text}`,
    groupCount: 0,
    matches: name => name.includes(text),
    replace: (name, to) => (name.includes(text) ? name.replaceAll(text, () => to) : undefined),
  }),
};
