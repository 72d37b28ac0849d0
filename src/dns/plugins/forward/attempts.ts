/** One question on its way through the upstreams of a stanza, until one of them answers. */

import { WireError } from "../../wire/wire-error.ts";
import { octetsReply } from "../octets-reply.ts";
import type { Reply } from "../outcome.ts";
import { ExchangeError } from "./exchange.ts";
import type { ForwardUpstream } from "./forward-upstream.ts";

/** How one question is asked. */
export interface Attempts {
  /** A whole DNS message. */
  readonly query: Uint8Array;
  readonly over: "udp" | "tcp";
  /** On the clock of `now`. */
  readonly deadlineMs: number;
  /** How many exchanges may fail. */
  readonly maxFailures: number;
  now(): number;
}

/** The upstream that replied, or the last that did not. */
export type Answered =
  | { readonly upstream: ForwardUpstream; readonly reply: Reply }
  | { readonly upstream: ForwardUpstream; readonly reply: undefined; readonly error: ExchangeError };

/**
 * Asks one upstream after the other, of one at least. Those that refuse or break are asked once. Those that stay silent
 * are asked again when all others have failed too: a datagram may have been lost, and the client waits anyway.
 *
 * A reply with one of the `failover` codes counts only when no upstream has another.
 */
export async function askInTurn(
  upstreams: readonly ForwardUpstream[],
  attempts: Attempts,
): Promise<Answered> {
  let failuresLeft = attempts.maxFailures;
  let unwanted: Answered | undefined;
  let last: Answered | undefined;
  let inTurn: readonly ForwardUpstream[] = upstreams;
  for (let turn = 0; turn < inTurn.length; turn += 1) {
    const upstream = inTurn[turn] as ForwardUpstream;
    const startMs = attempts.now();
    try {
      const reply = octetsReply(await exchange(upstream, attempts, startMs), parts);
      upstream.countReply(reply.rcode, attempts.now() - startMs);
      last = { upstream, reply };
      if (!upstream.config.failoverRcodes.includes(reply.rcode)) return last;
      unwanted = last;
    } catch (thrown) {
      const error = exchangeErrorFrom(thrown, upstream);
      last = { upstream, reply: undefined, error };
      upstream.health.suspect();
      failuresLeft -= 1;
      if (failuresLeft <= 0 || attempts.now() >= attempts.deadlineMs) break;
      if (error.code === "TIMEOUT" && unwanted === undefined) inTurn = [...inTurn, upstream];
    }
  }
  return unwanted ?? (last as Answered);
}

const parts = { plugin: "forward" };

function exchange(upstream: ForwardUpstream, attempts: Attempts, nowMs: number): Promise<Uint8Array> {
  const { prefersUdp, forcesTcp, readTimeoutMs } = upstream.config;
  if (prefersUdp && !forcesTcp) return exchangeWhole(upstream, attempts);
  const { query, over, deadlineMs } = attempts;
  return upstream.exchange(query, over, Math.min(readTimeoutMs, deadlineMs - nowMs));
}

/** Over UDP, and over TCP what is too large for that. */
async function exchangeWhole(upstream: ForwardUpstream, attempts: Attempts): Promise<Uint8Array> {
  const { query, over, deadlineMs, now } = attempts;
  const leftMs = () => Math.min(upstream.config.readTimeoutMs, deadlineMs - now());
  const octets = await upstream.exchange(query, over, leftMs());
  return isTruncated(octets) ? upstream.exchange(query, "tcp", Math.max(leftMs(), 1)) : octets;
}

function isTruncated(octets: Uint8Array): boolean {
  return ((octets[2] ?? 0) & 0x02) !== 0;
}

function exchangeErrorFrom(error: unknown, { address }: ForwardUpstream): ExchangeError {
  if (error instanceof ExchangeError) return error;
  if (!(error instanceof WireError)) throw error;
  return new ExchangeError("BAD_REPLY", `${address} sent a reply that cannot be read: ${error.message}`);
}
