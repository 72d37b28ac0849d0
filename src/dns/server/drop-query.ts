/** Queries that no plugin sees: what is sent back, and who hears of it. */

import { failure } from "../plugins/outcome.ts";
import type { Exchange } from "../plugins/plugin.ts";
import type { Client } from "../plugins/query.ts";
import { decodeHeader } from "../wire/decode.ts";
import { encodeMessage } from "../wire/encode.ts";
import type { Message } from "../wire/message.ts";
import type { Reason } from "../zone/reason.ts";
import type { Response } from "./reply-bytes.ts";
import { replyBytes } from "./reply-bytes.ts";
import type { FaultHooks } from "./tell-listeners.ts";
import { tellFault } from "./tell-listeners.ts";

/** A query that no plugin saw: refused, malformed or not a question. */
export type Dropped = Omit<Exchange, "query" | "outcome"> & {
  readonly client: Client;
  /** Undefined when the query could not be read. */
  readonly message: Message | undefined;
};

export interface DropHooks extends FaultHooks {
  readonly onDropped: (dropped: Dropped) => void;
}

/** What came, whatever it is. */
export interface Received {
  readonly hooks: DropHooks;
  readonly client: Client;
  readonly startedAtMs: number;
  readonly requestSizeBytes: number;
}

/** A reply without sections, for a query whose body is not to be trusted. */
export function dropHeader(received: Received, bytes: Uint8Array, rcode: number): Response {
  const noSections = { questions: [], answers: [], authorities: [], additionals: [], edns: undefined };
  const flags = {
    isAuthoritative: false,
    isTruncated: false,
    recursionAvailable: false,
    authenticData: false,
  };
  const message = { ...decodeHeader(bytes), ...flags, ...noSections, isResponse: true, rcode };
  return tellDropped(received, undefined, rcode, encodeMessage(message, 512));
}

/** The bare code, and why. */
export function drop(received: Received, message: Message, rcode: number, reason?: Reason): Response {
  const response = replyBytes(message, received.client, failure(rcode, undefined, reason));
  return tellDropped(received, message, rcode, response as Uint8Array);
}

function tellDropped(
  { hooks, client, requestSizeBytes, startedAtMs }: Received,
  message: Message | undefined,
  rcode: number,
  response: Uint8Array,
): Response {
  const durationMs = performance.now() - startedAtMs;
  try {
    hooks.onDropped({ client, message, rcode, requestSizeBytes, response, durationMs });
  } catch (error) {
    tellFault(error, hooks);
  }
  return response;
}
