/** Corefile word `cache`: replies of upstreams are given out again, and every reply gets a TTL within limits. */

import { formatName } from "../../wire/name.ts";
import { definePlugin } from "../plugin.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { CacheConfig, KindLimits } from "./cache-config.ts";
import { readCacheConfig } from "./cache-config.ts";

export const cache = definePlugin<CacheConfig>({
  name: "cache",

  read(stanzas, reading, block) {
    reading.isOnce(stanzas);
    return readCacheConfig(stanzas[0], reading, block);
  },

  explain: config => [
    `Keeps what upstreams say of names in ${config.zones.map(formatName).join(", ")}: ${explainHalf(config.success, "answers")}, and ${explainHalf(config.denial, "denials")}.`,
    "Names of the cluster and of files are never kept, but all records of their replies get one TTL within the same limits.",
    ...explainDisabled(config.success, "Answers"),
    ...explainDisabled(config.denial, "Denials"),
    config.servfailMs === 0
      ? "Failures of upstreams are not kept."
      : `A failure of an upstream is repeated for ${seconds(config.servfailMs)}, unless there is an older answer that can still be used.`,
    ...explainPrefetch(config),
    ...explainStale(config),
    ...(config.keepsTtl ? ["TTLs do not count down while a reply is kept."] : []),
  ],

  start: (config, host) => new AnswerCache(config, host),
});

function explainHalf({ capacity, minTtlSeconds, maxTtlSeconds }: KindLimits, what: string): string {
  return `up to ${capacity} ${what}, each for its TTL but ${Math.min(minTtlSeconds, maxTtlSeconds)} s at least and ${maxTtlSeconds} s at most`;
}

function explainDisabled({ disabledZones }: KindLimits, what: string): string[] {
  if (disabledZones.length === 0) return [];
  return [`${what} in ${disabledZones.map(formatName).join(", ")} are not kept.`];
}

function explainPrefetch({ prefetch }: CacheConfig): string[] {
  if (prefetch === undefined) return [];
  const { leastHits, withinMs, percentage } = prefetch;
  return [
    `A name asked for ${leastHits} times with no pause longer than ${seconds(withinMs)} is asked for again in the last ${percentage} % of its time.`,
  ];
}

function explainStale({ stale }: CacheConfig): string[] {
  if (stale === undefined) return [];
  const { mode, forMs, ttlSeconds, verifyTimeoutMs, prefersPositive } = stale;
  const patience = verifyTimeoutMs === 0 ? "" : ` within ${seconds(verifyTimeoutMs)}`;
  const when =
    mode === "immediate" ? "while a new answer is asked for" : `if no upstream has a new answer${patience}`;
  return [
    `What has expired is given out for ${seconds(forMs)} more with a TTL of ${ttlSeconds} s, ${when}.`,
    ...(prefersPositive ? ["Answers are given out so even if an upstream denies the name meanwhile."] : []),
  ];
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
