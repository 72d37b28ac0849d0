/** How long a reply is good for, in seconds: every record of it gets this as its TTL. */

import type { CacheConfig, KindLimits } from "./cache-config.ts";
import type { ReplyFacts } from "./reply-facts.ts";

/** For replies without a TTL of their own, and those that are not kept. */
const shortSeconds = 5;

/**
 * The lowest TTL of the reply, raised to the least and cut to the greatest that is configured. That of an SOA counts
 * like any other, its minimum field does not (CoreDNS; RFC 2308 §5 has the lower of both).
 */
export function lifetimeSeconds(
  {
    kind,
    lowestTtlSeconds = shortSeconds,
    saysHowLong,
  }: Pick<ReplyFacts, "kind" | "lowestTtlSeconds" | "saysHowLong">,
  config: CacheConfig,
): number {
  switch (kind) {
    case "failure":
      return config.servfailMs / 1000;
    case "denial":
      if (!saysHowLong) return within(shortSeconds, config.success);
      return within(lowestTtlSeconds, config.denial);
    case "answer":
    case "empty":
      return within(lowestTtlSeconds, config.success);
    default:
      return within(shortSeconds, config.success);
  }
}

function within(seconds: number, { minTtlSeconds, maxTtlSeconds }: KindLimits): number {
  return Math.min(Math.max(seconds, minTtlSeconds), maxTtlSeconds);
}
