import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 20;

/** What `probe` returns as soon as that is neither undefined nor false; rejects with `what` when it takes too long. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadlineMs) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await sleep(pauseMs);
  }
}
