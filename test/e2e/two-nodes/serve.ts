/** Servers that tell everybody who answers and whom they see. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6 } from "node:net";
import type { Protocol } from "./addresses.ts";

export interface Serving {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

/** Every line of a connection, or every datagram, is answered with `<own address> <own port> <client's address>`. */
export async function serve({ protocol, address, port }: Serving): Promise<void> {
  const answerTo = (client: string | undefined) => `${address} ${port} ${client}\n`;
  if (protocol === "TCP") {
    const server = createServer(socket => {
      socket.setNoDelay(true).on("error", () => {});
      socket.on("data", () => socket.write(answerTo(socket.remoteAddress)));
    });
    server.listen(port, address);
    await once(server, "listening");
    return;
  }
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.on("error", () => {});
  socket.on("message", (_, peer) => socket.send(answerTo(peer.address), peer.port, peer.address));
  socket.bind(port, address);
  await once(socket, "listening");
}
