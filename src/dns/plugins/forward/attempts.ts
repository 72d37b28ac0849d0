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
 * Asks one upstream after the other. Those that refuse or break are asked once. Those that stay silent are asked again
 * when all others have failed too: a datagram may have been lost, and the client waits anyway.
 *
 * A reply with one of the `failover` codes counts only when no upstream has another.
 */
export async function askInTurn(
  upstreams: readonly [ForwardUpstream, ...ForwardUpstream[]],
  attempts: Attempts,
): Promise<Answered> {
  let failuresLeft = attempts.maxFailures;
  let unwanted: Answered | undefined;
  let last: Answered | undefined;
  const waiting = [...upstreams];
  for (let upstream = waiting.shift(); upstream !== undefined; upstream = waiting.shift()) {
    last = await askOne(upstream, attempts);
    if (last.reply !== undefined) {
      if (!upstream.config.failoverRcodes.includes(last.reply.rcode)) return last;
      unwanted = last;
      continue;
    }
    upstream.health.suspect();
    failuresLeft -= 1;
    if (failuresLeft <= 0 || attempts.now() >= attempts.deadlineMs) break;
    if (last.error.code === "TIMEOUT" && unwanted === undefined) waiting.push(upstream);
  }
  return unwanted ?? (last as Answered);
}

async function askOne(upstream: ForwardUpstream, attempts: Attempts): Promise<Answered> {
  const { query, over, deadlineMs, now } = attempts;
  const { prefersUdp, forcesTcp, readTimeoutMs } = upstream.config;
  const startMs = now();
  const leftMs = () => Math.min(readTimeoutMs, deadlineMs - now());
  try {
    let octets = await upstream.exchange(query, over, leftMs());
    if (prefersUdp && !forcesTcp && isTruncated(octets)) {
      octets = await upstream.exchange(query, "tcp", Math.max(leftMs(), 1));
    }
    const reply = octetsReply(octets, { plugin: "forward" });
    upstream.countReply(reply.rcode, now() - startMs);
    return { upstream, reply };
  } catch (error) {
    return { upstream, reply: undefined, error: exchangeErrorFrom(error, upstream) };
  }
}

function isTruncated(octets: Uint8Array): boolean {
  return ((octets[2] ?? 0) & 0x02) !== 0;
}

function exchangeErrorFrom(error: unknown, { address }: ForwardUpstream): ExchangeError {
  if (error instanceof ExchangeError) return error;
  if (!(error instanceof WireError)) throw error;
  return new ExchangeError("BAD_REPLY", `${address} sent a reply that cannot be read: ${error.message}`);
}
