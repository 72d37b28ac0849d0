import type { EdnsOption, Message } from "../wire/message.ts";
import type { Reply, ReplyChanges } from "./outcome.ts";

/**
 * The same reply, put on the wire as if the client's query had been `change(query)`, in no more than `maxSizeBytes`.
 * For what the server otherwise takes from the query: RD, and the EDNS size.
 */
export function encodedFor(
  reply: Reply,
  change: (query: Message) => Message,
  maxSizeBytes = Infinity,
): Reply {
  return new EncodedFor(reply, change, maxSizeBytes);
}

class EncodedFor implements Reply {
  readonly kind = "reply";
  readonly #reply: Reply;
  readonly #change: (query: Message) => Message;
  readonly #maxSizeBytes: number;

  constructor(reply: Reply, change: (query: Message) => Message, maxSizeBytes: number) {
    this.#reply = reply;
    this.#change = change;
    this.#maxSizeBytes = maxSizeBytes;
  }

  get plugin() {
    return this.#reply.plugin;
  }

  get rcode() {
    return this.#reply.rcode;
  }

  get isFromUpstream() {
    return this.#reply.isFromUpstream;
  }

  get reason() {
    return this.#reply.reason;
  }

  get options() {
    return this.#reply.options;
  }

  get shuffles() {
    return this.#reply.shuffles;
  }

  get message() {
    return this.#reply.message;
  }

  with(changes: ReplyChanges): Reply {
    return new EncodedFor(this.#reply.with(changes), this.#change, this.#maxSizeBytes);
  }

  shuffled(random: () => number): Reply {
    return new EncodedFor(this.#reply.shuffled(random), this.#change, this.#maxSizeBytes);
  }

  encode(query: Message, options: readonly EdnsOption[], maxSizeBytes: number): Uint8Array {
    return this.#reply.encode(this.#change(query), options, Math.min(maxSizeBytes, this.#maxSizeBytes));
  }
}
