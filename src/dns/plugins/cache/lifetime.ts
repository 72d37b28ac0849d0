/** How long a reply is good for, in seconds: every record of it gets this as its TTL. */

import type { Message } from "../../wire/message.ts";
import type { CacheConfig, KindLimits } from "./cache-config.ts";
import { lowestTtlSeconds, type ResponseKind, saysHowLong } from "./response-kind.ts";

/** For replies without a TTL of their own, and those that are not kept. */
const shortSeconds = 5;

/**
 * The lowest TTL of the reply, raised to the least and cut to the greatest that is configured. That of an SOA counts
 * like any other, its minimum field does not (CoreDNS; RFC 2308 §5 has the lower of both).
 */
export function lifetimeSeconds(message: Message, kind: ResponseKind, config: CacheConfig): number {
  switch (kind) {
    case "failure":
      return config.servfailMs / 1000;
    case "denial":
      if (!saysHowLong(message)) return within(shortSeconds, config.success);
      return within(lowestTtlSeconds(message) ?? shortSeconds, config.denial);
    case "answer":
    case "empty":
      return within(lowestTtlSeconds(message) ?? shortSeconds, config.success);
    default:
      return within(shortSeconds, config.success);
  }
}

function within(seconds: number, { minTtlSeconds, maxTtlSeconds }: KindLimits): number {
  return Math.min(Math.max(seconds, minTtlSeconds), maxTtlSeconds);
}
