/** What a verb of the command line is, and how its arguments are read. */

import { parseArgs } from "node:util";

export interface Flag {
  /** Long name without dashes; may hold dots, as CoreDNS's flags do. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What the value stands for in help; absent for a switch. */
  readonly value?: string;
  readonly default?: string;
  readonly help: string;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** What follows the verb in its usage line. */
  readonly usage: string;
  /** Further lines of help, if any. */
  readonly notes?: readonly string[];
  readonly flags: readonly Flag[];
  /**
   * Resolves with the exit code: 0 fine, 1 failed, 2 bad usage or configuration. A verb that runs until it is told to
   * end does so when `stopped` resolves.
   */
  run(given: Given, stopped: Promise<unknown>): Promise<number>;
}

/** The arguments of one call. */
export class Given {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(
    values: Readonly<Record<string, string | boolean | undefined>>,
    positionals: readonly string[],
  ) {
    this.#values = values;
    this.positionals = positionals;
  }

  isSet(name: string): boolean {
    return this.#values[name] === true;
  }

  /** How a switch was put: false after `--name=false`; undefined when it is not there. */
  switched(name: string): boolean | undefined {
    const value = this.#values[name];
    return typeof value === "boolean" ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** A whole number between the bounds. Throws UsageError for anything else. */
  number(name: string, least: number, most: number): number {
    const text = this.text(name) ?? "";
    const number = Number(text);
    if (text.trim() === "" || !Number.isInteger(number) || number < least || number > most) {
      throw new UsageError(
        `--${name} "${text}" is not a number from ${least} to ${most}`,
        "give such a number",
      );
    }
    return number;
  }

  /** One of the words. Throws UsageError for any other. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word {
    const text = this.text(name);
    const word = words.find(candidate => candidate === text);
    if (word !== undefined) return word;
    throw new UsageError(`--${name} "${text}" is not known`, `use one of: ${words.join(", ")}`);
  }
}

/** The command line asks for something that is not there. */
export class UsageError extends Error {
  /** Bad usage. */
  readonly exitCode = 2;
  readonly what: string;
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(`${what}: ${remedy}`);
    this.name = "UsageError";
    this.what = what;
    this.remedy = remedy;
  }
}

/** Throws UsageError for flags the verb does not have. */
export function readArguments(verb: Verb, argv: readonly string[]): Given {
  try {
    const { values, positionals } = parseArgs({
      args: withPlainSwitches(withTwoDashes(argv), verb.flags),
      options: Object.fromEntries(verb.flags.map(flag => [flag.name, optionOf(flag)])),
      allowPositionals: true,
      allowNegative: true,
    });
    return new Given(values as Readonly<Record<string, string | boolean | undefined>>, positionals);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS") !== true) throw error;
    const [what = message] = message.split(". ");
    throw new UsageError(what, `see frontdesk help ${verb.name}`);
  }
}

function optionOf(flag: Flag) {
  return {
    type: flag.value === undefined ? ("boolean" as const) : ("string" as const),
    ...(flag.short === undefined ? {} : { short: flag.short }),
    ...(flag.default === undefined ? {} : { default: flag.default }),
  };
}

/** The peers are Go programs, whose flags take one dash as well as two: `-dns.port=53` is `--dns.port=53`. */
function withTwoDashes(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.flatMap((argument, place) => {
    const match = /^-([a-zA-Z][^=]*)(?:=(.*))?$/s.exec(argument);
    if (match === null || (end !== -1 && place > end)) return [argument];
    const [, name = "", value] = match;
    if (name.length > 1) return [`-${argument}`];
    return value === undefined ? [argument] : [`-${name}`, value];
  });
}

/** Go's switches take a value: `--cleanup=true` is `--cleanup`, and `--cleanup=false` is `--no-cleanup`. */
function withPlainSwitches(argv: readonly string[], flags: readonly Flag[]): readonly string[] {
  const switches = new Set(flags.filter(({ value }) => value === undefined).map(({ name }) => name));
  const end = argv.indexOf("--");
  return argv.map((argument, place) => {
    const [, name = "", word = ""] = /^--([^=]+)=(.*)$/s.exec(argument) ?? [];
    if (!switches.has(name) || (end !== -1 && place > end)) return argument;
    if (goTrue.has(word)) return `--${name}`;
    if (goFalse.has(word)) return `--no-${name}`;
    throw new UsageError(`--${name} is on or off, not "${word}"`, `write --${name}, or --${name}=false`);
  });
}

/** Words of Go's `strconv.ParseBool`. */
const goTrue: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const goFalse: ReadonlySet<string> = new Set(["0", "f", "F", "false", "FALSE", "False"]);
