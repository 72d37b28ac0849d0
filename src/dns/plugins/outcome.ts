/** What becomes of a query. */

import type { EdnsOption, Message } from "../wire/message.ts";
import type { Reason } from "../zone/reason.ts";

export type Outcome = Reply | Stream | Failure | Drop;

/**
 * A reply that somebody made. Immutable: each change gives another reply. Header id, question, opcode, RD, CD and the
 * OPT record are not its affair: the server sets them from the query.
 */
export interface Reply {
  readonly kind: "reply";
  /** The plugin that made it. */
  readonly plugin: string;
  /** Made by another server: the one kind worth keeping in a cache, since all else is answered from memory anyway. */
  readonly isFromUpstream: boolean;
  /** Why there is no answer, or no fresh one; goes on the wire as an extended error (RFC 8914). */
  readonly reason: Reason | undefined;
  /** EDNS options to send, if the client speaks EDNS. */
  readonly options: readonly EdnsOption[];
  /** Twelve bits; costs less than asking `message` for it. */
  readonly rcode: number;
  /** The reply as values. */
  readonly message: Message;
  with(changes: ReplyChanges): Reply;
  /** Every A among the As of a section and every AAAA among its AAAAs in random order. `random` gives numbers in [0, 1). */
  shuffled(random: () => number): Reply;
  /**
   * What changes places in `shuffled`: the records of a type, in the order A, AAAA for answers and then for additional
   * records; or the data of records next to each other that are alike but for it.
   */
  readonly shuffles: "records" | "data";
  /**
   * Octets to send in answer to `query`: its id, opcode, question (in its letter case), RD and CD; an OPT record exactly
   * when it has one, with `options`. What exceeds `maxSizeBytes` is cut and TC set.
   */
  encode(query: Message, options: readonly EdnsOption[], maxSizeBytes: number): Uint8Array;
}

export interface ReplyChanges {
  /** The TTL of every record. */
  readonly ttlSeconds?: number;
  readonly isAuthoritative?: boolean;
  readonly recursionAvailable?: boolean;
  readonly authenticData?: boolean;
  readonly reason?: Reason | undefined;
  readonly options?: readonly EdnsOption[];
}

/** Several messages to one question: a zone transfer (RFC 5936), over a stream only. */
interface Stream {
  readonly kind: "stream";
  readonly plugin: string;
  /** Each small enough for one message; ids, question and flags of the header are complete but for the id. */
  readonly messages: Iterable<Message>;
}

/** Nobody made a reply: the server sends the bare code. */
export interface Failure {
  readonly kind: "failure";
  readonly rcode: number;
  /** What went wrong, for the log. */
  readonly error?: string;
  /** Errors with the same key are told as one: the upstream that fails, say. */
  readonly errorGroup?: string;
  readonly reason?: Reason;
}

/** No reply at all. */
interface Drop {
  readonly kind: "drop";
}

export function failure(rcode: number, error?: string, reason?: Reason): Failure {
  return {
    kind: "failure",
    rcode,
    ...(error === undefined ? {} : { error }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/**
 * Calls `next` with the outcome, at once when it is there already: names of the cluster are answered without a turn
 * of the event loop.
 */
export function andThen<Value>(
  outcome: Outcome | Promise<Outcome>,
  next: (outcome: Outcome) => Value | Promise<Value>,
): Value | Promise<Value> {
  return outcome instanceof Promise ? outcome.then(next) : next(outcome);
}
