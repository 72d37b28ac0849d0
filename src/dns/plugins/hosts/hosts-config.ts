/** `hosts [FILE [ZONES…]] { … }`: options, and entries like those of the file. */

import type { BlockContext, Stanzas } from "../../corefile/plan.ts";
import type { OptionReader, Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import { parseEntry } from "./hosts-table.ts";

export interface HostsConfig {
  readonly file: string;
  /** Undefined: nobody asked for the file by name. */
  readonly fileWord: Word | undefined;
  readonly zones: readonly Name[];
  /** Entries in the Corefile, line by line. */
  readonly inline: readonly string[];
  readonly ttlSeconds: number;
  readonly hasReverse: boolean;
  /** 0: the file is read once. */
  readonly reloadMs: number;
  /** Names that are not found are the next plugin's in these zones. */
  readonly fallthrough: readonly Name[];
  /** There also questions for types that hosts files do not have. */
  readonly fallsThroughUnsupported: boolean;
}

type Draft = { -readonly [Key in keyof HostsConfig]: HostsConfig[Key] };

export function readHosts(stanzas: Stanzas, reading: Reading, { keys }: BlockContext): HostsConfig {
  reading.isOnce(stanzas);
  const [stanza] = stanzas;
  const [fileWord, ...zones] = stanza.args;
  const inline: string[] = [];
  const draft: Draft = {
    file: fileWord?.text ?? "/etc/hosts",
    fileWord,
    inline,
    zones: reading.zonesOr(
      zones,
      keys.map(({ zone }) => zone),
    ),
    ttlSeconds: 3600,
    hasReverse: true,
    reloadMs: 5_000,
    fallthrough: [],
    fallsThroughUnsupported: false,
  };
  const options = optionsInto(draft, reading);
  for (const line of stanza.block ?? []) {
    if (Object.hasOwn(options, line.name.text)) options[line.name.text]?.(line);
    else if (draft.fallthrough.length > 0) reportLate(line, Object.keys(options), reading);
    else inline.push(readEntry(line, reading));
  }
  requireFallthrough(stanza, draft, reading);
  return draft;
}

function optionsInto(draft: Draft, reading: Reading): Readonly<Record<string, OptionReader>> {
  return {
    ttl(option) {
      const [seconds, ...surplus] = option.args;
      if (!reading.hasArguments(option, 1, Infinity) || seconds === undefined) return;
      reading.ignores(surplus, option.name);
      draft.ttlSeconds = reading.integer(seconds, 1, 65535) ?? draft.ttlSeconds;
    },
    reload(option) {
      const [duration] = option.args;
      if (!reading.hasArguments(option, 1) || duration === undefined) return;
      draft.reloadMs = reading.durationMs(duration) ?? draft.reloadMs;
    },
    no_reverse(option) {
      reading.ignores(option.args, option.name);
      draft.hasReverse = false;
    },
    fallthrough(option) {
      draft.fallthrough = reading.zonesOr(option.args, [[]]);
    },
    fallthrough_unsupported(option) {
      draft.fallsThroughUnsupported = reading.hasArguments(option, 0);
    },
  };
}

function readEntry({ name, args }: Directive, reading: Reading): string {
  const line = [name, ...args].map(({ text }) => text).join(" ");
  if ((parseEntry(line)?.names ?? []).length === 0) {
    reading.report(
      "COREFILE_NO_EFFECT",
      name.at,
      `"${line}" is neither an option nor an entry`,
      "write an option, or an address and its names",
    );
  }
  return line;
}

/** CoreDNS takes entries only up to `fallthrough`. */
function reportLate({ name, args }: Directive, options: readonly string[], reading: Reading): void {
  const isEntry = parseEntry([name, ...args].map(({ text }) => text).join(" ")) !== undefined;
  reading.report(
    "COREFILE_UNKNOWN_OPTION",
    name.at,
    isEntry ? "entries have to stand before fallthrough" : `hosts has no option "${name.text}"`,
    isEntry ? "move the line up" : `remove it, or use one of: ${options.join(", ")}`,
  );
}

function requireFallthrough({ block }: Directive, draft: Draft, reading: Reading): void {
  const option = block?.find(({ name }) => name.text === "fallthrough_unsupported");
  if (option === undefined || draft.fallthrough.length > 0) return;
  reading.report(
    "COREFILE_MISSING",
    option.name.at,
    "fallthrough_unsupported needs fallthrough",
    "add fallthrough, or remove it",
  );
}
