/** What every transport of DNS looks like to the rest: an address in use until it is closed. */

import type { Logger } from "pino";
import type { Respond } from "./responder.ts";
import type { Shortcut } from "./shortcut.ts";

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Stops taking queries; those under way are still answered, for as long as CoreDNS waits. */
  close(): Promise<void>;
}

/** `batched` reads and sends many datagrams with one system call; `portable` one by one, with nothing but node. */
export const udpKinds = ["batched", "portable"] as const;
export type UDPKind = (typeof udpKinds)[number];

export interface UDPListener extends Listener {
  readonly kind: UDPKind;
}

export interface ListenOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly respond: Respond;
  /** Asked before `respond`, by the transports that can use it. */
  readonly shortcut: Shortcut | undefined;
  /** Other processes listen here, too, and can have what comes while this listener closes. */
  readonly sharesQueries?: boolean;
  readonly log: Logger;
}
