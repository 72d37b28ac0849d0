/** DNS over UDP on node's own sockets: works wherever node does. */

import type { RemoteInfo, Socket } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Logger } from "pino";
import type { Client } from "../plugins/query.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { sharesPorts } from "./port-sharing.ts";
import type { Response } from "./reply-bytes.ts";
import { Work, wholeTurn } from "./work.ts";

/**
 * Room for the bursts of clients that ask A and AAAA for every search domain at once; the kernel cuts it to
 * `net.core.rmem_max` by itself.
 */
const receiveBufferBytes = 4 * 1024 * 1024;

/** Listens on `address` and `port`. Rejects with the system's error. */
export async function listenUdp({ address, port, respond, log }: ListenOptions): Promise<Listener> {
  const isV6 = isIPv6(address);
  const socket = createSocket({
    type: isV6 ? "udp6" : "udp4",
    reusePort: sharesPorts,
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
  const serverPort = socket.address().port;
  const work = new Work();
  const receive = (query: Buffer, remote: RemoteInfo) => {
    const { address: host, port: clientPort, family } = remote;
    const client: Client = {
      protocol: "udp",
      family,
      address: host,
      port: clientPort,
      serverAddress: address,
      serverPort,
    };
    const response = respond(query, client);
    if (!(response instanceof Promise)) send(socket, response, remote, log);
    else work.add(response.then(late => send(socket, late, remote, log)));
  };
  socket.on("message", receive);
  socket.on("error", error => log.warn({ err: error }, "UDP socket error; listening goes on"));
  return {
    address,
    port: serverPort,
    /** What has come already is answered, and what comes as long as others are under way. */
    async close() {
      await wholeTurn();
      await work.finished();
      await new Promise<void>(resolve => socket.close(() => resolve()));
    },
  };
}

function send(socket: Socket, response: Response, { port, address }: RemoteInfo, log: Logger): void {
  // Several messages are for streams; a zone transfer over UDP is refused before it gets here.
  if (!(response instanceof Uint8Array)) return;
  socket.send(response, port, address, error => {
    // A client that is gone or unreachable is its own affair, and may be worth a line only to somebody looking for one.
    if (error !== null) log.debug({ err: error }, "UDP reply not sent");
  });
}
