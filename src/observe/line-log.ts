/**
 * The log of a DNS server in CoreDNS's form, on standard output: `[LEVEL] plugin/NAME: message`. People, alerts and
 * parsers know these lines; `FRONTDESK_LOG_FORMAT=json` gives pino's own instead.
 */

import type { DestinationStream, Logger } from "pino";
import { createLogger, openDestination, standardError } from "./log.ts";

export interface LineLog {
  readonly log: Logger;
  /** Writes one line as it is. */
  writeLine(line: string): void;
  /** Writes out what is still held back; call it before the process ends. */
  flush(): Promise<void>;
}

export interface LineLogOptions {
  readonly isQuiet?: boolean;
  /** Other processes write to the same standard output. */
  readonly isShared?: boolean;
  /** Of several: tells in each line which one it is of. */
  readonly process?: number;
}

export async function createLineLog(options: LineLogOptions = {}): Promise<LineLog> {
  const { isQuiet = false, isShared = false } = options;
  const stream = openDestination(process.stdout.fd, isShared);
  const isJson = process.env.FRONTDESK_LOG_FORMAT === "json";
  const whole = await createLogger({
    stream: isJson ? stream : linesOn(stream),
    isTerminal: false,
    ...(isQuiet && process.env.FRONTDESK_LOG_LEVEL === undefined ? { level: "warn" } : {}),
  });
  const log = options.process === undefined ? whole : whole.child({ process: options.process });
  return {
    log,
    writeLine: isJson ? line => log.info(line) : line => void stream.write(`${line}\n`),
    flush: () => stream.flush(),
  };
}

/** As a KubeProxyConfiguration asks for, on standard error. From verbosity 4 on, kube-proxy's word for it, all is told. */
export async function createTextLog(logging: {
  readonly format: "text" | "json";
  readonly verbosity: number;
}): Promise<Logger> {
  const { format, verbosity } = logging;
  const stream = standardError();
  return createLogger({
    stream: format === "json" ? stream : linesOn(stream),
    isTerminal: false,
    ...(verbosity >= 4 && process.env.FRONTDESK_LOG_LEVEL === undefined ? { level: "debug" } : {}),
  });
}

/** Takes pino's JSON lines and writes lines for people. */
function linesOn(stream: DestinationStream): DestinationStream {
  return { write: json => void stream.write(formatLine(json)) };
}

const levelWords: Readonly<Record<string, string>> = {
  trace: "DEBUG",
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "FATAL",
};

interface Fields {
  readonly level?: string;
  readonly msg?: string;
  readonly plugin?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
}

/** One line of pino's JSON as a line for people; fields without a place of their own follow as `key=value`. */
export function formatLine(json: string): string {
  const {
    level = "info",
    msg = "",
    plugin,
    err,
    time: _time,
    ...others
  } = JSON.parse(json) as Fields & { time?: string };
  const prefix = `[${levelWords[level] ?? "INFO"}] ${plugin === undefined ? "" : `plugin/${plugin}: `}`;
  const fields = Object.entries(others).map(
    ([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const cause = err?.message === undefined ? "" : `: ${err.message}`;
  // Only faults of our own are logged as errors with an exception; where they come from is what matters then.
  const stack = level === "error" || level === "fatal" ? stackLines(err?.stack) : "";
  return `${prefix}${msg}${cause}${fields.join("")}\n${stack}`;
}

function stackLines(stack: string | undefined): string {
  const lines = (stack ?? "").split("\n").filter(line => /^\s+at /.test(line));
  return lines.map(line => `${line}\n`).join("");
}
