/**
 * The log: lines to read on a terminal, JSON lines for a machine, always on standard error.
 *
 * Both are written synchronously by this thread. Worker transports would lose the last lines of a crash, and a
 * single-file bundle has no second file for a worker to load.
 */

import type { DestinationStream, LevelWithSilent, Logger } from "pino";
import { destination, levels, pino, stdSerializers, stdTimeFunctions } from "pino";

export interface LogOptions {
  /** Default: standard error. */
  readonly stream?: DestinationStream;
  /** Default: whether standard error is a terminal. */
  readonly isTerminal?: boolean;
  /** Default: `FRONTDESK_LOG_LEVEL`, else `info`. */
  readonly level?: LevelWithSilent;
}

/**
 * Creates the logger of the process. Fields are the same in both forms: `time` (ISO 8601, UTC), `level` (a word),
 * `msg`, errors under `err`, then what the call names.
 */
export async function createLogger(options: LogOptions = {}): Promise<Logger> {
  const stream = options.stream ?? standardError();
  const isTerminal = options.isTerminal ?? process.stderr.isTTY === true;
  const wantedLevel = options.level ?? process.env.FRONTDESK_LOG_LEVEL ?? "info";
  const isKnownLevel = isLevel(wantedLevel);
  const log = pino(
    {
      level: isKnownLevel ? wantedLevel : "info",
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: stdSerializers.err },
    },
    isTerminal ? await prettyStream(stream) : stream,
  );
  if (!isKnownLevel) {
    log.warn(
      `FRONTDESK_LOG_LEVEL=${wantedLevel} is not a level: logging at info; use one of ${levelNames.join(" ")}`,
    );
  }
  return log;
}

const levelNames: readonly string[] = [...Object.keys(levels.values), "silent"];

function isLevel(text: string): text is LevelWithSilent {
  return levelNames.includes(text);
}

/** Loaded here and not above: a server in a container never needs it, and it costs more to load than the logger itself. */
async function prettyStream(stream: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import("pino-pretty");
  const colorize = process.stderr.isTTY && process.stderr.hasColors();
  const format = prettyFactory({ colorize, translateTime: "SYS:HH:MM:ss.l", singleLine: true });
  return { write: line => stream.write(format(line)) };
}

/** A full disk or a closed pipe costs lines, not the server. */
export function standardError(): DestinationStream {
  const stream = destination({ dest: process.stderr.fd, sync: true });
  stream.on("error", () => {});
  return stream;
}

/** A destination that may hold lines back. */
interface Destination {
  write(line: string): void;
  /** Resolves when all is written out, or nobody takes it. */
  flush(): Promise<void>;
}

/** More than a reader falls behind for a moment; less than a memory limit that counts. */
const maxHeldBackCharacters = 1024 * 1024;
const holdBackMs = 100;
/** At the end of the process. */
const maxFlushMs = 1_000;

/** What a pipe takes in one piece, so that no line of another process gets into the middle (POSIX: PIPE_BUF, on Linux). */
const pipePieceBytes = 4096;

/**
 * Lines are written in pieces of some kilobytes, at the latest after a tenth of a second: a query log has many. Where
 * several processes write, the pieces are small enough to stay whole.
 */
export function openDestination(descriptor: number, isShared = false): Destination {
  const stream = destination({
    dest: descriptor,
    sync: false,
    maxLength: maxHeldBackCharacters,
    ...(isShared ? { minLength: pipePieceBytes / 2, maxWrite: pipePieceBytes } : { minLength: 4096 }),
  });
  // A full disk, a closed pipe or one that nobody empties costs lines, not the server.
  stream.on("error", () => {});
  let isFlushDue = false;
  const flush = () => {
    isFlushDue = false;
    stream.flush();
  };
  return {
    write(line) {
      stream.write(line);
      if (isFlushDue) return;
      isFlushDue = true;
      // Not an interval: a server that has nothing to say sleeps.
      setTimeout(flush, holdBackMs).unref();
    },
    async flush() {
      await new Promise<void>(resolve => {
        // What is on its way already would end with the process.
        stream.flush(() => resolve());
        setTimeout(resolve, maxFlushMs).unref();
      });
      stream.flushSync();
    },
  };
}
