import type { Socket } from "node:net";
import type { Client } from "../plugins/query.ts";

/** Who is at the other end of a connection. */
export function clientOf(socket: Socket, protocol: Client["protocol"], listening: string): Client {
  return {
    protocol,
    family: socket.remoteFamily === "IPv6" ? "IPv6" : "IPv4",
    address: socket.remoteAddress ?? "",
    port: socket.remotePort ?? 0,
    serverAddress: socket.localAddress ?? listening,
    serverPort: socket.localPort ?? 0,
  };
}
