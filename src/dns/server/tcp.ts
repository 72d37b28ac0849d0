/** DNS over TCP and over TLS: RFC 1035 §4.2.2, RFC 7766 (pipelining, idle connections, half-closed clients), RFC 7858. */

import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { Client } from "../plugins/query.ts";
import { FrameReader, frame } from "../wire/frame.ts";
import { Deadline } from "./deadline.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { sharesPorts } from "./port-sharing.ts";
import type { Response } from "./reply-bytes.ts";
import type { Respond } from "./responder.ts";
import { clientOf } from "./socket-client.ts";
import type { TlsContext } from "./tls-context.ts";
import { isWelcome } from "./tls-context.ts";
import { wholeTurn } from "./work.ts";

/** CoreDNS's defaults. The time starts anew with each whole query, so bytes in drips do not keep a connection. */
export interface StreamTimeouts {
  readonly firstQueryMs: number;
  readonly idleMs: number;
  readonly writeMs: number;
  /** Queries a connection may carry; Infinity for no limit. */
  readonly maxQueries: number;
}

export const defaultTimeouts: StreamTimeouts = {
  firstQueryMs: 3_000,
  idleMs: 10_000,
  writeMs: 5_000,
  maxQueries: Infinity,
};

/** Each connection costs a file descriptor; clients that hold thousands must not take UDP and the API's away. */
const maxConnections = 4_096;
/** Of one connection; what a client sends beyond them is read when some have been answered. */
const maxQueriesUnderWay = 128;

/** Of one connection in one turn of the event loop, about a millisecond's work: then it is somebody else's turn. */
const maxAnswersPerTurn = 64;

export interface StreamOptions extends ListenOptions {
  /** For connections from now on; another one when the configuration changes. */
  readonly timeouts: () => StreamTimeouts;
  /** Certificate and so on for DNS over TLS; undefined for plain TCP. */
  readonly tls: TlsContext | undefined;
}

export interface StreamListener extends Listener {
  /** For connections from now on. */
  setTls(tls: TlsContext): void;
}

/** Listens on `address` and `port`. Rejects with the system's error. */
export async function listenTcp(options: StreamOptions): Promise<StreamListener> {
  const { address, port, respond, log, timeouts, tls } = options;
  const connections = new Set<Connection>();
  let isClosing = false;
  const protocol = tls === undefined ? "tcp" : "tls";
  const accept = (socket: Socket) => {
    if (!isWelcome(socket, tls?.clientAuth)) return void socket.destroy();
    const connection = new Connection(socket, respond, clientOf(socket, protocol, address), timeouts());
    connections.add(connection);
    socket.on("close", () => connections.delete(connection));
    // Its handshake was under way when the listener closed.
    if (isClosing) connection.finish();
  };
  const socketOptions = { allowHalfOpen: true, noDelay: true };
  const server: Server =
    tls === undefined
      ? createServer(socketOptions, accept)
      : createTlsServer(
          {
            ...socketOptions,
            ...tls,
            minVersion: "TLSv1.2",
            handshakeTimeout: timeouts().firstQueryMs,
            ALPNProtocols: ["dot"],
          },
          accept,
        );
  server.maxConnections = maxConnections;
  server.listen({ port, host: address, ipv6Only: true, reusePort: sharesPorts });
  await once(server, "listening");
  server.on("error", error => log.warn({ err: error }, "TCP listener error; listening goes on"));
  server.on("drop", () => log.debug({ maxConnections }, "TCP connection dropped: too many are open"));
  // A failed handshake is the client's affair; one that was not finished in time leaves its socket to whoever listens here.
  server.on("tlsClientError", (error, socket) => {
    log.debug({ err: error }, "TLS handshake failed");
    socket.destroy();
  });
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("a TCP listener has a port");
  return {
    address,
    port: listening.port,
    setTls: context => (server as TlsServer).setSecureContext(context),
    async close() {
      // Clients that have connected already would be reset.
      await wholeTurn();
      isClosing = true;
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const connection of connections) connection.finish();
      await closed;
    },
  };
}

