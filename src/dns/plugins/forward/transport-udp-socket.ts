/** One connected UDP socket of an upstream, with the queries that wait for their replies on it. */

import { createSocket, type Socket } from "node:dgram";
import type { UpstreamTarget } from "./exchange.ts";
import { type ExchangeError, exchangeErrorOf, timeoutError } from "./exchange-error.ts";
import { freshQueryId } from "./query-id.ts";
import { matchReply, type ReplyMatch } from "./transport-reply.ts";

/** A query on its way, and who waits for its reply. One object for all of it: a thousand of them may be under way. */
export interface UdpExchange {
  readonly query: Uint8Array;
  readonly questionEnd: number;
  /** What goes on the wire, of which this file sets the id. */
  sent: Uint8Array;
  /** Whether the case of its letters is. */
  isMixed: boolean;
  readonly timeoutMs: number;
  /** By `performance.now()`. */
  readonly deadlineMs: number;
  resolve(reply: Uint8Array): void;
  reject(error: ExchangeError): void;
}

/** Hears of each reply that belongs to a query; it is the hearer's to keep and to change. */
export type OnReply = (exchange: UdpExchange, reply: Uint8Array, match: ReplyMatch) => void;

/**
 * The socket is connected: the kernel drops what does not come from the upstream's address and port, and reports an
 * ICMP "port unreachable" as an error.
 */
export class UdpSocket {
  readonly openedAtMs: number;
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #onReply: OnReply;
  readonly #waiting = new Map<number, UdpExchange>();
  /** Binding and connecting take a turn of the event loop. */
  #unsent: Uint8Array[] | undefined = [];
  #sentCount = 0;
  #state: "open" | "retired" | "closed" = "open";

  constructor(target: UpstreamTarget, peer: string, nowMs: number, onReply: OnReply) {
    this.openedAtMs = nowMs;
    this.#peer = peer;
    this.#onReply = onReply;
    this.#socket = createSocket({ type: target.address.includes(":") ? "udp6" : "udp4" });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("message", reply => this.#take(reply));
    this.#socket.on("error", error => this.#fail(error));
    if (target.sourceAddress === undefined) this.#socket.connect(target.port, target.address);
    else {
      const bound = () => this.#socket.connect(target.port, target.address);
      this.#socket.bind({ address: target.sourceAddress, port: 0, exclusive: true }, bound);
    }
  }

  get sentCount(): number {
    return this.#sentCount;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  send(query: UdpExchange): void {
    const id = freshQueryId(this.#waiting);
    query.sent[0] = id >>> 8;
    query.sent[1] = id & 0xff;
    this.#waiting.set(id, query);
    this.#sentCount++;
    if (this.#unsent === undefined) this.#socket.send(query.sent, this.#sendFailed);
    else this.#unsent.push(query.sent);
  }

  /** Queries whose deadline has passed wait no longer. */
  expire(nowMs: number): void {
    for (const [id, query] of this.#waiting) {
      if (query.deadlineMs > nowMs) continue;
      this.#waiting.delete(id);
      query.reject(timeoutError(this.#peer, query.timeoutMs));
    }
    this.#closeWhenDone();
  }

  /** Nothing more will be sent; closes when nothing is waited for. */
  retire(): void {
    if (this.#state === "open") this.#state = "retired";
    this.#closeWhenDone();
  }

  #connected(): void {
    const unsent = this.#unsent ?? [];
    this.#unsent = undefined;
    for (const bytes of unsent) this.#socket.send(bytes, this.#sendFailed);
  }

  /** A reply with an id or question nobody asked for is not the end: the true one may still come (RFC 5452 §9.1). */
  #take(reply: Buffer): void {
    const id = reply.length < 2 ? -1 : reply.readUInt16BE(0);
    const query = this.#waiting.get(id);
    if (query === undefined) return;
    const match = matchReply(reply, query.sent, query.questionEnd);
    if (match === "foreign") return;
    this.#waiting.delete(id);
    this.#onReply(query, reply, match);
    this.#closeWhenDone();
  }

  /** One function for all: a callback of its own for each datagram would be garbage of its own. */
  readonly #sendFailed = (error: Error | null): void => {
    if (error !== null) this.#fail(error);
  };

  /** Whatever the system reports concerns the upstream's address and port, so every query here. */
  #fail(cause: Error): void {
    if (this.#state === "closed") return;
    const error = exchangeErrorOf(cause, this.#peer);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.retire();
    for (const query of waiting) query.reject(error);
  }

  #closeWhenDone(): void {
    if (this.#state !== "retired" || this.#waiting.size > 0) return;
    this.#state = "closed";
    this.#socket.close();
  }
}
