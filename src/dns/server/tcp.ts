/** DNS over TCP: RFC 1035 §4.2.2, RFC 7766 (pipelining, idle connections, half-closed clients). */

import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { Logger } from "pino";
import type { Listener } from "./listener.ts";
import type { Client, Respond } from "./responder.ts";

/** CoreDNS's defaults. The time starts anew with each whole query, so bytes in drips do not keep a connection. */
const firstQueryTimeoutMs = 3_000;
const idleTimeoutMs = 10_000;
const writeTimeoutMs = 5_000;
/** Each connection costs a file descriptor; clients that hold thousands must not take UDP and the API's away. */
const maxConnections = 4_096;

/** Listens on `address` and `port`; port 0 takes a free one. Rejects with the system's error. */
export async function listenTcp(
  address: string,
  port: number,
  respond: Respond,
  log: Logger,
): Promise<Listener> {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    serveConnection(socket, respond);
  });
  server.maxConnections = maxConnections;
  server.listen({ port, host: address, ipv6Only: true });
  await once(server, "listening");
  server.on("error", error => log.warn({ err: error }, "TCP listener error; listening goes on"));
  server.on("drop", () => log.debug({ maxConnections }, "TCP connection dropped: too many are open"));
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("a TCP listener has a port");
  return { address, port: listening.port, close: () => close(server, connections) };
}

function serveConnection(socket: Socket, respond: Respond): void {
  const client: Client = { protocol: "tcp", family: socket.remoteFamily === "IPv6" ? "IPv6" : "IPv4" };
  const frames = new FrameReader();
  const deadline = new Deadline(() => socket.destroy());
  deadline.set(firstQueryTimeoutMs);
  const answerAll = () => {
    for (let query = frames.next(); query !== undefined; query = frames.next()) {
      const reply = respond(query, client);
      deadline.set(idleTimeoutMs);
      if (reply === undefined || socket.write(frame(reply))) continue;
      // Who asks without reading gets no more answers, and is not read from, until it reads (RFC 7766 §6.2.1.1).
      socket.pause();
      deadline.set(writeTimeoutMs);
      return;
    }
    socket.resume();
  };
  socket.on("data", (chunk: Buffer) => {
    frames.push(chunk);
    answerAll();
  });
  socket.on("drain", () => {
    deadline.set(idleTimeoutMs);
    answerAll();
  });
  // A client may close its sending side at once and still wait for the answers (RFC 7766 §6.2.4).
  socket.on("end", () => {
    deadline.set(writeTimeoutMs);
    socket.end();
  });
  // Resets are the client's affair; "close" follows every error.
  socket.on("error", () => {});
  socket.on("close", () => deadline.clear());
}

function frame(reply: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(2 + reply.length);
  framed.writeUInt16BE(reply.length);
  framed.set(reply, 2);
  return framed;
}

/** Takes bytes in pieces of any size, gives whole messages: two octets of length before each. */
class FrameReader {
  /** Pending octets are those from `#start` to `#end`; behind them is room for more. */
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  push(piece: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = piece;
      this.#start = 0;
      this.#end = piece.length;
      return;
    }
    if (this.#bytes.length - this.#end < piece.length) this.#makeRoom(piece.length);
    piece.copy(this.#bytes, this.#end);
    this.#end += piece.length;
  }

  /** The message is good until the next `push`. */
  next(): Uint8Array | undefined {
    if (this.#end - this.#start < 2) return undefined;
    const messageStart = this.#start + 2;
    const messageEnd = messageStart + this.#bytes.readUInt16BE(this.#start);
    if (messageEnd > this.#end) return undefined;
    this.#start = messageEnd;
    return this.#bytes.subarray(messageStart, messageEnd);
  }

  /** Doubles, so that octets that come one by one are copied twice on average, and none keeps a buffer of its own. */
  #makeRoom(moreBytes: number): void {
    const pending = this.#bytes.subarray(this.#start, this.#end);
    this.#bytes = Buffer.allocUnsafeSlow(2 * (pending.length + moreBytes));
    pending.copy(this.#bytes);
    this.#start = 0;
    this.#end = pending.length;
  }
}

/** One deadline at a time. */
class Deadline {
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(expired: () => void) {
    this.#expired = expired;
  }

  set(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#expired, delayMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

function close(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  for (const socket of connections) socket.destroy();
  return closed;
}
