/** Plain HTTP for load balancers and kubelets: one answer per path, whatever the method. */

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "./page.ts";

export interface PageServerOptions {
  /** "": all addresses of both families. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The page of a path, query string excluded. Where it rejects, the connection ends without an answer. */
  readonly pageOf: (path: string) => Page | Promise<Page>;
}

export interface PageServer {
  readonly port: number;
  /** Stops listening and ends all connections at once. */
  close(): Promise<void>;
}

/**
 * Listens on this address and no other: `::` is all addresses of IPv6 and none of IPv4, so that both families can be
 * listened on by their own. Rejects with what the system said (`code`: EADDRINUSE, EACCES, EADDRNOTAVAIL …).
 */
export async function servePages({ host, port, pageOf }: PageServerOptions): Promise<PageServer> {
  const server = createServer((request, response) => {
    answer(response, pageOf(request.url?.split("?", 1)[0] ?? "/")).catch(() => response.destroy());
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(host === "" ? { port } : { host, port, ipv6Only: true }, resolve);
  await listening;
  // Running out of file descriptors ends one connection, not the process.
  server.on("error", () => {});
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(response: ServerResponse, page: Page | Promise<Page>): Promise<void> {
  const { status, headers, body } = await page;
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
