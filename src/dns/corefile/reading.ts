/**
 * Reads the words of directives into values. Whatever does not fit becomes a finding with its place; reading goes on,
 * so that one pass over a file finds all of its mistakes.
 */

import { isIP } from "node:net";
import type { Name } from "../wire/name.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { finding } from "./finding.ts";
import type { Directive, Place, Word } from "./syntax.ts";
import { parseZones } from "./zones.ts";

/** Reads one option of a block, `NAME ARGS…`. */
export type OptionReader = (option: Directive) => void;

export class Reading {
  readonly findings: Finding[] = [];

  report(code: FindingCode, at: Place, what: string, remedy: string): void {
    this.findings.push(finding(code, at, what, remedy));
  }

  /** A value that this word cannot have. */
  wrongValue(word: Word, what: string, remedy: string): void {
    this.report("COREFILE_VALUE", word.at, what, remedy);
  }

  /** Reports every stanza but the first: most words may stand once in a server block. */
  isOnce([first, ...others]: readonly Directive[]): boolean {
    for (const { name } of others) {
      const { line } = first?.name.at ?? name.at;
      this.report(
        "COREFILE_DUPLICATE",
        name.at,
        `${name.text} can stand once in a server block, and does so in line ${line}`,
        "remove one of them",
      );
    }
    return others.length === 0;
  }

  /** True when the directive has `least` to `most` arguments; otherwise reports at the first surplus word, or at its name. */
  hasArguments(directive: Directive, least: number, most: number = least): boolean {
    const { name, args } = directive;
    if (args.length >= least && args.length <= most) return true;
    const wanted =
      least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    this.report(
      "COREFILE_ARGUMENTS",
      (args.length > most ? args[most] : name)?.at ?? name.at,
      `${name.text} takes ${wanted} argument${wanted === "1" ? "" : "s"}, not ${args.length}`,
      args.length > most ? "remove what is too much" : "write what is missing",
    );
    return false;
  }

  /** Reports a block where none belongs. */
  hasNoBlock(directive: Directive): boolean {
    if (directive.block === undefined) return true;
    this.report(
      "COREFILE_SYNTAX",
      directive.name.at,
      `${directive.name.text} has no options`,
      "remove the block",
    );
    return false;
  }

  /**
   * Gives each option of the directive's block to its reader. Options without one are reported as unknown; words in
   * `removed` (name → remedy) as what later versions took away.
   */
  options(
    directive: Directive,
    readers: Readonly<Record<string, OptionReader>>,
    removed: Readonly<Record<string, string>> = {},
  ): void {
    for (const option of directive.block ?? []) {
      const { text, at } = option.name;
      const remedy = Object.hasOwn(removed, text) ? removed[text] : undefined;
      if (Object.hasOwn(readers, text)) readers[text]?.(option);
      else if (remedy !== undefined) {
        this.report(
          "COREFILE_REMOVED_OPTION",
          at,
          `${directive.name.text}: ${text} is no longer an option`,
          remedy,
        );
      } else {
        const known = Object.keys(readers);
        this.report(
          "COREFILE_UNKNOWN_OPTION",
          at,
          `${directive.name.text} has no option "${text}"`,
          known.length === 0 ? "remove it" : `remove it, or use one of: ${known.join(", ")}`,
        );
      }
    }
  }

  /** A whole number from `least` to `most`. */
  integer(word: Word, least: number, most: number): number | undefined {
    const value = Number(word.text);
    if (/^[+-]?\d+$/.test(word.text) && value >= least && value <= most) return value;
    this.wrongValue(
      word,
      `"${word.text}" is not a whole number from ${least} to ${most}`,
      "write such a number",
    );
    return undefined;
  }

  /** A Go duration such as `5s`, `1m30s` or `500ms`, in milliseconds; negative ones only where `leastMs` allows them. */
  durationMs(word: Word, leastMs = 0, mostMs = Infinity): number | undefined {
    const value = parseDurationMs(word.text);
    if (value === undefined) {
      this.wrongValue(
        word,
        `"${word.text}" is not a duration`,
        "write a number with its unit, such as 5s or 1m30s",
      );
      return undefined;
    }
    if (value >= leastMs && value <= mostMs) return value;
    const most = mostMs === Infinity ? "" : ` and ${mostMs} ms at most`;
    this.wrongValue(word, `${word.text} is out of range`, `write ${leastMs} ms at least${most}`);
    return undefined;
  }

  /** One of a closed list of words. */
  choice<Choice extends string>(word: Word, choices: readonly Choice[]): Choice | undefined {
    const found = choices.find(choice => choice === word.text);
    if (found === undefined) {
      this.wrongValue(word, `"${word.text}" is not known here`, `write one of: ${choices.join(", ")}`);
    }
    return found;
  }

  /** An IP address, without a zone. */
  ipAddress(word: Word): string | undefined {
    if (isIP(word.text) !== 0 && !word.text.includes("%")) return word.text;
    this.wrongValue(word, `"${word.text}" is not an IP address`, "write one such as 10.0.0.10 or fd00::a");
    return undefined;
  }

  /** Zone names in lower case; a CIDR stands for its reverse zones. */
  zones(words: readonly Word[]): readonly Name[] {
    return words.flatMap(word => {
      const zones = parseZones(word.text);
      if (zones !== undefined) return zones;
      this.wrongValue(
        word,
        `"${word.text}" is not a domain name`,
        "write a name such as cluster.local, or a CIDR",
      );
      return [];
    });
  }

  /** Arguments as zones, or `otherwise` when there are none. */
  zonesOr(words: readonly Word[], otherwise: readonly Name[]): readonly Name[] {
    return words.length === 0 ? otherwise : this.zones(words);
  }
}

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's time.ParseDuration, in milliseconds; undefined for text that is none. */
function parseDurationMs(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let sum = 0;
  for (const [, amount, unit] of (match[2] ?? "").matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    sum += Number(amount) * (unitsMs[unit ?? ""] ?? 0);
  }
  return match[1] === "-" ? -sum : sum;
}
