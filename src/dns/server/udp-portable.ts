/** DNS over UDP on node's own sockets: works wherever node does. */

import type { RemoteInfo, Socket } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Logger } from "pino";
import type { Client } from "../plugins/query.ts";
import type { ListenOptions, UDPListener } from "./listener.ts";
import { sharesPorts } from "./port-sharing.ts";
import type { Response } from "./reply-bytes.ts";
import { type Arrival, maxShortcutOctets } from "./shortcut.ts";
import { Work, wholeTurn } from "./work.ts";

/**
 * Room for the bursts of clients that ask A and AAAA for every search domain at once, and for what comes while memory is
 * collected: a tenth of a second at 100 000 queries in one. The kernel cuts it to `net.core.rmem_max` by itself.
 */
export const receiveBufferBytes = 8 * 1024 * 1024;

/** While closing; node reads some thirty datagrams in a turn, and this is more than the receive buffer holds. */
const maxLastTurns = 1_024;

/** Listens on `address` and `port`. Rejects with the system's error. */
export async function listenPortable(options: ListenOptions): Promise<UDPListener> {
  const { address, port, log } = options;
  const isV6 = address.includes(":");
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
  socket.on("error", error => log.warn({ err: error }, "UDP socket error; listening goes on"));
  return new PortableListener(socket, options);
}

class PortableListener implements UDPListener {
  readonly kind = "portable";
  readonly address: string;
  readonly port: number;
  readonly #options: ListenOptions;
  readonly #socket: Socket;
  readonly #work = new Work();
  readonly #shortcutReply = Buffer.alloc(maxShortcutOctets);
  readonly #arrival: Arrival = { client: () => this.#client() };
  #remote: RemoteInfo | undefined;
  #receivedCount = 0;

  constructor(socket: Socket, options: ListenOptions) {
    this.#socket = socket;
    this.#options = options;
    this.address = options.address;
    this.port = socket.address().port;
    socket.on("message", (query, remote) => this.#receive(query, remote));
  }

  /** What has come already is answered, and what comes as long as others are under way. */
  async close(): Promise<void> {
    await this.#work.finishedWith(() => this.#readAll());
    await new Promise<void>(resolve => this.#socket.close(() => resolve()));
  }

  async #readAll(): Promise<void> {
    for (let turn = 0; turn < maxLastTurns; turn++) {
      const before = this.#receivedCount;
      await wholeTurn();
      if (this.#receivedCount === before) return;
    }
  }

  #receive(query: Buffer, remote: RemoteInfo): void {
    this.#receivedCount += 1;
    this.#remote = remote;
    const { respond, shortcut, log } = this.#options;
    const reply = this.#shortcutReply;
    const size = shortcut?.answer(query, 0, query.length, reply, 0, this.#arrival) ?? 0;
    // The socket may keep what it sends for a while.
    const response = size > 0 ? Buffer.from(reply.subarray(0, size)) : respond(query, this.#client());
    if (!(response instanceof Promise)) send(this.#socket, response, remote, log);
    else this.#work.add(response.then(late => send(this.#socket, late, remote, log)));
  }

  #client(): Client {
    const { family, address, port } = this.#remote as RemoteInfo;
    return { protocol: "udp", family, address, port, serverAddress: this.address, serverPort: this.port };
  }
}

function send(socket: Socket, response: Response, { port, address }: RemoteInfo, log: Logger): void {
  // Several messages are for streams; a zone transfer over UDP is refused before it gets here.
  if (!(response instanceof Uint8Array)) return;
  socket.send(response, port, address, error => {
    // A client that is gone or unreachable is its own affair, and may be worth a line only to somebody looking for one.
    if (error !== null) log.debug({ err: error }, "UDP reply not sent");
  });
}
