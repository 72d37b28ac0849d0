import type { Logger } from "pino";
import type { Exchange } from "../plugins/plugin.ts";
import type { Listening } from "./router.ts";

export interface FaultHooks {
  /** Hears what went wrong inside the server. */
  readonly onFault: () => void;
  readonly log: Logger;
}

/** Who counts and logs must not cost the client its answer. */
export function tellListeners(listeners: readonly Listening[], exchange: Exchange, hooks: FaultHooks): void {
  for (const listener of listeners) {
    try {
      listener.sent(exchange);
    } catch (error) {
      tellFault(error, hooks);
    }
  }
}

export function tellFault(error: unknown, { onFault, log }: FaultHooks): void {
  onFault();
  log.error({ err: error }, "counting or logging a query failed");
}