/** One client's stream of queries; answers go back as they are ready (RFC 7766 §6.2.1.1). */
class Connection {
  readonly #socket: Socket;
  readonly #respond: Respond;
  readonly #client: Client;
  readonly #timeouts: StreamTimeouts;
  readonly #frames = new FrameReader();
  readonly #deadline: Deadline;
  #underWay = 0;
  #queries = 0;
  /** No more queries are taken: the client ended its side, or the server does. */
  #isEnding = false;
  #isWriting = true;
  #isAwaitingTurn = false;

  constructor(socket: Socket, respond: Respond, client: Client, timeouts: StreamTimeouts) {
    this.#socket = socket;
    this.#respond = respond;
    this.#client = client;
    this.#timeouts = timeouts;
    this.#deadline = new Deadline(() => socket.destroy());
    this.#deadline.set(timeouts.firstQueryMs);
    socket.on("data", (chunk: Buffer) => {
      this.#frames.push(chunk);
      this.#answerAll();
    });
    socket.on("drain", () => {
      this.#isWriting = true;
      this.#rest();
      this.#answerAll();
      if (this.#isEnding) this.finish();
    });
    // A client may close its sending side at once and still wait for the answers (RFC 7766 §6.2.4).
    socket.on("end", () => this.finish());
    // Resets are the client's affair; "close" follows every error.
    socket.on("error", () => {});
    socket.on("close", () => this.#deadline.clear());
  }

  /** Takes no more queries and closes when those under way are answered. */
  finish(): void {
    this.#isEnding = true;
    this.#deadline.set(this.#timeouts.writeMs);
    if (this.#underWay === 0 && this.#isWriting && !this.#isAwaitingTurn) this.#socket.destroySoon();
  }

  #answerAll(): void {
    for (let count = 0; this.#takesQueries; count += 1) {
      if (count === maxAnswersPerTurn) {
        this.#awaitTurn();
        break;
      }
      const query = this.#frames.next();
      if (query === undefined) break;
      this.#queries += 1;
      const response = this.#respond(query, this.#client);
      if (response instanceof Promise) this.#awaitResponse(response);
      else this.#write(response);
    }
    // Who asks without reading gets no more answers, and is not read from, until it reads (RFC 7766 §6.2.1.1).
    if (this.#takesQueries || this.#isEnding) this.#socket.resume();
    else this.#socket.pause();
    if (this.#queries >= this.#timeouts.maxQueries && !this.#isEnding) this.finish();
  }

  get #takesQueries(): boolean {
    return (
      this.#isWriting &&
      !this.#isAwaitingTurn &&
      !this.#socket.destroyed &&
      this.#underWay < maxQueriesUnderWay &&
      this.#queries < this.#timeouts.maxQueries
    );
  }

  #awaitTurn(): void {
    this.#isAwaitingTurn = true;
    setImmediate(() => {
      this.#isAwaitingTurn = false;
      if (this.#socket.destroyed) return;
      this.#answerAll();
      if (this.#isEnding) this.finish();
    });
  }

  #awaitResponse(promise: Promise<Response>): void {
    this.#underWay += 1;
    // The client waits for us: the connection is not idle.
    this.#deadline.clear();
    promise
      .then(response => {
        this.#underWay -= 1;
        if (this.#socket.destroyed) return;
        this.#write(response);
        this.#answerAll();
        if (this.#isEnding) this.finish();
      })
      .catch(() => this.#socket.destroy());
  }

  #write(response: Response): void {
    this.#rest();
    for (const message of response instanceof Uint8Array ? [response] : (response ?? [])) {
      if (this.#socket.write(frame(message))) continue;
      this.#isWriting = false;
      this.#deadline.set(this.#timeouts.writeMs);
    }
  }

  /** Nothing but the next query is awaited. */
  #rest(): void {
    if (this.#underWay === 0) this.#deadline.set(this.#timeouts.idleMs);
  }
}
