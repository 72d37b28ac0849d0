/** `name [KIND] FROM TO [answer …]`: another name is asked for, and replies may get the first one back. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import { formatName, parseName } from "../../wire/name.ts";
import type { Query } from "../query.ts";
import { withQuestion } from "../query.ts";
import type { Pattern } from "../regular-expression.ts";
import { compilePattern, PatternError, readPattern } from "../regular-expression.ts";
import type { MatchKind, NameMatcher } from "./name-matcher.ts";
import { fillIn, hasGroupsFor, qualify, readMatcher, readMatchKind } from "./name-matcher.ts";
import type { ReplyRule, RuleBody, TextChange } from "./rule.ts";

export function readNameRule(field: Word, args: readonly Word[], reading: Reading): RuleBody | undefined {
  const kindWord = args.length > 2 ? args[0] : undefined;
  const [from, to, ...answerWords] = kindWord === undefined ? args : args.slice(1);
  if (from === undefined || to === undefined) {
    reading.report(
      "COREFILE_ARGUMENTS",
      field.at,
      "a name rule needs two names",
      "write name [KIND] FROM TO",
    );
    return undefined;
  }
  const kind = kindWord === undefined ? "exact" : readMatchKind(kindWord, reading);
  const matcher = kind === undefined ? undefined : readMatcher(kind, from, reading);
  const answer = readAnswerRules(answerWords, reading);
  if (kind === undefined || matcher === undefined || answer === undefined) return undefined;
  if (kind === "regex" && !hasGroupsFor(to, matcher.groupCount, reading)) return undefined;
  if (kind === "exact" && !isAlsoPattern(to, reading)) return undefined;
  return nameRule(kind, matcher, { from: qualify(from.text), to: qualify(to.text) }, answer);
}

function nameRule(
  kind: MatchKind,
  matcher: NameMatcher,
  { from, to }: { readonly from: string; readonly to: string },
  { isAutomatic, rules }: AnswerRules,
): RuleBody {
  const restores = isAutomatic || kind === "exact";
  const explanation = `asks for ${kind === "exact" ? to : `${to} instead`} when the name ${matcher.description}`;
  return {
    explanation: `${explanation}${restores ? ", and gives replies the name that was asked for" : ""}`,
    apply(query) {
      const before = formatName(query.name);
      const after = matcher.replace(before, to);
      if (after === undefined) return undefined;
      const renamed = withQuestion(query, { ...query.question, name: parseName(after) });
      if (!restores) return { query: renamed, replyRules: rules };
      const change = kind === "suffix" ? suffixChange(to, from) : restoration(after, query);
      return { query: renamed, replyRules: [...bothWays(change), ...rules] };
    },
  };
}

function bothWays(change: TextChange): readonly ReplyRule[] {
  return [
    { kind: "name", change },
    { kind: "value", change },
  ];
}

/** The name that was asked instead, and names below it, back to the name that was asked, in its letter case. */
function restoration(asked: string, { question }: Query): TextChange {
  const original = formatName(question.name);
  return text => {
    const lower = text.toLowerCase();
    if (lower === asked) return original;
    return lower.endsWith(`.${asked}`) ? text.slice(0, -asked.length) + original : text;
  };
}

function suffixChange(from: string, to: string): TextChange {
  return text => (text.toLowerCase().endsWith(from) ? text.slice(0, text.length - from.length) + to : text);
}

interface AnswerRules {
  readonly isAutomatic: boolean;
  readonly rules: readonly ReplyRule[];
}

/** `answer (auto | name FROM TO | value FROM TO)`, any number of times; `answer` only has to stand in front of the first. */
function readAnswerRules(words: readonly Word[], reading: Reading): AnswerRules | undefined {
  const [first] = words;
  if (first !== undefined && first.text !== "answer") {
    reading.report(
      "COREFILE_ARGUMENTS",
      first.at,
      `"${first.text}" is too much for a name rule`,
      "write answer, and what is to be done to answers, or remove it",
    );
    return undefined;
  }
  const rules: ReplyRule[] = [];
  let automatic: Word | undefined;
  let next = 0;
  while (next < words.length) {
    if (words[next]?.text === "answer") next += 1;
    const option = words[next] ?? (words[next - 1] as Word);
    if (option.text === "auto") {
      automatic = option;
      next += 1;
      continue;
    }
    const rule = readAnswerRule(option, words[next + 1], words[next + 2], reading);
    if (rule === undefined) return undefined;
    rules.push(rule);
    next += 3;
  }
  if (automatic !== undefined && rules.some(({ kind }) => kind === "name")) {
    reading.report(
      "COREFILE_CONFLICT",
      automatic.at,
      "answer auto and answer name cannot be combined",
      "remove one of them",
    );
    return undefined;
  }
  return { isAutomatic: automatic !== undefined, rules };
}

function readAnswerRule(
  option: Word,
  from: Word | undefined,
  to: Word | undefined,
  reading: Reading,
): ReplyRule | undefined {
  if (option.text !== "name" && option.text !== "value") {
    const what =
      option.text === "answer" ? "answer says nothing" : `"${option.text}" is no way to change answers`;
    reading.wrongValue(option, what, "write auto, name FROM TO or value FROM TO");
    return undefined;
  }
  if (from === undefined || to === undefined) {
    const what = `answer ${option.text} needs a pattern and a name`;
    reading.report("COREFILE_ARGUMENTS", option.at, what, `write ${option.text} FROM TO`);
    return undefined;
  }
  const pattern = readPattern(from, reading);
  if (pattern === undefined || !hasGroupsFor(to, pattern.groupCount, reading)) return undefined;
  return { kind: option.text, change: patternChange(pattern, qualify(to.text)) };
}

function patternChange(pattern: Pattern, to: string): TextChange {
  return text => {
    const groups = pattern.groupsIn(text);
    return groups === undefined ? text : fillIn(to, groups);
  };
}

/** CoreDNS reads the new name of an exact rule as a pattern too, for no reason, and does not start when it is none. */
function isAlsoPattern(to: Word, reading: Reading): boolean {
  try {
    compilePattern(qualify(to.text));
    return true;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    reading.wrongValue(
      to,
      `CoreDNS does not take "${to.text}" as a name to ask for`,
      "write an ordinary name",
    );
    return false;
  }
}
