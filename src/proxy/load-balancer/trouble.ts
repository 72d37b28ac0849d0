import type { Logger } from "pino";
import { ApiStatusError, describeError } from "../../cluster/api/api-error.ts";

export interface TroubleTiming {
  readonly retryMs: number;
  /** How long to wait where a right is missing: somebody has to grant it first. */
  readonly rightsRetryMs: number;
}

/** What keeps one activity of the load balancer from going on: said once, and once when it is over. */
export class Trouble {
  readonly #log: Logger;
  readonly #timing: TroubleTiming;
  #last = "";

  constructor(log: Logger, timing: TroubleTiming) {
    this.#log = log;
    this.#timing = timing;
  }

  /** Returns after how many milliseconds to try again. */
  report(error: unknown): number {
    const isForbidden = error instanceof ApiStatusError && error.code === 403;
    const text = isForbidden
      ? `load-balancer addresses wait for rights, the proxy works without: ${describeError(error)}; to grant them: kubectl apply -f manifests/load-balancer-rbac.yaml`
      : `load-balancer addresses stay as they are: ${describeError(error)}`;
    if (text !== this.#last) this.#log.warn(text);
    this.#last = text;
    return isForbidden ? this.#timing.rightsRetryMs : this.#timing.retryMs;
  }

  over(): void {
    if (this.#last !== "") this.#log.info("load-balancer addresses are kept up to date again");
    this.#last = "";
  }
}
