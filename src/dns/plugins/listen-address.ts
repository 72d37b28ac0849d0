import type { Reading } from "../corefile/reading.ts";
import type { Directive } from "../corefile/syntax.ts";

/**
 * The only argument, `HOST:PORT` or `:PORT`, of words that open an HTTP address. Undefined when it cannot be read.
 * `HOST:`, which an unset variable leaves behind, is port 0, as CoreDNS reads it.
 */
export function readListenAddress(stanza: Directive, reading: Reading, usual: string): string | undefined {
  const [word] = stanza.args;
  if (!reading.hasArguments(stanza, 0, 1)) return undefined;
  if (word === undefined) return usual;
  if (/^(?:\[[^\]]+\]|[^:[\]]*):$/.test(word.text)) {
    const what = `${word.text} names no port, so any that is free is taken`;
    reading.report("COREFILE_RISKY", word.at, what, "write HOST:PORT, [IPv6]:PORT or :PORT");
    return `${word.text}0`;
  }
  const port = Number(/^(?:\[[^\]]+\]|[^:[\]]*):(\d{1,5})$/.exec(word.text)?.[1] ?? NaN);
  if (port <= 65_535) return word.text;
  reading.wrongValue(
    word,
    `"${word.text}" is no address to listen on`,
    "write HOST:PORT, [IPv6]:PORT or :PORT",
  );
  return undefined;
}
