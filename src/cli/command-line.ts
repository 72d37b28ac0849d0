/** argv → verb → exit code; the one place where errors become lines for people. */

import type { Flag, Verb } from "./verb.ts";
import { readArguments, UsageError } from "./verb.ts";
import { version } from "./version.ts";

/** Each is loaded when it is called for: none needs what the others do. */
const verbs: ReadonlyMap<string, () => Promise<Verb>> = new Map([
  ["check", async () => (await import("./check.ts")).checkVerb],
  ["up", async () => (await import("./up.ts")).upVerb],
  ["dns", async () => (await import("./dns.ts")).dnsVerb],
  ["proxy", async () => (await import("./proxy.ts")).proxyVerb],
]);

/**
 * Runs one command line, without the program's name. Resolves with the exit code when all is done; what runs until it
 * is told to end, ends when `stopped` resolves.
 */
export async function runCommandLine(argv: readonly string[], stopped: Promise<unknown>): Promise<number> {
  try {
    return await dispatch(argv, stopped);
  } catch (error) {
    if (isExplained(error)) {
      const { at, what, remedy } = error;
      const place = at === undefined ? "" : `${at.file}:${at.line}:${at.column}: `;
      process.stderr.write(`frontdesk: ${place}${what}\n  what to do: ${remedy}\n`);
      return error.exitCode ?? 1;
    }
    const { createLogger } = await import("../observe/log.ts");
    (await createLogger()).fatal({ err: error }, "frontdesk stopped: this is a fault of its own");
    return 1;
  }
}

async function dispatch(argv: readonly string[], stopped: Promise<unknown>): Promise<number> {
  const [word = "help", ...rest] = argv;
  if (word === "version" || word === "--version" || word === "-version") return print(version);
  if (word === "help" || word === "--help" || word === "-h") return print(await helpOn(rest[0]));
  const verb = await loadVerb(word);
  if (rest.includes("--help") || rest.includes("-h")) return print(verbHelp(verb));
  return verb.run(readArguments(verb, rest), stopped);
}

function loadVerb(word: string): Promise<Verb> {
  const load = verbs.get(word);
  if (load !== undefined) return load();
  const names = [...verbs.keys()].join(", ");
  throw new UsageError(`there is no verb "${word}"`, `use one of: ${names}, help, version`);
}

/** Errors that say themselves what happened and what to do carry these; anything else is a fault of ours. */
interface ExplainedError extends Error {
  readonly what: string;
  readonly remedy: string;
  /** The spot in a file that it is about. */
  readonly at?: { readonly file: string; readonly line: number; readonly column: number };
  /** 1 unless given: the thing asked for failed. */
  readonly exitCode?: number;
}

function isExplained(error: unknown): error is ExplainedError {
  return error instanceof Error && "what" in error && "remedy" in error;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

async function helpOn(word: string | undefined): Promise<string> {
  if (word !== undefined) return verbHelp(await loadVerb(word));
  const all = await Promise.all([...verbs.values()].map(load => load()));
  const width = Math.max(...all.map(verb => verb.name.length));
  return [
    "Usage: frontdesk VERB …",
    "",
    ...all.map(verb => `  ${verb.name.padEnd(width)}  ${verb.summary}`),
    "",
    "frontdesk help VERB says more; frontdesk version prints the version.",
  ].join("\n");
}

function verbHelp(verb: Verb): string {
  const names = verb.flags.map(nameInHelp);
  const width = Math.max(0, ...names.map(name => name.length));
  const lines = verb.flags.map((flag, place) => {
    const preset = flag.default === undefined ? "" : ` (default ${flag.default})`;
    return `  ${names[place]?.padEnd(width)}  ${flag.help}${preset}`;
  });
  return [
    `Usage: frontdesk ${verb.name} ${verb.usage}`,
    "",
    verb.summary,
    "",
    ...lines,
    ...(verb.notes === undefined ? [] : ["", ...verb.notes]),
  ].join("\n");
}

function nameInHelp(flag: Flag): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`;
}
