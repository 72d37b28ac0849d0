/** DNS over HTTPS: RFC 8484, over HTTP/2 and HTTP/1.1; without a certificate over plain HTTP, behind somebody's proxy. */

import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import { createSecureServer } from "node:http2";
import type { Server, Socket } from "node:net";
import { decodeMessage } from "../wire/decode.ts";
import { Deadline } from "./deadline.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { sharesPorts } from "./port-sharing.ts";
import type { Response } from "./reply-bytes.ts";
import { clientOf } from "./socket-client.ts";
import type { StreamTimeouts } from "./tcp.ts";
import type { TlsContext } from "./tls-context.ts";
import { isWelcome } from "./tls-context.ts";
import { wholeTurn } from "./work.ts";

export interface HttpsOptions extends ListenOptions {
  readonly tls: TlsContext | undefined;
  readonly maxConnections: number;
  /** Of one request: `firstQueryMs`; between two: `idleMs`. For connections from now on. */
  readonly timeouts: () => StreamTimeouts;
  /** Hears the status of every answer. */
  readonly onStatus: (status: number) => void;
}

export interface HttpsListener extends Listener {
  setMaxConnections(count: number): void;
  /** For connections from now on. */
  setTls(tls: TlsContext): void;
}

const path = "/dns-query";
const mediaType = "application/dns-message";
/** RFC 1035 §4.2.2: no message is longer. */
const maxMessageSizeBytes = 65_535;

/** Listens on `address` and `port`. Rejects with the system's error. */
export async function listenHttps(options: HttpsOptions): Promise<HttpsListener> {
  const { address, port, log, tls } = options;
  const sockets = new Set<Socket>();
  let isClosing = false;
  const serve: RequestListener = (request, response) => {
    // HTTP/2 ends its connections by itself.
    response.on("finish", () => {
      if (isClosing && request.httpVersionMajor === 1) request.socket.destroySoon();
    });
    answer(options, request, response).catch(error => {
      log.debug({ err: error }, "DNS over HTTPS request broken off");
      response.destroy();
    });
  };
  const server = createHttpServer(options, serve);
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    if (!isWelcome(socket, tls?.clientAuth)) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.listen({ port, host: address, ipv6Only: true, reusePort: sharesPorts });
  await once(server, "listening");
  server.on("error", error => log.warn({ err: error }, "HTTPS listener error; listening goes on"));
  server.on("tlsClientError", error => log.debug({ err: error }, "TLS handshake failed"));
  server.on("sessionError", (error: Error) => log.debug({ err: error }, "HTTP/2 session failed"));
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("an HTTPS listener has a port");
  return {
    address,
    port: listening.port,
    setMaxConnections(count) {
      (server as Server).maxConnections = count;
    },
    setTls: context => (server as Http2SecureServer).setSecureContext(context),
    async close() {
      await wholeTurn();
      isClosing = true;
      // Ends idle connections at once, others when their requests are answered (HTTP/2: with GOAWAY).
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      const cutting = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, closeGraceMs);
      await closed;
      clearTimeout(cutting);
    },
  };
}

/** How often node looks for HTTP/1.1 connections whose time is over. */
const http1CheckMs = 1_000;

/** Connections are few: those that rest must not keep others out. */
function createHttpServer(
  { tls, maxConnections, timeouts }: HttpsOptions,
  serve: RequestListener,
): Server | Http2SecureServer {
  const { firstQueryMs, idleMs } = timeouts();
  const http1Times = {
    ...{ headersTimeout: firstQueryMs, requestTimeout: firstQueryMs, keepAliveTimeout: idleMs },
    connectionsCheckingInterval: http1CheckMs,
  };
  const http2Options = { minVersion: "TLSv1.2", allowHTTP1: true, handshakeTimeout: firstQueryMs } as const;
  const server =
    tls === undefined
      ? createServer(http1Times, serve)
      : (createSecureServer({ ...tls, ...http2Options, ...http1Times }, serve as never) as Http2SecureServer);
  (server as Server).maxConnections = maxConnections;
  // HTTP/2: requests under way are still answered.
  server.on("session", (session: ServerHttp2Session) =>
    session.setTimeout(timeouts().idleMs, () => session.close()),
  );
  return server;
}

/** For requests under way: no longer than a query can take, and as long as CoreDNS gives them. */
const closeGraceMs = 5_000;

async function answer(
  options: HttpsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await pageFor(options, request);
  options.onStatus(status);
  if (body === undefined) {
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${explanations[status] ?? ""}\n`);
    return;
  }
  response.writeHead(status, {
    "content-type": mediaType,
    "content-length": body.length,
    "cache-control": `max-age=${lowestTtlSeconds(body)}`,
  });
  response.end(body);
}

const explanations: Readonly<Record<number, string>> = {
  400: `Send GET ${path}?dns=BASE64URL, or POST with content type ${mediaType} (RFC 8484).`,
  404: `DNS over HTTPS is at ${path}.`,
  500: "The DNS server made no reply.",
};

interface Page {
  readonly status: number;
  readonly body?: Uint8Array;
}

async function pageFor(
  { respond, address, timeouts }: HttpsOptions,
  request: IncomingMessage,
): Promise<Page> {
  const [asked, parameters = ""] = (request.url ?? "").split("?", 2);
  if (asked !== path) return { status: 404 };
  const query =
    request.method === "GET" ? fromParameter(parameters) : await fromBody(request, timeouts().firstQueryMs);
  if (query === undefined || !isDecodable(query)) return { status: 400 };
  const response: Response = await respond(query, clientOf(request.socket, "https", address));
  // A zone transfer has no place in one HTTP answer.
  return response instanceof Uint8Array ? { status: 200, body: response } : { status: 500 };
}

function fromParameter(parameters: string): Uint8Array | undefined {
  const text = new URLSearchParams(parameters).get("dns");
  if (text === null || !/^[\w-]+=*$/.test(text)) return undefined;
  return Buffer.from(text, "base64url");
}

/** Rejects when the body is not complete in time. */
async function fromBody(request: IncomingMessage, timeoutMs: number): Promise<Uint8Array | undefined> {
  if (request.method !== "POST") return undefined;
  const deadline = new Deadline(() => request.destroy(new Error("the request's body did not come in time")));
  deadline.set(timeoutMs);
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      sizeBytes += piece.length;
      if (sizeBytes > maxMessageSizeBytes) return undefined;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    deadline.clear();
  }
}

function isDecodable(query: Uint8Array): boolean {
  try {
    decodeMessage(query);
    return true;
  } catch {
    return false;
  }
}

/** RFC 8484 §5.1: HTTP caches keep an answer no longer than its shortest-lived record. */
function lowestTtlSeconds(body: Uint8Array): number {
  const { answers, authorities, additionals } = decodeMessage(body);
  const ttls = [...answers, ...authorities, ...additionals].map(({ ttlSeconds }) => ttlSeconds);
  return ttls.length === 0 ? 0 : Math.min(...ttls);
}
