/** How the queries of a load get to the server and their replies back. */

import { createSocket } from "node:dgram";
import type { ClientHttp2Session } from "node:http2";
import { connect as connectHttp2 } from "node:http2";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ServerAddress } from "../../support/dns-client.ts";
import { frame } from "../../support/dns-client.ts";

export interface LinkEvents {
  reply(octets: Buffer): void;
  /** No reply will come to the query with this id. */
  broken(id: number, why: string): void;
}

export interface Link {
  /** Connections opened so far. */
  readonly connection: number;
  send(query: Buffer, id: number): void;
  close(): void;
}

export function openLink(
  server: ServerAddress,
  over: "udp" | "tcp" | "tls" | "https",
  events: LinkEvents,
): Link {
  if (over === "udp") return new UdpLink(server, events);
  if (over === "https") return new HttpsLink(server, events);
  const { host, port } = server;
  // Whom a certificate is made out to is not what is tested here.
  const open = over === "tcp" ? () => connect({ host, port }) : () => connectTls({ ...trusting, host, port });
  return new StreamLink(open, events);
}

const trusting = { rejectUnauthorized: false };

class UdpLink implements Link {
  readonly connection = 1;
  readonly #socket = createSocket({ type: "udp4", recvBufferSize: 1 << 22 });
  readonly #server: ServerAddress;

  constructor(server: ServerAddress, events: LinkEvents) {
    this.#server = server;
    this.#socket.on("message", octets => events.reply(octets));
  }

  send(query: Buffer): void {
    this.#socket.send(query, this.#server.port, this.#server.host);
  }

  close(): void {
    this.#socket.close();
  }
}

class StreamLink implements Link {
  connection = 0;
  readonly #open: () => Socket;
  readonly #events: LinkEvents;
  #socket: Socket | undefined;

  constructor(open: () => Socket, events: LinkEvents) {
    this.#open = open;
    this.#events = events;
  }

  send(query: Buffer, id: number): void {
    this.#socket ??= this.#connect();
    this.#waitingOn(this.#socket).add(id);
    this.#socket.write(frame(query));
  }

  close(): void {
    this.#socket?.destroy();
  }

  readonly #waiting = new WeakMap<Socket, Set<number>>();

  #waitingOn(socket: Socket): Set<number> {
    const waiting = this.#waiting.get(socket) ?? new Set();
    this.#waiting.set(socket, waiting);
    return waiting;
  }

  #connect(): Socket {
    this.connection += 1;
    const socket = this.#open().setNoDelay(true);
    const waiting = this.#waitingOn(socket);
    let why = "the connection ended before the reply";
    let pending: Buffer = Buffer.alloc(0);
    socket.on("data", piece => {
      // Without an encoding set, pieces are always buffers.
      pending = Buffer.concat([pending, piece as Buffer]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
        const end = 2 + pending.readUInt16BE();
        waiting.delete(pending.readUInt16BE(2));
        this.#events.reply(pending.subarray(2, end));
        pending = pending.subarray(end);
      }
    });
    const forget = () => {
      if (this.#socket === socket) this.#socket = undefined;
    };
    socket.on("error", error => {
      why = error.message;
    });
    socket.on("end", forget);
    socket.on("close", () => {
      forget();
      for (const id of waiting) this.#events.broken(id, why);
    });
    return socket;
  }
}

class HttpsLink implements Link {
  connection = 0;
  readonly #url: string;
  readonly #events: LinkEvents;
  #session: ClientHttp2Session | undefined;

  constructor({ host, port }: ServerAddress, events: LinkEvents) {
    this.#url = `https://${host}:${port}`;
    this.#events = events;
  }

  send(query: Buffer, id: number): void {
    this.#session ??= this.#connect();
    const stream = this.#session.request({
      ":method": "POST",
      ":path": "/dns-query",
      "content-type": "application/dns-message",
    });
    const pieces: Buffer[] = [];
    let why = "the stream ended before the reply";
    stream.on("response", headers => {
      if (headers[":status"] !== 200) why = `status ${headers[":status"]}`;
    });
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("error", error => {
      why = error.message;
    });
    stream.on("end", () => {
      const body = Buffer.concat(pieces);
      if (body.length >= 12) this.#events.reply(body);
    });
    stream.on("close", () => this.#events.broken(id, why));
    stream.end(query);
  }

  close(): void {
    this.#session?.destroy();
  }

  #connect(): ClientHttp2Session {
    this.connection += 1;
    const session = connectHttp2(this.#url, trusting);
    const forget = () => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on("error", forget);
    session.on("goaway", forget);
    session.on("close", forget);
    return session;
  }
}
