/** A reply in as little memory as it can be kept in for long. */

import type { EdnsOption, Message } from "../../wire/message.ts";
import { maxMessageSizeBytes } from "../../wire/writer.ts";
import type { Reason } from "../../zone/reason.ts";
import { noOptions, type OctetsParts, OctetsReply, octetsReply } from "../octets-reply.ts";
import type { Reply } from "../outcome.ts";

/** The same reply to `query`. */
export function keptReply(reply: Reply, query: Message): KeptReply {
  const octets =
    reply instanceof OctetsReply
      ? reply.octetsToKeep()
      : reply.encode({ ...query, edns: undefined }, noOptions, maxMessageSizeBytes);
  return new KeptReply(octets, reply);
}

export class KeptReply {
  /** Latin-1: V8 has three objects more for octets, and has them elsewhere when there are many. */
  readonly #text: string;
  readonly #plugin: string;
  readonly #reason: Reason | undefined;
  readonly #options: readonly EdnsOption[];

  constructor(octets: Uint8Array, { plugin, reason, options = noOptions }: OctetsParts) {
    this.#text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1");
    this.#plugin = plugin;
    this.#reason = reason;
    this.#options = options;
  }

  get sizeBytes(): number {
    return this.#text.length;
  }

  /** Made anew each time. */
  reply(): Reply {
    const parts = { plugin: this.#plugin, reason: this.#reason, options: this.#options };
    // Of its own: who holds on to this reply should not hold what stands beside it in node's pool.
    const octets = Buffer.allocUnsafeSlow(this.#text.length);
    octets.write(this.#text, "latin1");
    return octetsReply(octets, parts);
  }
}
