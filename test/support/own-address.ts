/** Addresses and ports that nobody else uses, for servers whose configuration must name them. */

import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Of the loopback network; process ids (at most 22 bits) are unique, so these addresses are too. */
export const ownAddress = `127.${64 + (process.pid >> 16)}.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`;

/** A port of `ownAddress` that is free. */
export async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, ownAddress);
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>(resolve => socket.close(() => resolve()));
  return port;
}
