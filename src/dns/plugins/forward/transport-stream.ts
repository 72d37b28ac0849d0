/** One TCP or TLS connection to an upstream, with the queries that wait for their replies on it. */

import type { Socket } from "node:net";
import { FrameReader, frame } from "../../wire/frame.ts";
import { ExchangeError, exchangeErrorOf } from "./exchange-error.ts";
import { freshQueryId } from "./query-id.ts";
import { endOfQuestion, matchReply, restoreReply } from "./transport-reply.ts";

export interface StreamQuery {
  /** Not changed. */
  readonly query: Uint8Array;
  replied(reply: Uint8Array): void;
  failed(error: ExchangeError): void;
}

export interface StreamEvents {
  /** No query waits any more. */
  idle(stream: UpstreamStream): void;
  /** Called once, before the queries that were waiting fail. */
  closed(stream: UpstreamStream): void;
}

interface Waiting extends StreamQuery {
  readonly sent: Uint8Array;
  readonly questionEnd: number;
}

/** Replies are matched by id, so they may come in any order (RFC 7766 §7). */
export class UpstreamStream {
  readonly openedAtMs = performance.now();
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #events: StreamEvents;
  readonly #waiting = new Map<number, Waiting>();
  #isRetired = false;
  #isClosed = false;

  /** It is left alone after `idleMs` without traffic. */
  constructor(socket: Socket, peer: string, idleMs: number, events: StreamEvents) {
    this.#socket = socket;
    this.#peer = peer;
    this.#events = events;
    const frames = new FrameReader();
    socket.setNoDelay(true);
    socket.on("data", (piece: Buffer) => {
      frames.push(piece);
      // Replies may be kept for long, so each has octets of its own.
      for (let message = frames.next(); message !== undefined; message = frames.next()) {
        this.#take(Buffer.from(message));
      }
    });
    socket.setTimeout(idleMs, () => this.retire());
    socket.on("error", error => this.#close(exchangeErrorOf(error, peer)));
    // "close" comes only when our side has ended too.
    socket.on("end", () => this.#close(this.#closedByPeer()));
    socket.on("close", () => this.#close(this.#closedByPeer()));
  }

  get isUsable(): boolean {
    return !this.#isRetired && !this.#isClosed;
  }

  /** Returns what stops the wait; after it neither `replied` nor `failed` is called. */
  send(query: StreamQuery): () => void {
    const id = freshQueryId(this.#waiting);
    const framed = frame(query.query);
    framed.writeUInt16BE(id, 2);
    const questionEnd = endOfQuestion(query.query);
    this.#waiting.set(id, { ...query, sent: framed.subarray(2), questionEnd });
    this.#socket.write(framed);
    return () => this.#forget(id);
  }

  /** No more queries; closes when none waits. */
  retire(): void {
    this.#isRetired = true;
    if (this.#waiting.size === 0) this.#close(this.#closedByPeer());
  }

  #forget(id: number): void {
    this.#waiting.delete(id);
    if (this.#waiting.size > 0) return;
    if (this.#isRetired) this.retire();
    else if (!this.#isClosed) this.#events.idle(this);
  }

  #take(reply: Buffer): void {
    const id = reply.length < 2 ? -1 : reply.readUInt16BE(0);
    const waiting = this.#waiting.get(id);
    // The query may have been given up.
    if (waiting === undefined) return;
    const { query, sent, questionEnd } = waiting;
    const match = matchReply(reply, sent, questionEnd);
    if (match === "foreign") {
      // Nobody but the upstream itself can have sent this: it makes no sense to wait for better.
      this.#close(new ExchangeError("BAD_REPLY", `${this.#peer} sent a reply to another question`));
      return;
    }
    this.#forget(id);
    waiting.replied(restoreReply(reply, match, query, questionEnd));
  }

  #closedByPeer(): ExchangeError {
    return new ExchangeError("RESET", `${this.#peer} closed the connection before its reply`);
  }

  #close(error: ExchangeError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // TLS says goodbye before it closes, which must not wait for what cannot be written.
    if (this.#socket.connecting || this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#socket.destroySoon();
    this.#events.closed(this);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const query of waiting) query.failed(error);
  }
}
