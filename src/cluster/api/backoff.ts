/** How long to wait before the next attempt: twice as long after each failure, with jitter. */

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** `random` is uniform in [0, 1). */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** Milliseconds to wait now; between half of the exponential value and the whole of it. */
  next(): number {
    const { initialMs, maxMs } = this.#options;
    const ceilingMs = Math.min(maxMs, initialMs * 2 ** this.#failures);
    this.#failures++;
    return ceilingMs * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
