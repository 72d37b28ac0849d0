/**
 * When a configuration takes the place of another, new sockets open beside the old ones: on all addresses instead of
 * one, with TLS instead of without. So all of them are opened in a way that lets others on the same port (SO_REUSEPORT).
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Elsewhere node has no such option, and such a change needs a restart. */
export const sharesPorts = process.platform === "linux";

/**
 * Rejects with the system's error when another program has the address: sharing lets two programs listen, and each would
 * get half of the queries.
 */
export async function assertFree(address: string, port: number, over: "tcp" | "tcp+udp"): Promise<void> {
  const server = createServer().listen({ port, host: address, ipv6Only: true });
  await once(server, "listening");
  await new Promise(resolve => server.close(resolve));
  if (over === "tcp") return;
  const isV6 = address.includes(":");
  const socket = createSocket({ type: isV6 ? "udp6" : "udp4", ...(isV6 ? { ipv6Only: true } : {}) });
  try {
    socket.bind(port, address);
    await once(socket, "listening");
  } finally {
    socket.close();
  }
}

/** Whether sockets on these addresses get in one another's way. Queries go to the one that names its address. */
export function overlap(address: string, other: string): boolean {
  if (address.includes(":") !== other.includes(":")) return false;
  return address === other || isWildcard(address) || isWildcard(other);
}

export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
