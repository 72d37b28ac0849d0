/** What is under way and should be finished before its socket goes. */

import { setImmediate, setTimeout } from "node:timers/promises";

/** As long as CoreDNS gives its servers to stop. */
const graceMs = 5_000;

export class Work {
  #count = 0;
  #finished: PromiseWithResolvers<void> | undefined;

  /** Ends with the promise, however that ends. */
  add(promise: Promise<unknown>): void {
    this.begin();
    promise.then(this.end, this.end);
  }

  /** For who calls `end` himself. */
  begin(): void {
    this.#count += 1;
  }

  readonly end = (): void => {
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#finished?.resolve();
    this.#finished = undefined;
  };

  /** Resolves when nothing is under way any more, at the latest after the time of grace. */
  async finished(): Promise<void> {
    if (this.#count === 0) return;
    const waiting = new AbortController();
    const grace = setTimeout(graceMs, undefined, { signal: waiting.signal }).catch(() => {});
    await Promise.race([this.#untilFinished(), grace]);
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
    while (this.#count > 0 && !isOver) {
      await Promise.race([this.#untilFinished(), grace]);
      await readMore();
    }
    waiting.abort();
  }

  #untilFinished(): Promise<void> {
    this.#finished ??= Promise.withResolvers();
    return this.#finished.promise;
  }
}

/** Resolves when the event loop has gone round: what the kernel held for open sockets has been read by then. */
export async function wholeTurn(): Promise<void> {
  // The first is the end of the turn that is under way.
  await setImmediate();
  await setImmediate();
}
