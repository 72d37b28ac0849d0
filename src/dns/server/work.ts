/** What is under way and should be finished before its socket goes. */

import { setImmediate, setTimeout } from "node:timers/promises";

/** As long as CoreDNS gives its servers to stop. */
const graceMs = 5_000;

export class Work {
  readonly #pending = new Set<Promise<unknown>>();

  /** The promise must not reject. */
  add(promise: Promise<unknown>): void {
    this.#pending.add(promise);
    promise.finally(() => this.#pending.delete(promise)).catch(() => {});
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Resolves when nothing is under way any more, at the latest after the time of grace. */
  async finished(): Promise<void> {
    if (this.#pending.size === 0) return;
    const waiting = new AbortController();
    const grace = setTimeout(graceMs, undefined, { signal: waiting.signal }).catch(() => {});
    await Promise.race([Promise.all(this.#pending), grace]);
    waiting.abort();
  }

  /**
   * For what finds more to do by itself: resolves when nothing is under way right after `readMore`, at the latest after
   * the time of grace.
   */
  async finishedWith(readMore: () => Promise<void>): Promise<void> {
    const waiting = new AbortController();
    let isOver = false;
    const grace = setTimeout(graceMs, undefined, { signal: waiting.signal }).then(
      () => {
        isOver = true;
      },
      () => {},
    );
    await readMore();
    while (this.#pending.size > 0 && !isOver) {
      await Promise.race([Promise.all(this.#pending), grace]);
      await readMore();
    }
    waiting.abort();
  }
}

/** Resolves when the event loop has gone round: what the kernel held for open sockets has been read by then. */
export async function wholeTurn(): Promise<void> {
  // The first is the end of the turn that is under way.
  await setImmediate();
  await setImmediate();
}
