/** Wakes all who wait before they ask an API server again, when one of them has found it back. */
export class Alarm {
  #controller = new AbortController();

  /** Aborts when it rings. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  ring(): void {
    this.#controller.abort();
    this.#controller = new AbortController();
  }
}
