/** Whether one upstream answers. Checks begin with a failed exchange and end with the first that succeeds. */

export interface HealthChecks {
  /** Failed checks in a row that are forgiven; 0: never checked, never down. */
  readonly maxFails: number;
  readonly intervalMs: number;
  /** Resolves to whether the upstream answered; never rejects. */
  check(): Promise<boolean>;
  /** Called after each check that changed `isDown`. */
  onChange(isDown: boolean): void;
}

/** An interval of 0, which CoreDNS takes, would flood an upstream that refuses at once. */
const leastIntervalMs = 10;

export class UpstreamHealth {
  readonly #checks: HealthChecks;
  #fails = 0;
  #isChecking = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(checks: HealthChecks) {
    this.#checks = checks;
  }

  /** CoreDNS says "max_fails N" and means more than N. */
  get isDown(): boolean {
    const { maxFails } = this.#checks;
    return maxFails > 0 && this.#fails > maxFails;
  }

  /** An exchange failed, and no check has succeeded since. Never with `max_fails 0`, which says not to check. */
  get isSuspect(): boolean {
    return this.#isChecking;
  }

  /** An exchange failed: checks at once and then in intervals until the upstream answers. */
  suspect(): void {
    if (this.#isChecking || this.#isClosed || this.#checks.maxFails === 0) return;
    this.#isChecking = true;
    void this.#check();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #check(): Promise<void> {
    const isAnswering = await this.#checks.check();
    if (this.#isClosed) return;
    const wasDown = this.isDown;
    this.#fails = isAnswering ? 0 : this.#fails + 1;
    if (this.isDown !== wasDown) this.#checks.onChange(this.isDown);
    if (isAnswering) {
      this.#isChecking = false;
      return;
    }
    const intervalMs = Math.max(this.#checks.intervalMs, leastIntervalMs);
    this.#timer = setTimeout(() => void this.#check(), intervalMs).unref();
  }
}
