/** The sockets of a test upstream. Each query comes with the channel that its reply goes back through. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { createSecureServer } from "node:http2";
import { createServer as createHttp1Server } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Channel } from "./test-upstream-misbehaviour.ts";

export interface ClientEvents {
  query(query: Buffer, channel: Channel): void;
  /** A connection was opened or closed. */
  connections(change: 1 | -1): void;
}

export interface TestListener {
  readonly port: number;
  close(): Promise<void>;
}

/** What a channel of another kind cannot do is a mistake of the test. */
const impossible: Omit<Channel, "transport" | "clientAddress" | "clientPort" | "send"> = {
  sendFromElsewhere: () => unsupported("send from elsewhere"),
  dribble: () => unsupported("dribble"),
  sendHalf: () => unsupported("send half"),
  close: () => unsupported("close"),
  reset: () => unsupported("reset"),
  sendHttp: () => unsupported("send HTTP"),
  goAway: () => unsupported("go away"),
};

function unsupported(what: string): never {
  throw new Error(`this transport cannot ${what}`);
}

export async function listenUdp(address: string, port: number, events: ClientEvents): Promise<TestListener> {
  const type = address.includes(":") ? "udp6" : "udp4";
  const socket = createSocket({ type, recvBufferSize: 1 << 20 });
  const elsewhere = createSocket(type);
  socket.bind(port, address);
  await once(socket, "listening");
  elsewhere.bind(0, address);
  await once(elsewhere, "listening");
  socket.on("message", (query, client) => {
    const channel: Channel = {
      ...impossible,
      transport: "udp",
      clientAddress: client.address,
      clientPort: client.port,
      send: (reply: Buffer) => socket.send(reply, client.port, client.address, ignoreError),
      sendFromElsewhere: (reply: Buffer) => elsewhere.send(reply, client.port, client.address, ignoreError),
    };
    events.query(query, channel);
  });
  const close = async () => {
    const closed = [once(socket, "close"), once(elsewhere, "close")];
    socket.close();
    elsewhere.close();
    await Promise.all(closed);
  };
  return { port: socket.address().port, close };
}

export async function listenTcp(address: string, port: number, events: ClientEvents): Promise<TestListener> {
  const server = createServer(socket => serveStream(socket, "tcp", events));
  return await listen(server, address, port, events);
}

export async function listenTls(
  address: string,
  port: number,
  tls: TlsOptions,
  events: ClientEvents,
): Promise<TestListener> {
  const server = createTlsServer(tls, socket => serveStream(socket, "tls", events));
  server.on("tlsClientError", ignoreError);
  return await listen(server, address, port, events);
}

/** `newest` 2: also HTTP/1.1, for clients that do not offer HTTP/2. */
export async function listenHttps(
  address: string,
  port: number,
  tls: TlsOptions,
  newest: 1 | 2,
  events: ClientEvents,
): Promise<TestListener> {
  const serve = (request: Request, response: Response) => {
    const body: Buffer[] = [];
    request.on("data", (piece: Buffer) => body.push(piece));
    request.on("end", () => serveHttp(request, response, Buffer.concat(body), events));
  };
  const server = newest === 1 ? createHttp1Server(tls) : createSecureServer({ ...tls, allowHTTP1: true });
  server.on("request", serve);
  server.on("tlsClientError", ignoreError);
  server.on("sessionError", ignoreError);
  return await listen(server, address, port, events);
}

async function listen(
  server: Server,
  address: string,
  port: number,
  events: ClientEvents,
): Promise<TestListener> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    events.connections(1);
    socket.on("error", ignoreError);
    socket.on("close", () => {
      sockets.delete(socket);
      events.connections(-1);
    });
  });
  server.listen(port, address);
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("a listener has a port");
  const close = async () => {
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: bound.port, close };
}

function serveStream(socket: Socket, transport: "tcp" | "tls", events: ClientEvents): void {
  let pending = Buffer.alloc(0);
  const channel: Channel = {
    ...impossible,
    transport,
    clientAddress: socket.remoteAddress ?? "",
    clientPort: socket.remotePort ?? 0,
    send: (reply: Buffer) => socket.write(framed(reply)),
    sendHalf: (reply: Buffer) => socket.end(framed(reply).subarray(0, 2 + reply.length / 2)),
    close: () => socket.end(),
    // A TLS socket has no reset of its own; to close without goodbye is as rude.
    reset: () => (transport === "tls" ? socket.destroy() : socket.resetAndDestroy()),
    dribble: async (reply: Buffer) => {
      for (const octet of framed(reply)) {
        socket.write(Buffer.of(octet));
        await new Promise(resolve => setImmediate(resolve));
      }
    },
  };
  socket.setNoDelay(true);
  socket.on("error", ignoreError);
  socket.on("data", (piece: Buffer) => {
    pending = Buffer.concat([pending, piece]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      const query = pending.subarray(2, end);
      pending = pending.subarray(end);
      events.query(query, channel);
    }
  });
}

type Request = Http2ServerRequest;
type Response = Http2ServerResponse;

/** RFC 8484 §4.1. */
function serveHttp(request: Request, response: Response, body: Buffer, events: ClientEvents): void {
  const inUrl = new URL(request.url, "https://upstream.test").searchParams.get("dns") ?? "";
  const query = request.method === "GET" ? Buffer.from(inUrl, "base64url") : body;
  const sendHttp = (status: number, contentType: string, content: Buffer) => {
    response.writeHead(status, { "content-type": contentType, "content-length": content.length });
    response.end(content);
  };
  const channel: Channel = {
    ...impossible,
    transport: "https",
    clientAddress: request.socket.remoteAddress ?? "",
    clientPort: request.socket.remotePort ?? 0,
    http: { method: request.method, path: request.url, authority: request.authority ?? request.headers.host },
    send: (reply: Buffer) => sendHttp(200, "application/dns-message", reply),
    sendHalf: (reply: Buffer) => {
      const headers = { "content-type": "application/dns-message", "content-length": reply.length };
      response.writeHead(200, headers);
      response.write(reply.subarray(0, reply.length / 2), () => destroy(request));
    },
    close: () => destroy(request),
    reset: () => destroy(request),
    sendHttp,
    goAway: () => request.stream.session?.goaway(),
  };
  events.query(query, channel);
}

function destroy(request: Request): void {
  if (request.httpVersionMajor === 2) request.stream.session?.destroy();
  else request.socket.destroy();
}

function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 + message.length);
  frame.writeUInt16BE(message.length);
  frame.set(message, 2);
  return frame;
}

/** Clients that go away are part of the game. */
function ignoreError(): void {}
