/**
 * Patterns of a Corefile are RE2's, as Go's regexp package reads them. Not JavaScript's: those differ in syntax, and can
 * take exponential time on names that anybody may ask for. RE2 takes time in proportion to the text.
 */

import { RE2JS, RE2JSException } from "re2js";
import type { Reading } from "../corefile/reading.ts";
import type { Word } from "../corefile/syntax.ts";

export interface Pattern {
  /** As written. */
  readonly text: string;
  /** Groups in parentheses; the whole match is not counted. */
  readonly groupCount: number;
  /** Numbers of the groups that have names. */
  readonly groupNumbers: ReadonlyMap<string, number>;
  /** Whether it is found anywhere in the text. */
  matches(text: string): boolean;
  /** The leftmost match and its groups, "" for those that took no part; undefined when there is none. */
  groupsIn(text: string): readonly string[] | undefined;
}

/** Text that is no pattern. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

export interface PatternOptions {
  readonly ignoresCase?: boolean;
}

/** CoreDNS's limit: what a longer one compiles to may not fit into memory. */
const maxLength = 10_000;

/** Throws PatternError. */
export function compilePattern(text: string, { ignoresCase = false }: PatternOptions = {}): Pattern {
  if (text.length > maxLength) {
    throw new PatternError(`a pattern of ${text.length} characters is too long`, `use ${maxLength} at most`);
  }
  const compiled = compile(text, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0);
  const groupCount = compiled.groupCount();
  return {
    text,
    groupCount,
    groupNumbers: new Map(Object.entries(compiled.namedGroups())),
    matches: subject => compiled.test(subject),
    groupsIn(subject) {
      const matcher = compiled.matcher(subject);
      if (!matcher.find()) return undefined;
      return Array.from({ length: groupCount + 1 }, (_, group) => matcher.group(group) ?? "");
    },
  };
}

/** The pattern in a word of the Corefile; reports what is none. */
export function readPattern(word: Word, reading: Reading, options?: PatternOptions): Pattern | undefined {
  try {
    return compilePattern(word.text, options);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    reading.wrongValue(word, error.message, error.remedy);
    return undefined;
  }
}

function compile(text: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(text, flags);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    const known = differences.find(({ sign }) => sign.test(text));
    throw new PatternError(`"${text}" is not a pattern: ${reason}`, known?.remedy ?? "correct it");
  }
}

/** What other dialects have and RE2 has not, most of it because it cannot be done in linear time. */
const differences: readonly { readonly sign: RegExp; readonly remedy: string }[] = [
  { sign: /\(\?<?[=!]/, remedy: "patterns cannot look ahead or behind: match the text itself, with a group" },
  { sign: /\\[1-9]/, remedy: "patterns cannot refer back to a group: write out what it may be" },
  { sign: /\(\?>|[*+?}]\+/, remedy: "patterns do not backtrack, so leave the possessive + or (?> away" },
  { sign: /\\Z/, remedy: "write \\z for the end of the text" },
  { sign: /\(\?P[=>]/, remedy: "patterns cannot refer back to a group: write out what it may be" },
  { sign: /\\[uUN]/, remedy: "write a character by its number as \\x{20AC}" },
  { sign: /\(\?P?<([^>]*)>.*\(\?P?<\1>/, remedy: "give each group a name of its own" },
];
