/** DNS over HTTPS: RFC 8484, over HTTP/2 and HTTP/1.1; without a certificate over plain HTTP, behind somebody's proxy. */

import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Http2SecureServer } from "node:http2";
import { createSecureServer } from "node:http2";
import type { Server, Socket } from "node:net";
import { decodeMessage } from "../wire/decode.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import type { Response } from "./reply-bytes.ts";
import type { Respond } from "./responder.ts";
import { clientOf } from "./socket-client.ts";
import type { TlsContext } from "./tls-context.ts";
import { isWelcome } from "./tls-context.ts";

export interface HttpsOptions extends ListenOptions {
  readonly tls: TlsContext | undefined;
  readonly maxConnections: number;
  /** Hears the status of every answer. */
  readonly onStatus: (status: number) => void;
}

export interface HttpsListener extends Listener {
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
  const serve: RequestListener = (request, response) => {
    answer(options, request, response).catch(error => {
      log.debug({ err: error }, "DNS over HTTPS request broken off");
      response.destroy();
    });
  };
  const server =
    tls === undefined
      ? createServer(serve)
      : (createSecureServer(
          { ...tls, minVersion: "TLSv1.2", allowHTTP1: true },
          serve as never,
        ) as Http2SecureServer);
  (server as Server).maxConnections = options.maxConnections;
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    if (!isWelcome(socket, tls?.clientAuth)) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.listen({ port, host: address, ipv6Only: true });
  await once(server, "listening");
  server.on("error", error => log.warn({ err: error }, "HTTPS listener error; listening goes on"));
  server.on("tlsClientError", error => log.debug({ err: error }, "TLS handshake failed"));
  server.on("sessionError", (error: Error) => log.debug({ err: error }, "HTTP/2 session failed"));
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("an HTTPS listener has a port");
  return {
    address,
    port: listening.port,
    setTls: context => (server as Http2SecureServer).setSecureContext(context),
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const socket of sockets) socket.end();
      const cutting = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, closeGraceMs);
      await closed;
      clearTimeout(cutting);
    },
  };
}

/** Kept-alive connections have nothing to finish; requests under way have this long. */
const closeGraceMs = 1_000;

async function answer(
  options: HttpsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body } = await pageFor(options.respond, options.address, request);
  options.onStatus(status);
  if (body === undefined) {
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    response.end(status === 200 ? "" : `${explanations[status] ?? ""}\n`);
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

async function pageFor(respond: Respond, listening: string, request: IncomingMessage): Promise<Page> {
  const url = new URL(request.url ?? "/", "https://server");
  if (url.pathname !== path) return { status: 404 };
  const query = request.method === "GET" ? fromParameter(url) : await fromBody(request);
  if (query === undefined || !isDecodable(query)) return { status: 400 };
  const response: Response = await respond(query, clientOf(request.socket, "https", listening));
  // A zone transfer has no place in one HTTP answer.
  return response instanceof Uint8Array ? { status: 200, body: response } : { status: 500 };
}

function fromParameter(url: URL): Uint8Array | undefined {
  const text = url.searchParams.get("dns");
  if (text === null || !/^[\w-]+=*$/.test(text)) return undefined;
  return Buffer.from(text, "base64url");
}

async function fromBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (request.method !== "POST") return undefined;
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > maxMessageSizeBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
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
