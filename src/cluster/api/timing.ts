import { setTimeout as delay } from "node:timers/promises";
import type { BackoffOptions } from "./backoff.ts";

/** What time and chance mean to a reflector; tests bring their own. */
export interface Timing {
  readonly backoff: BackoffOptions;
  /** Longest wait for credentials and for the headers of an answer, and longest silence inside a list. */
  readonly answerSilenceMs: number;
  /** A watch is asked to end after a random time from this range, so that replicas do not all come back at once. */
  readonly watchSeconds: { readonly min: number; readonly max: number };
  /** How long after that time a silent watch counts as dead. */
  readonly watchGraceMs: number;
  /** A watch that ends sooner than this and brought nothing has failed. */
  readonly shortWatchMs: number;
  readonly random: () => number;
  readonly nowMs: () => number;
  /** Resolves after the delay; at once when the signal aborts. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

export const defaultTiming: Timing = {
  // A third of client-go's bound: whoever restarts the API server of a test cluster waits for us, and three requests in ten
  // seconds are no load.
  backoff: { initialMs: 200, maxMs: 10_000 },
  answerSilenceMs: 30_000,
  // client-go watches for five to ten minutes, and hears of a dead server by pings of HTTP/2. HTTP/1.1 has none: the end
  // of a watch is the sign of life, at the price of one request per kind and minute.
  watchSeconds: { min: 40, max: 60 },
  watchGraceMs: 10_000,
  shortWatchMs: 1000,
  random: Math.random,
  nowMs: Date.now,
  sleep: (delayMs, signal) => delay(delayMs, undefined, { signal }).catch(() => {}),
};
