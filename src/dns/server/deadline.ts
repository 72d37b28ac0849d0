/** One deadline at a time. */
export class Deadline {
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(expired: () => void) {
    this.#expired = expired;
  }

  set(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#expired, delayMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
