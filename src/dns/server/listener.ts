/** What every transport of DNS looks like to the rest: an address in use until it is closed. */

import type { Logger } from "pino";
import type { Respond } from "./responder.ts";

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Stops taking queries; those under way are still answered, for as long as CoreDNS waits. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly respond: Respond;
  readonly log: Logger;
}
