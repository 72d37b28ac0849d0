/**
 * Corefile word `cache` at work.
 *
 * In the place that the word has in the chain every reply gets one TTL within the limits set. What is kept stands
 * directly in front of the plugins that ask upstreams, and holds their replies only: names of the cluster are answered
 * from what the cluster is now, and a denial that an upstream gave is of no effect as soon as the cluster knows the name.
 */

import type { Message } from "../../wire/message.ts";
import { formatName, isSubdomain, type Name } from "../../wire/name.ts";
import { Freshness } from "../freshness.ts";
import { hasOneTtl } from "../octets-reply.ts";
import type { Outcome, Reply, ReplyChanges } from "../outcome.ts";
import { andThen } from "../outcome.ts";
import type { Handler, Layer, PluginHost } from "../plugin.ts";
import { type Countdown, type Provenance, ttlSecondsAt } from "../provenance.ts";
import type { Query } from "../query.ts";
import { adChange, forClient, wantsAd, withAd } from "./ad-flag.ts";
import { AnswerStore, type Entry, halfOf, keyOf } from "./answer-store.ts";
import type { CacheConfig } from "./cache-config.ts";
import { CacheMetrics } from "./cache-metrics.ts";
import { whyCachedError, whyStale } from "./cache-reasons.ts";
import { keptReply } from "./kept-reply.ts";
import { lifetimeSeconds } from "./lifetime.ts";
import { factsOf, plainFactsOf, type ReplyFacts } from "./reply-facts.ts";
import { hasExpiredSignature, hasSignature } from "./response-kind.ts";

export class AnswerCache implements Layer {
  readonly answersAlike = true;
  readonly #config: CacheConfig;
  readonly #host: PluginHost;
  readonly #store: AnswerStore;
  readonly #metrics: CacheMetrics;
  /** By the keys of entries. */
  readonly #freshness = new Freshness();

