/**
 * Reads the words of directives into values. Whatever does not fit becomes a finding with its place; reading goes on,
 * so that one pass over a file finds all of its mistakes.
 */

import { isIP } from "node:net";
import type { Name } from "../wire/name.ts";
import { parseDurationMs } from "./duration.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { finding } from "./finding.ts";
import { closest } from "./suggestion.ts";
import type { Directive, Place, Word } from "./syntax.ts";
import { oddPartOfZone, parseZones, withoutSchemeAndPort } from "./zones.ts";

/** Reads one option of a block, `NAME ARGS…`. */
export type OptionReader = (option: Directive) => void;

export class Reading {
  readonly findings: Finding[] = [];
  readonly #directiveWords: ReadonlySet<string>;

  /** `directiveWords` can begin a directive: among options they show that a brace is missing. */
  constructor(directiveWords: ReadonlySet<string> = new Set()) {
    this.#directiveWords = directiveWords;
  }

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

  /** The first stanza, which alone counts; warns of the others. */
  first([first, ...others]: readonly [Directive, ...Directive[]]): Directive {
    this.ignores(
      others.map(({ name }) => name),
      first.name,
    );
    return first;
  }

  /** Warns of words that mean nothing to the word before them. */
  ignores(words: readonly Word[], before: Word): void {
    for (const { text, at } of words) {
      this.report(
        "COREFILE_NO_EFFECT",
        at,
        `"${text}" means nothing after ${before.text} of line ${before.at.line}`,
        "remove it",
      );
    }
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

  /** Like `hasNoBlock`, for words that CoreDNS lets have an empty one. */
  hasNoOptions(directive: Directive): boolean {
    if (directive.block?.length !== 0) return this.hasNoBlock(directive);
    const { text, at } = directive.name;
    this.report("COREFILE_NO_EFFECT", at, `the braces after ${text} mean nothing`, "remove them");
    return true;
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
      else if (remedy === undefined) {
        this.#unknownOption(directive.name, option.name, Object.keys(readers));
        // The rest are no options either, but what follows a block that is not closed.
        if (this.#directiveWords.has(text)) return;
      } else {
        this.report(
          "COREFILE_REMOVED_OPTION",
          at,
          `${directive.name.text}: ${text} is no longer an option`,
          remedy,
        );
      }
    }
  }

  #unknownOption(directive: Word, { text, at }: Word, known: readonly string[]): void {
    const meant = closest(text, known);
    const list = known.length === 0 ? "remove it" : `remove it, or use one of: ${known.join(", ")}`;
    const remedy = this.#directiveWords.has(text)
      ? `${text} is a plugin of its own: close the options of ${directive.text} before it with }`
      : meant === undefined
        ? list
        : `did you mean ${meant}?`;
    this.report("COREFILE_UNKNOWN_OPTION", at, `${directive.text} has no option "${text}"`, remedy);
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
    return words.flatMap(word => this.#zones(word));
  }

  #zones(word: Word): readonly Name[] {
    const text = withoutSchemeAndPort(word.text);
    const zones = parseZones(text);
    const remedy = "write a name such as cluster.local, or a CIDR";
    if (zones === undefined) {
      this.wrongValue(word, `"${word.text}" is not a domain name`, remedy);
      return [];
    }
    const odd = oddPartOfZone(text);
    if (odd !== undefined) {
      const what = `"${odd}" is taken as a part of the name "${word.text}"`;
      this.report("COREFILE_RISKY", word.at, what, remedy);
    } else if (text !== word.text) {
      const what = `scheme and port of "${word.text}" mean nothing here: the zone is ${text}`;
      this.report("COREFILE_NO_EFFECT", word.at, what, `write ${text}`);
    }
    return zones;
  }

  /** Arguments as zones, or `otherwise` when there are none. */
  zonesOr(words: readonly Word[], otherwise: readonly Name[]): readonly Name[] {
    return words.length === 0 ? otherwise : this.zones(words);
  }
}
