/** Waiting for what comes to be in its own time. */

import { setTimeout as delay } from "node:timers/promises";

/** A machine may be slow, or busy with other things: only what never comes is late. */
const patienceMs = 60_000;
const pauseMs = 5;

/**
 * What `look` finds, as soon as that is neither undefined nor false; rejects with `what` when it takes longer than
 * `withinMs`. That is to be given where a time is promised, and nowhere else.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = patienceMs,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadlineMs) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await delay(pauseMs);
  }
}
