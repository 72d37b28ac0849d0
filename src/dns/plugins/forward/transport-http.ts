/** What HTTP/2 and HTTP/1.1 have in common, seen from a DNS query. */

import type { Readable } from "node:stream";
import { ExchangeError } from "./exchange-error.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array | undefined;
  /** Aborted when the reply is no longer wanted. */
  readonly signal: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** A way to send requests, over one connection or a few. */
export interface HttpLink {
  readonly openedAtMs: number;
  /** It has brought a reply before: when it fails now, its connection may just have been closed by the other side. */
  readonly isProven: boolean;
  readonly isUsable: boolean;
  /** Rejects with ExchangeError for a reply that is too long, and with node's errors for a connection that fails. */
  request(request: HttpRequest): Promise<HttpReply>;
  /** No more requests; closes when none is under way. */
  retire(): void;
}

/** A longer body is no DNS message. */
const maxBodySizeBytes = 65_535;

export async function readBody(stream: Readable, peer: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBodySizeBytes) {
      throw new ExchangeError("BAD_REPLY", `${peer} sent more than ${maxBodySizeBytes} octets`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** For streams that end without an error of their own. */
export function connectionLost(): Error {
  return Object.assign(new Error("connection closed before the reply"), { code: "ECONNRESET" });
}
