/** Corefile word `log`: a line for each query, in a format of one's own. */

import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import { parseZones } from "../../corefile/zones.ts";
import type { Name } from "../../wire/name.ts";
import { formatName, isSubdomain } from "../../wire/name.ts";
import type { Exchange } from "../plugin.ts";
import { definePlugin } from "../plugin.ts";
import type { AnswerClass } from "./answer-class.ts";
import { answerClassOf } from "./answer-class.ts";
import type { LineFormat } from "./line-format.ts";
import { commonFormat, compileFormat } from "./line-format.ts";

interface LogRule {
  readonly scope: Name;
  readonly format: LineFormat;
  readonly formatText: string;
  /** Undefined: every query. */
  readonly classes: ReadonlySet<AnswerClass> | undefined;
}

interface LogConfig {
  readonly rules: readonly LogRule[];
}

export const log = definePlugin<LogConfig>({
  name: "log",

  read: (stanzas, reading) => ({ rules: stanzas.flatMap(stanza => readRules(stanza, reading)) }),

  explain: ({ rules }) =>
    rules.map(({ scope, classes }) => {
      const which =
        classes === undefined ? "each query" : `queries answered with ${[...classes].join(" or ")}`;
      return `Prints a line for ${which}${scope.length === 0 ? "" : ` about names in ${formatName(scope)}`}.`;
    }),

  start: ({ rules }, host) => ({
    sent: exchange => {
      // The server's own question to itself says nothing about clients, and has worried many.
      if (exchange.outcome.kind === "reply" && exchange.outcome.plugin === "loop") return;
      const line = lineFor(rules, exchange);
      if (line !== undefined) host.writeLogLine(`[INFO] ${line}`);
    },
  }),
});

/** The first rule whose scope holds the name decides, also when its classes leave the query out. */
function lineFor(rules: readonly LogRule[], exchange: Exchange): string | undefined {
  const rule = rules.find(({ scope }) => isSubdomain(exchange.query.name, scope));
  if (rule === undefined) return undefined;
  if (rule.classes !== undefined && !rule.classes.has(answerClassOf(exchange))) return undefined;
  return rule.format(exchange);
}

function readRules(stanza: Directive, reading: Reading): readonly LogRule[] {
  const { args } = stanza;
  const last = args.at(-1);
  // As CoreDNS reads it: the only argument is a name, whatever it looks like.
  const formatWord = args.length > 1 && last?.text.includes("{") ? last : undefined;
  const names = formatWord === undefined ? args : args.slice(0, -1);
  const formatText = formatWord?.text ?? commonFormat;
  const format = compileFormat(formatText);
  const classes = readClasses(stanza, reading);
  const scopes = names.length === 0 ? [[]] : readScopes(names, reading);
  return scopes.map(scope => ({ scope, format, formatText, classes }));
}

function readScopes(names: readonly Word[], reading: Reading): readonly Name[] {
  const [only] = names;
  if (only === undefined || names.length > 1 || !only.text.includes("{")) return reading.zones(names);
  reading.report(
    "COREFILE_NO_EFFECT",
    only.at,
    `"${only.text}" is read as a name, since it is the only argument of log`,
    `write the names first: log . "${only.text}"`,
  );
  return parseZones(only.text) ?? [];
}

const classWords = ["all", "success", "denial", "error"] as const;

function readClasses(stanza: Directive, reading: Reading): ReadonlySet<AnswerClass> | undefined {
  const classes = new Set<(typeof classWords)[number]>();
  reading.options(stanza, {
    class(option) {
      reading.hasArguments(option, 1, Infinity);
      for (const word of option.args) {
        const chosen = reading.choice(word, classWords);
        if (chosen !== undefined) classes.add(chosen);
      }
    },
  });
  return classes.size === 0 || classes.has("all") ? undefined : (classes as ReadonlySet<AnswerClass>);
}
