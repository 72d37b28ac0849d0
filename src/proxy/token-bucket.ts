/** Lets through what comes in bursts, but no more than a steady rate in the long run. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #refillMs: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #countedAtMs: number;

  /** Full at first; one token comes back every `refillMs`. `nowMs` never goes backwards. */
  constructor(capacity: number, refillMs: number, nowMs: () => number) {
    this.#capacity = capacity;
    this.#refillMs = refillMs;
    this.#nowMs = nowMs;
    this.#tokens = capacity;
    this.#countedAtMs = nowMs();
  }

  /** Whether there was a token left. */
  take(): boolean {
    const nowMs = this.#nowMs();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#countedAtMs) / this.#refillMs);
    this.#countedAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