  constructor(config: CacheConfig, host: PluginHost) {
    this.#config = config;
    this.#host = host;
    this.#store = new AnswerStore({
      capacity: { success: config.success.capacity, denial: config.denial.capacity },
      staleMs: config.stale?.forMs ?? 0,
      prefersPositive: config.stale?.prefersPositive ?? false,
      onGone: key => this.#freshness.touch(key),
    });
    this.#metrics = new CacheMetrics(host.instruments, config.zones.map(formatName).join(","));
  }

  /** Gives every reply one TTL, also those that are kept nowhere. */
  handle(query: Query, next: Handler): Outcome | Promise<Outcome> {
    if (!isIn(this.#config.zones, query.name)) return next(query);
    return andThen(next(query), outcome =>
      outcome.kind === "reply" ? this.#withOneTtl(query, outcome) : outcome,
    );
  }

  aroundUpstream(query: Query, next: Handler): Outcome | Promise<Outcome> {
    if (!isIn(this.#config.zones, query.name)) return next(query);
    this.#metrics.count("requests", query.server);
    const nowMs = this.#host.now();
    const key = keyOf(query);
    const entry = this.#store.find(key, nowMs);
    if (entry === undefined || nowMs >= entry.expiresAtMs || this.#config.prefetch !== undefined) {
      // What is counted and asked for besides cannot be left out.
      query.provenance?.isForThisQueryOnly();
    }
    if (entry === undefined) return this.#askUpstream(query, key, next);
    this.#metrics.countHalf("hits", halfOf(entry), query.server);
    if (nowMs >= entry.expiresAtMs) return this.#answerStale(query, key, entry, next, nowMs);
    if (this.#isPrefetchDue(entry, nowMs)) this.#prefetch(query, key, entry, next, nowMs);
    if (query.provenance !== undefined) this.#noteHit(query.provenance, query, key, entry, nowMs);
    return this.#hit(query, entry, nowMs);
  }

  #withOneTtl(query: Query, reply: Reply): Outcome {
    // What comes out of `aroundUpstream` is done: the rest of a hit's TTL must not be raised to the least TTL again.
    if (hasOneTtl(reply)) return reply;
    const { message } = reply;
    const facts = this.#factsOf(query, reply);
    const lowest = facts.lowestTtlSeconds;
    const seconds = Math.floor(lifetimeSeconds(facts, this.#config));
    const ttlSeconds = reply.isFromUpstream ? Math.min(lowest ?? seconds, seconds) : seconds;
    const hidesAd = message.authenticData && !wantsAd(query);
    const isDone = lowest === undefined || hasTtlOnly(message, ttlSeconds);
    return isDone && !hidesAd ? reply : reply.with({ ttlSeconds, ...adChange(query) });
  }

  #askUpstream(query: Query, key: string, next: Handler): Outcome | Promise<Outcome> {
    this.#metrics.count("misses", query.server);
    return andThen(next(withAd(query)), outcome => {
      if (outcome.kind !== "reply" || !outcome.isFromUpstream) return outcome;
      return forClient(query, this.#keep(query, key, outcome).reply);
    });
  }

  /** Gives a reply of an upstream its TTL, and keeps it if others may have it, too. */
  #keep(
    query: Query,
    key: string,
    reply: Reply,
  ): { readonly reply: Reply; readonly entry: Entry | undefined } {
    const facts = this.#factsOf(query, reply);
    const lifetime = lifetimeSeconds(facts, this.#config);
    const ttlSeconds = Math.floor(lifetime);
    const dated = reply.with({ ttlSeconds });
    const { kind } = facts;
    if (kind === "other" || lifetime === 0 || !facts.isCacheable) return { reply: dated, entry: undefined };
    if (!facts.isToQuestion) {
      this.#metrics.count("drops", query.server);
      return { reply: dated, entry: undefined };
    }
    const half = halfOf({ kind });
    if (isIn(this.#config[half].disabledZones, query.name)) return { reply: dated, entry: undefined };
    const nowMs = this.#host.now();
    const entry: Entry = {
      kept: keptReply(reply, query.message),
      kind,
      rcode: reply.rcode,
      ttlSeconds,
      expiresAtMs: nowMs + lifetime * 1000,
      hits: 0,
      lastHitAtMs: 0,
      refreshing: undefined,
      refreshNotBeforeMs: 0,
    };
    const evicted = this.#store.put(key, entry, nowMs);
    if (evicted > 0) this.#metrics.countHalf("evictions", half, query.server, evicted);
    this.#metrics.setEntries(this.#store, query.server);
    return { reply: dated, entry };
  }

  #noteHit(provenance: Provenance, { server }: Query, key: string, entry: Entry, nowMs: number): void {
    const half = halfOf(entry);
    provenance.isMadeFrom(this.#freshness, [key]);
    const isFailure = entry.kind === "failure";
    // Its reason tells how many seconds are left.
    if (isFailure) provenance.changesEachSecond();
    if (this.#config.keepsTtl && !isFailure) provenance.expiresAt(entry.expiresAtMs);
    else provenance.countsDown(countdownOf(entry, nowMs));
    const count = this.#metrics.hitCounter(half, server);
    provenance.repetitions.push(() => {
      count();
      this.#store.touch(half, key);
    });
  }

  #hit(query: Query, entry: Entry, nowMs: number): Reply {
    const ttlSeconds = this.#config.keepsTtl
      ? entry.ttlSeconds
      : ttlSecondsAt(countdownOf(entry, nowMs), nowMs);
    // Clients that take no answer without AA are still about; CoreDNS serves them, too.
    const changes: ReplyChanges = { ttlSeconds, isAuthoritative: true, ...adChange(query) };
    if (entry.kind !== "failure") return entry.kept.reply().with(changes);
    return entry.kept.reply().with({ ...changes, reason: whyCachedError(query, entry, nowMs) });
  }

  #answerStale(
    query: Query,
    key: string,
    entry: Entry,
    next: Handler,
    nowMs: number,
  ): Outcome | Promise<Outcome> {
    if (this.#config.stale?.mode === "verify") return this.#verify(query, key, entry, next, nowMs);
    this.#prefetch(query, key, entry, next, nowMs);
    return this.#stale(query, entry, nowMs);
  }

  #stale(query: Query, entry: Entry, nowMs: number): Reply {
    this.#metrics.count("served_stale", query.server);
    return entry.kept.reply().with({
      ttlSeconds: this.#config.stale?.ttlSeconds ?? 0,
      isAuthoritative: true,
      reason: whyStale(query, entry, nowMs),
      ...adChange(query),
    });
  }

  /** The upstream's answer if it has one in time, else the stale one. */
  async #verify(query: Query, key: string, entry: Entry, next: Handler, nowMs: number): Promise<Outcome> {
    const { verifyTimeoutMs = 0, recheckMs = 0 } = this.#config.stale ?? {};
    const isPausing = nowMs < entry.refreshNotBeforeMs || (recheckMs > 0 && entry.refreshing !== undefined);
    if (isPausing) return this.#stale(query, entry, nowMs);
    const reply = await atMost(this.#refresh(query, key, entry, next), verifyTimeoutMs);
    return reply === undefined ? this.#stale(query, entry, nowMs) : forClient(query, reply);
  }

  #isPrefetchDue(entry: Entry, nowMs: number): boolean {
    const { prefetch } = this.#config;
    if (prefetch === undefined) return false;
    entry.hits = nowMs - entry.lastHitAtMs > prefetch.withinMs ? 1 : entry.hits + 1;
    entry.lastHitAtMs = nowMs;
    const lastSeconds = Math.ceil((prefetch.percentage / 100) * entry.ttlSeconds);
    return entry.hits >= prefetch.leastHits && entry.expiresAtMs - nowMs <= lastSeconds * 1000;
  }

  /** Asks for a new answer while clients get the old one. */
  #prefetch(query: Query, key: string, entry: Entry, next: Handler, nowMs: number): void {
    if (entry.refreshing !== undefined || nowMs < entry.refreshNotBeforeMs) return;
    this.#metrics.count("prefetch", query.server);
    void this.#refresh(query, key, entry, next);
  }

  /** At most one query at a time for an entry. Never rejects. */
  #refresh(query: Query, key: string, entry: Entry, next: Handler): Promise<Reply | undefined> {
    entry.refreshing ??= this.#askAnew(query, key, entry, next)
      .catch((error: unknown) => {
        this.#host.log.error({ err: error }, "refreshing an entry failed");
        return undefined;
      })
      .finally(() => {
        entry.refreshing = undefined;
      });
    return entry.refreshing;
  }

  /** The reply that takes the entry's place; undefined when there is none that is better (RFC 8767 §4). */
  async #askAnew(query: Query, key: string, entry: Entry, next: Handler): Promise<Reply | undefined> {
    // The client that has its answer already must not wait for the sending of this query.
    await null;
    const outcome = await next(withAd(overTcp(query)));
    const pauseMs = this.#config.stale?.recheckMs ?? 0;
    const nowMs = this.#host.now();
    entry.refreshNotBeforeMs = nowMs + pauseMs;
    if (outcome.kind !== "reply" || !outcome.isFromUpstream) return undefined;
    const { kind, isToQuestion } = this.#factsOf(query, outcome);
    if (kind === "other" || !isToQuestion || outcome.message.isTruncated) return undefined;
    if (kind === "failure") {
      entry.refreshNotBeforeMs = nowMs + Math.max(pauseMs, this.#config.servfailMs);
      return undefined;
    }
    const kept = this.#keep(query, key, outcome);
    if (this.#isPreferred(entry) && kind !== "answer") {
      entry.refreshNotBeforeMs = Math.max(entry.refreshNotBeforeMs, kept.entry?.expiresAtMs ?? 0);
      return undefined;
    }
    if (kept.entry !== undefined)
      Object.assign(kept.entry, { hits: entry.hits, lastHitAtMs: entry.lastHitAtMs });
    return kept.reply;
  }

  #isPreferred({ kind }: Entry): boolean {
    return kind === "answer" && this.#config.stale?.prefersPositive === true;
  }

  #factsOf({ message: { edns }, question, provenance }: Query, reply: Reply): ReplyFacts {
    const isSigned = edns?.isDnssecOk === true;
    const plain = isSigned ? undefined : plainFactsOf(reply, question);
    if (plain !== undefined) return plain;
    const { message } = reply;
    const facts = factsOf(message, question);
    if (!isSigned) return facts;
    if (hasSignature(message)) provenance?.isForThisQueryOnly();
    return hasExpiredSignature(message, Date.now() / 1000) ? { ...facts, kind: "other" } : facts;
  }
}

function countdownOf({ expiresAtMs, ttlSeconds }: Entry, nowMs: number): Countdown {
  return { endsAtMs: expiresAtMs, mostSeconds: ttlSeconds, beganAtMs: nowMs };
}

function isIn(zones: readonly Name[], name: Name): boolean {
  return zones.some(zone => isSubdomain(name, zone));
}

/** A reply for whoever asks next should be a whole one. */
function overTcp(query: Query): Query {
  return { ...query, client: { ...query.client, protocol: "tcp" } };
}

function hasTtlOnly({ answers, authorities, additionals }: Message, ttlSeconds: number): boolean {
  const is = (record: { readonly ttlSeconds: number }) => record.ttlSeconds === ttlSeconds;
  return answers.every(is) && authorities.every(is) && additionals.every(is);
}

/** Undefined when the promise takes longer than that; 0 waits for as long as it takes. */
async function atMost<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value | undefined> {
  if (timeoutMs === 0) return promise;
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, timeoutMs, undefined);
  timer.unref();
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
