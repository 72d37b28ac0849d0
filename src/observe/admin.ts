/** The HTTP side of a server: is it alive, is it ready, what did it count. For kubelet, Prometheus and people. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { Metrics } from "./metrics.ts";

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Makes the page of one path; what it throws is logged and answered with 500. */
export type Route = () => Page | Promise<Page>;

export interface AdminOptions {
  /** `host:port`, `[IPv6]:port`, or `:port` for all interfaces and both families; port 0 takes a free one. */
  readonly address: string;
  /** By path, query string excluded; asked for each request. */
  readonly routes: () => Readonly<Record<string, Route>>;
  readonly log: Logger;
}

export interface AdminServer {
  /** What it really listens on, `host:port`. */
  readonly address: string;
  /** Stops listening and ends all connections at once, answered or not. */
  close(): Promise<void>;
}

/** Why the HTTP side could not start: `what` went wrong and the `remedy`, without a stack worth showing. */
export class AdminListenError extends Error {
  readonly what: string;
  readonly remedy: string;
  /** 2, bad usage, where the address makes no sense; 1 where it only cannot be had. */
  readonly exitCode: 1 | 2;

  constructor(what: string, remedy: string, cause?: unknown) {
    super(`${what}: ${remedy}`, { cause });
    this.exitCode = cause === undefined ? 2 : 1;
    this.name = "AdminListenError";
    this.what = what;
    this.remedy = remedy;
  }
}

/**
 * Serves `routes` over plain HTTP.
 *
 * @throws AdminListenError when the address cannot be understood or cannot be listened on
 */
export async function serveAdmin({ address, routes, log }: AdminOptions): Promise<AdminServer> {
  const listen = parseListenAddress(address);
  const server = createServer((request, response) => {
    respond(routes(), request, response).catch((error: unknown) => {
      log.error({ err: error, path: request.url }, "admin page failed");
      send(response, plainText(500, "Internal error; the log has the reason."));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", error => reject(listenError(address, error)));
    server.listen(listen, resolve);
  });
  server.on("error", error => log.warn({ err: error }, "admin listener error; listening goes on"));
  return { address: formatAddress(server.address() as AddressInfo), close: () => close(server) };
}

/** Alive for as long as the process can answer at all. */
export function healthRoute(): Route {
  return () => plainText(200, "OK");
}

/** `reasonsNotReady` gives one line per thing that is missing and why; none means ready. */
export function readyRoute(reasonsNotReady: () => readonly string[] | Promise<readonly string[]>): Route {
  return async () => {
    const reasons = await reasonsNotReady();
    return reasons.length === 0 ? plainText(200, "OK") : plainText(503, reasons.join("\n"));
  };
}

export function metricsRoute(metrics: Pick<Metrics, "scrape">): Route {
  return async () => ({ status: 200, ...(await metrics.scrape()) });
}

async function respond(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split("?", 1)[0] ?? "/";
  const route = routes[path];
  if (route === undefined) {
    send(response, plainText(404, ["Not found. There is:", ...Object.keys(routes)].join("\n")));
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    send(response, plainText(405, "Only GET and HEAD."));
  } else {
    send(response, await route());
  }
}

function send(response: ServerResponse, { status, contentType, body }: Page): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "content-type": contentType, "content-length": bytes.length });
  response.end(bytes);
}

function plainText(status: number, text: string): Page {
  return { status, contentType: "text/plain; charset=utf-8", body: `${text}\n` };
}

/** Without a host, node listens on `::` for both families, and on `0.0.0.0` where IPv6 is switched off. */
function parseListenAddress(address: string): { host?: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new AdminListenError(
      `"${address}" is no address to listen on`,
      "write HOST:PORT, [IPv6]:PORT or :PORT",
    );
  }
  const host = match[1] ?? match[2] ?? "";
  return host === "" ? { port } : { host, port };
}

function formatAddress({ family, address, port }: AddressInfo): string {
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

const remedies: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EADDRINUSE: ["the port is taken", "end the program that listens there or choose another port"],
  EACCES: ["the port needs a privilege", "choose a port above 1023 or grant NET_BIND_SERVICE"],
  EADDRNOTAVAIL: [
    "this machine has no such address",
    "choose one that it has, or only :PORT for all of them",
  ],
  ENOTFOUND: ["the host name is not known", "write an IP address"],
};

function listenError(address: string, error: NodeJS.ErrnoException): AdminListenError {
  const [what, remedy] = remedies[error.code ?? ""] ?? [error.message, "choose another address"];
  return new AdminListenError(`cannot listen on ${address}: ${what}`, remedy, error);
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
