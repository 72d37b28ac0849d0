/** Corefile word `errors`: a line in the log for each query that failed, or one line for many that failed alike. */

import type { Reading } from "../corefile/reading.ts";
import type { Directive } from "../corefile/syntax.ts";
import { formatName } from "../wire/name.ts";
import { typeName } from "../wire/record.ts";
import type { Exchange, PluginHost } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";
import type { Pattern } from "./regular-expression.ts";
import { readPattern } from "./regular-expression.ts";

interface ErrorsConfig {
  readonly consolidations: readonly Consolidation[];
}

interface Consolidation {
  /** As written. */
  readonly periodText: string;
  readonly periodMs: number;
  readonly pattern: Pattern;
  readonly level: Level;
  /** The first error is printed at once and in full. */
  readonly showsFirst: boolean;
}

const levels = ["error", "warning", "info", "debug"] as const;
type Level = (typeof levels)[number];

export const errors = definePlugin<ErrorsConfig>({
  name: "errors",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    const consolidations: Consolidation[] = [];
    const [target] = stanza.args;
    if (reading.hasArguments(stanza, 0, 1) && target !== undefined) reading.choice(target, ["stdout"]);
    reading.options(stanza, {
      stacktrace: option => void reading.hasArguments(option, 0),
      consolidate(option) {
        const consolidation = readConsolidation(option, reading);
        if (consolidation !== undefined) consolidations.push(consolidation);
      },
    });
    return { consolidations };
  },

  explain: ({ consolidations }) => [
    "Prints a line for each query that fails; failures of one upstream are folded into one line per half minute.",
    ...consolidations.map(
      ({ pattern, periodText }) =>
        `Errors that match ${pattern.text} are counted and printed as one line every ${periodText}.`,
    ),
  ],

  start: ({ consolidations }, host) => {
    const folds = new Folds(host, consolidations);
    // What is sent again is a reply, not a failure.
    return { sent: exchange => folds.hear(exchange), tallyOf: () => undefined, close: () => folds.close() };
  },
});

function readConsolidation(option: Directive, reading: Reading): Consolidation | undefined {
  const [period, regexp, ...rest] = option.args;
  if (!reading.hasArguments(option, 2, 4) || period === undefined || regexp === undefined) return undefined;
  const periodMs = reading.durationMs(period);
  const showsFirst = rest.at(-1)?.text === "show_first";
  const levelWord = rest[0]?.text === "show_first" ? undefined : rest[0];
  const level = levelWord === undefined ? "error" : reading.choice(levelWord, levels);
  if (rest.length === 2 && !showsFirst && rest[1] !== undefined) reading.choice(rest[1], ["show_first"]);
  const pattern = readPattern(regexp, reading);
  if (pattern === undefined || periodMs === undefined || level === undefined) return undefined;
  return { periodText: period.text, periodMs, pattern, level, showsFirst };
}

/** Failures of one upstream come by the thousand: one line says as much. */
const groupPeriodMs = 30_000;

interface Fold {
  count: number;
  last: string;
  readonly timer: NodeJS.Timeout;
  readonly end: () => void;
}

class Folds {
  readonly #host: PluginHost;
  readonly #consolidations: readonly Consolidation[];
  readonly #open = new Map<string | Consolidation, Fold>();

  constructor(host: PluginHost, consolidations: readonly Consolidation[]) {
    this.#host = host;
    this.#consolidations = consolidations;
  }

  hear({ query, outcome, rcode }: Exchange): void {
    if (outcome.kind !== "failure" || outcome.error === undefined) return;
    const { error, errorGroup } = outcome;
    const line = `${rcode} ${formatName(query.name)} ${typeName(query.question.type)}: ${error}`;
    const consolidation = this.#consolidations.find(({ pattern }) => pattern.matches(error));
    if (consolidation !== undefined) this.#consolidate(consolidation, line);
    else if (errorGroup !== undefined) this.#group(errorGroup, line);
    else this.#host.log.error(line);
  }

  #consolidate(consolidation: Consolidation, line: string): void {
    const { showsFirst, periodMs, periodText, pattern, level } = consolidation;
    const isFirst = this.#count(consolidation, line, periodMs, ({ count }) => {
      if (showsFirst && count === 1) return;
      this.#print(level, `${count} errors like '${pattern.text}' occurred in last ${periodText}`);
    });
    if (isFirst && showsFirst) this.#print(level, line);
  }

  #group(group: string, line: string): void {
    const isFirst = this.#count(group, line, groupPeriodMs, ({ count, last }) => {
      if (count === 1) return;
      const more = `${count - 1} more ${count === 2 ? "query" : "queries"} failed at ${group}`;
      this.#print("error", `${more} in the last ${groupPeriodMs / 1_000} s, the latest: ${last}`);
    });
    if (isFirst) this.#print("error", line);
  }

  /** True for the first of a period; `report` is called at its end. */
  #count(key: string | Consolidation, line: string, periodMs: number, report: (fold: Fold) => void): boolean {
    const fold = this.#open.get(key);
    if (fold !== undefined) {
      fold.count += 1;
      fold.last = line;
      return false;
    }
    const end = () => {
      this.#open.delete(key);
      report(opened);
    };
    const opened: Fold = { count: 1, last: line, end, timer: setTimeout(end, periodMs) };
    opened.timer.unref();
    this.#open.set(key, opened);
    return true;
  }

  #print(level: Level, line: string): void {
    this.#host.log[level === "warning" ? "warn" : level](line);
  }

  /** What has been counted so far is still told. */
  close(): void {
    for (const { timer, end } of [...this.#open.values()]) {
      clearTimeout(timer);
      end();
    }
  }
}
