/** Corefile word `rewrite`: other questions than were asked, and replies that fit the questions that were. */

import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import { rcodes } from "../../wire/message.ts";
import { WireError } from "../../wire/wire-error.ts";
import type { Failure } from "../outcome.ts";
import { andThen, failure } from "../outcome.ts";
import { definePlugin } from "../plugin.ts";
import type { Query } from "../query.ts";
import { readCnameRule } from "./cname-rule.ts";
import { readEdnsRule } from "./edns-rule.ts";
import { readNameRule } from "./name-rule.ts";
import { readQuestionRule } from "./question-rule.ts";
import { readRcodeRule, readTtlRule } from "./reply-rule.ts";
import { reviseOutcome } from "./revise-reply.ts";
import type { ReplyRule, Rule, RuleBody } from "./rule.ts";

export interface RewriteConfig {
  readonly rules: readonly Rule[];
}

export const rewrite = definePlugin<RewriteConfig>({
  name: "rewrite",

  read: (stanzas, reading) => ({ rules: stanzas.flatMap(stanza => readRule(stanza, reading) ?? []) }),

  explain: ({ rules }) =>
    rules.map(
      ({ explanation, isLast }) =>
        `${explanation.charAt(0).toUpperCase()}${explanation.slice(1)}${isLast ? "" : ", and goes on to the next rule"}.`,
    ),

  start: ({ rules }) => ({
    answersAlike: true,
    handle(query, next) {
      const rewritten = orFailure(() => applyRules(rules, query));
      if ("kind" in rewritten) return rewritten;
      const { inner, replyRules, isByClient } = rewritten;
      if (isByClient) query.provenance?.isForThisQueryOnly();
      if (inner === query && replyRules.length === 0) return next(query);
      query.provenance?.hasSpellingOfItsOwn();
      if (replyRules.some(({ kind }) => kind === "ttl")) query.provenance?.changesEachSecond();
      return andThen(next(inner), outcome => {
        const revised = orFailure(() => reviseOutcome(outcome, query, inner, replyRules));
        return revised instanceof Promise ? revised.catch(failureOf) : revised;
      });
    },
  }),
});

function applyRules(
  rules: readonly Rule[],
  query: Query,
): { readonly inner: Query; readonly replyRules: readonly ReplyRule[]; readonly isByClient: boolean } {
  let inner = query;
  let isByClient = false;
  const replyRules: ReplyRule[] = [];
  for (const rule of rules) {
    const rewritten = rule.apply(inner);
    if (rewritten === undefined) continue;
    inner = rewritten.query;
    isByClient ||= rule.isByClient;
    replyRules.push(...rewritten.replyRules);
    if (rule.isLast) break;
  }
  return { inner, replyRules, isByClient };
}

function orFailure<Value>(work: () => Value): Value | Failure {
  try {
    return work();
  } catch (error) {
    return failureOf(error);
  }
}

/** Rules can make names that are too long, or have empty labels. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof WireError)) throw error;
  return failure(rcodes.SERVFAIL, `a rewritten name cannot be: ${error.message}`);
}

type RuleReader = (field: Word, args: readonly Word[], reading: Reading) => RuleBody | undefined;

const readers: Readonly<Record<string, RuleReader>> = {
  name: readNameRule,
  type: (field, args, reading) => readQuestionRule("type", field, args, reading),
  class: (field, args, reading) => readQuestionRule("class", field, args, reading),
  ttl: readTtlRule,
  rcode: readRcodeRule,
  cname: readCnameRule,
  edns0: readEdnsRule,
};

function readRule(stanza: Directive, reading: Reading): Rule | undefined {
  const [first, ...others] = wordsOf(stanza, reading);
  const mode = first?.text.toLowerCase();
  const hasMode = mode === "continue" || mode === "stop";
  const [field, ...args] = hasMode ? others : [first, ...others];
  if (field === undefined) {
    reading.report(
      "COREFILE_ARGUMENTS",
      stanza.name.at,
      "rewrite does not say what to rewrite",
      `write one of: ${Object.keys(readers).join(", ")}`,
    );
    return undefined;
  }
  const name = field.text.toLowerCase();
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (read === undefined) {
    const isAnswer = name === "answer";
    reading.wrongValue(
      field,
      isAnswer ? "answers can only be rewritten for a name" : `rewrite cannot change "${field.text}"`,
      isAnswer ? "write a name rule in front" : `write one of: ${Object.keys(readers).join(", ")}`,
    );
    return undefined;
  }
  const rule = read(field, args.filter(isWord), reading);
  return rule === undefined
    ? undefined
    : { ...rule, isLast: mode !== "continue", isByClient: name === "edns0" };
}

function isWord(word: Word | undefined): word is Word {
  return word !== undefined;
}

/** A rule may stand in a block; its lines then make one. */
function wordsOf(stanza: Directive, reading: Reading): readonly Word[] {
  const { args, block } = stanza;
  if (block === undefined) return args;
  if (args.length >= 2) {
    reading.report(
      "COREFILE_SYNTAX",
      stanza.name.at,
      "the rule is complete in front of the block",
      "remove the block",
    );
    return args;
  }
  return [...args, ...block.flatMap(line => [line.name, ...wordsOf(line, reading)])];
}
