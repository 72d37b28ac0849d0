/**
 * Queries over UDP: RFC 1035 §4.2.1, with what RFC 5452 asks of a resolver to be hard to lie to.
 *
 * Who forges a reply has to guess the id (16 bits), the port it goes to, and the case of each letter of the name.
 * A socket per query would have a new port each time but costs some 30 µs, four times the exchange itself. So there are
 * 16 sockets in use, one chosen at random for each query, and each is replaced by one on another port (the kernel picks
 * ephemeral ports at random) after 128 queries or 5 seconds. Under load that is a new port for about every 128 queries,
 * 0.3 µs each; with fewer than three queries a second nearly every query has a port of its own; and no port lives long
 * enough to be worth searching for.
 */

import type { ExchangeOptions, UpstreamTarget } from "./exchange.ts";
import { closedError } from "./exchange-error.ts";
import { randomUint16 } from "./query-id.ts";
import { endOfQuestion, mixCase, type ReplyMatch, restoreReply } from "./transport-reply.ts";
import { type UdpExchange, UdpSocket } from "./transport-udp-socket.ts";

const socketCount = 16;
const maxQueriesPerSocket = 128;
const maxSocketAgeMs = 5_000;
/** One timer for all queries: it looks for late ones this often, so timeouts are up to so much longer. */
const sweepIntervalMs = 20;
/** Then mixing letter case is tried again with an upstream that does not keep it. */
const plainCaseMs = 10 * 60_000;

export class UdpUpstream {
  readonly #target: UpstreamTarget;
  readonly #peer: string;
  readonly #onConnection: ExchangeOptions["onConnection"];
  readonly #slots: (UdpSocket | undefined)[] = new Array(socketCount).fill(undefined);
  /** Those in slots, and retired ones that still wait for replies. */
  readonly #sockets = new Set<UdpSocket>();
  #mixesCaseFromMs: number;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweepDelayMs: number | undefined;
  #isClosed = false;

  constructor(target: UpstreamTarget, peer: string, options: ExchangeOptions) {
    this.#target = target;
    this.#peer = `${peer} over UDP`;
    this.#onConnection = options.onConnection;
    this.#mixesCaseFromMs = (options.mixesCase ?? !isLoopback(target.address)) ? 0 : Number.POSITIVE_INFINITY;
  }

  exchange(query: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#isClosed) return Promise.reject(closedError(this.#peer));
    return new Promise((resolve, reject) => {
      const nowMs = performance.now();
      const questionEnd = endOfQuestion(query);
      const deadlineMs = nowMs + timeoutMs;
      const unsent = { sent: query, isMixed: false };
      this.#send({ query, questionEnd, ...unsent, timeoutMs, deadlineMs, resolve, reject }, nowMs);
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.retire();
    this.#sweep();
  }

  #send(exchange: UdpExchange, nowMs: number): void {
    const { query, questionEnd } = exchange;
    exchange.sent = Buffer.allocUnsafe(query.length);
    exchange.sent.set(query);
    exchange.isMixed = nowMs >= this.#mixesCaseFromMs;
    if (exchange.isMixed) mixCase(exchange.sent, questionEnd);
    this.#socket(nowMs).send(exchange);
    if (this.#sweepDelayMs !== sweepIntervalMs) this.#sweepIn(sweepIntervalMs);
  }

  readonly #replied = (exchange: UdpExchange, reply: Uint8Array, match: ReplyMatch): void => {
    const { query, questionEnd, isMixed, resolve } = exchange;
    if (match === "other-case" && isMixed) this.#sendPlain(exchange);
    else resolve(restoreReply(reply, match, query, questionEnd));
  };

  /**
   * A reply in other letters than the query is either from an upstream that does not keep them or a forgery. Asking
   * once more, with another id and port, tells.
   */
  #sendPlain(exchange: UdpExchange): void {
    const nowMs = performance.now();
    this.#mixesCaseFromMs = Math.max(this.#mixesCaseFromMs, nowMs + plainCaseMs);
    this.#send(exchange, nowMs);
  }

  #socket(nowMs: number): UdpSocket {
    const slot = randomUint16() % socketCount;
    const current = this.#slots[slot];
    const isReused = current !== undefined && !isWorn(current, nowMs);
    this.#onConnection?.({ isReused, over: "udp" });
    if (isReused) return current;
    current?.retire();
    const socket = new UdpSocket(this.#target, this.#peer, nowMs, this.#replied);
    this.#slots[slot] = socket;
    this.#sockets.add(socket);
    return socket;
  }

  #sweepIn(delayMs: number): void {
    clearTimeout(this.#sweepTimer);
    this.#sweepDelayMs = delayMs;
    this.#sweepTimer = setTimeout(this.#sweep, delayMs);
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now();
    let waitingCount = 0;
    for (const socket of this.#sockets) {
      socket.expire(nowMs);
      if (isWorn(socket, nowMs)) socket.retire();
      if (socket.isClosed) this.#sockets.delete(socket);
      waitingCount += socket.waitingCount;
    }
    if (this.#sockets.size > 0) this.#sweepIn(waitingCount > 0 ? sweepIntervalMs : maxSocketAgeMs);
    else {
      clearTimeout(this.#sweepTimer);
      this.#sweepDelayMs = undefined;
    }
  };
}

function isWorn(socket: UdpSocket, nowMs: number): boolean {
  const isOld = nowMs - socket.openedAtMs >= maxSocketAgeMs;
  return isOld || socket.sentCount >= maxQueriesPerSocket || socket.isClosed;
}

/** Nobody but this host can send a forged reply there; and the small resolvers that listen there often lose the case. */
function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
