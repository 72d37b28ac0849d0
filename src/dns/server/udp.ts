/** DNS over UDP on node's own sockets: works wherever node does. */

import type { Socket } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Logger } from "pino";
import type { Listener } from "./listener.ts";
import type { Client, Respond } from "./responder.ts";

/**
 * Room for the bursts of clients that ask A and AAAA for every search domain at once; the kernel cuts it to
 * `net.core.rmem_max` by itself.
 */
const receiveBufferBytes = 4 * 1024 * 1024;

/** Listens on `address` and `port`; port 0 takes a free one. Rejects with the system's error. */
export async function listenUdp(
  address: string,
  port: number,
  respond: Respond,
  log: Logger,
): Promise<Listener> {
  const isV6 = isIPv6(address);
  const socket = createSocket({
    type: isV6 ? "udp6" : "udp4",
    recvBufferSize: receiveBufferBytes,
    // Where both families are wanted, 0.0.0.0 has a socket of its own; IPv4 sockets do not know this option.
    ...(isV6 ? { ipv6Only: true } : {}),
  });
  try {
    socket.bind(port, address);
    await once(socket, "listening");
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on("message", (query, { address: host, port: clientPort, family }) => {
    const client: Client = { protocol: "udp", family };
    const reply = respond(query, client);
    if (reply !== undefined) socket.send(reply, clientPort, host, error => reportSend(log, error));
  });
  socket.on("error", error => log.warn({ err: error }, "UDP socket error; listening goes on"));
  return { address, port: socket.address().port, close: () => close(socket) };
}

/** A client that is gone or unreachable is its own affair, and may be worth a line only to somebody looking for one. */
function reportSend(log: Logger, error: Error | null): void {
  if (error !== null) log.debug({ err: error }, "UDP reply not sent");
}

function close(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.close(resolve));
}
