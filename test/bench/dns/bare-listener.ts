/** The sockets of `frontdesk dns` without DNS behind them: every datagram is answered by one function. */

import { pino } from "pino";
import type { Shortcut } from "../../../src/dns/server/shortcut.ts";
import { UDPSockets } from "../../../src/dns/server/udp.ts";

export interface BareListenerStarted {
  readonly port: number;
}

/** Listens on 127.0.0.1, tells the parent the port, and ends with it. */
export async function serveBare(answer: Shortcut["answer"]): Promise<void> {
  const log = pino({ level: "silent" });
  const sockets = new UDPSockets(undefined, log);
  const options = { address: "127.0.0.1", port: 0, respond: () => undefined, shortcut: { answer }, log };
  const { port } = await sockets.listen(options);
  process.on("disconnect", () => process.exit());
  process.send?.({ port } satisfies BareListenerStarted);
}
