/**
 * Queries over connections that are kept for the next ones: RFC 7766 §6.2, RFC 7858 §3.4.
 *
 * A query gets a connection of its own as long as there are few: a slow name then holds up no other one, and servers
 * that answer one query a connection are served too. From `maxOpenConnections` on, queries share them, so that an
 * upstream gone silent cannot use up the descriptors of the process.
 */

import type { Socket } from "node:net";
import type { ExchangeOptions } from "./exchange.ts";
import { closedError, type ExchangeError, timeoutError } from "./exchange-error.ts";
import { UpstreamStream } from "./transport-stream.ts";

const maxOpenConnections = 64;

export class ConnectionPool {
  readonly #peer: string;
  readonly #over: "tcp" | "tls";
  readonly #open: () => Socket;
  readonly #options: ExchangeOptions;
  /** In the order in which they were last given a query. */
  readonly #streams = new Set<UpstreamStream>();
  /** The one used last is on top: the others get their chance to expire. */
  #idle: UpstreamStream[] = [];
  #isClosed = false;

  /** `open` starts to connect; what goes wrong later are events of the socket. */
  constructor(peer: string, over: "tcp" | "tls", open: () => Socket, options: ExchangeOptions) {
    this.#peer = `${peer} over ${over.toUpperCase()}`;
    this.#over = over;
    this.#open = open;
    this.#options = options;
  }

  exchange(query: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#isClosed) return Promise.reject(closedError(this.#peer));
    return new Promise((resolve, reject) => {
      let stream: UpstreamStream;
      let stopWaiting: () => void;
      const timer = setTimeout(() => {
        // It may be a connection whose other end is long gone: let nobody else find out.
        stream.retire();
        stopWaiting();
        reject(timeoutError(this.#peer, timeoutMs));
      }, timeoutMs);
      const settle =
        <Value>(how: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(timer);
          how(value);
        };
      const replied = settle(resolve);
      const failed = settle<ExchangeError>(reject);
      const sendOn = (chosen: UpstreamStream, lost: (error: ExchangeError) => void): void => {
        stream = chosen;
        stopWaiting = chosen.send({ query, replied, failed: lost });
      };
      const used = this.#takeUsed();
      // A kept connection may have been closed by the other side just now; a new one tells (RFC 7766 §6.2.4).
      if (used === undefined) sendOn(this.#openStream(), failed);
      else
        sendOn(used, error => (error.code === "RESET" ? sendOn(this.#openStream(), failed) : failed(error)));
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.retire();
  }

  #takeUsed(): UpstreamStream | undefined {
    const stream = this.#takeIdle() ?? this.#shareBusy();
    if (stream === undefined) return undefined;
    this.#streams.delete(stream);
    this.#streams.add(stream);
    this.#options.onConnection?.({ isReused: true, over: this.#over });
    return stream;
  }

  #takeIdle(): UpstreamStream | undefined {
    for (;;) {
      const stream = this.#idle.pop();
      if (stream === undefined || this.#isYoung(stream)) return stream;
      stream.retire();
    }
  }

  #shareBusy(): UpstreamStream | undefined {
    if (this.#streams.size < maxOpenConnections) return undefined;
    return this.#streams.values().find(stream => stream.isUsable);
  }

  #openStream(): UpstreamStream {
    const stream = new UpstreamStream(this.#open(), this.#peer, this.#options.expireMs, {
      idle: one => this.#keep(one),
      closed: one => this.#drop(one),
    });
    this.#streams.add(stream);
    this.#options.onConnection?.({ isReused: false, over: this.#over });
    return stream;
  }

  #keep(stream: UpstreamStream): void {
    const { expireMs, maxIdleConnections } = this.#options;
    if (this.#isClosed || expireMs <= 0 || !this.#isYoung(stream)) {
      stream.retire();
      return;
    }
    this.#idle.push(stream);
    if (maxIdleConnections > 0 && this.#idle.length > maxIdleConnections) this.#idle.shift()?.retire();
  }

  #drop(stream: UpstreamStream): void {
    this.#streams.delete(stream);
    const index = this.#idle.indexOf(stream);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #isYoung(stream: UpstreamStream): boolean {
    const { maxAgeMs } = this.#options;
    return stream.isUsable && (maxAgeMs <= 0 || performance.now() - stream.openedAtMs < maxAgeMs);
  }
}
