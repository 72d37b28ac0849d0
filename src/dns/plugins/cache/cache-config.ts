/** The words of `cache` in a Corefile, as values. */

import type { BlockContext } from "../../corefile/plan.ts";
import type { OptionReader, Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";

export interface CacheConfig {
  /** Only names in these zones are looked at. */
  readonly zones: readonly Name[];
  readonly success: KindLimits;
  readonly denial: KindLimits;
  /** How long a failure of an upstream is repeated, 0 for not at all. */
  readonly servfailMs: number;
  readonly prefetch: Prefetch | undefined;
  readonly stale: ServeStale | undefined;
  /** Hits have the TTL that the reply came with, not what is left of it. */
  readonly keepsTtl: boolean;
}

/** For positive replies, or for denials. */
export interface KindLimits {
  /** A multiple of 256, 1024 at least. */
  readonly capacity: number;
  readonly maxTtlSeconds: number;
  readonly minTtlSeconds: number;
  /** Nothing in these is kept. */
  readonly disabledZones: readonly Name[];
}

/** Names asked for often are asked for again before they expire. */
interface Prefetch {
  readonly leastHits: number;
  /** Hits further apart than this do not add up. */
  readonly withinMs: number;
  /** The last part of an entry's time, in which this happens. */
  readonly percentage: number;
}

/** Replies that have expired, given out all the same (RFC 8767). */
interface ServeStale {
  readonly forMs: number;
  /** Given out at once, or only when the upstream has no better answer. */
  readonly mode: "immediate" | "verify";
  /** How long the upstream has for its better answer; 0: as long as it takes. */
  readonly verifyTimeoutMs: number;
  readonly ttlSeconds: number;
  /** The pause after an attempt in vain. */
  readonly recheckMs: number;
  /** A positive reply, even a stale one, goes before a denial. */
  readonly prefersPositive: boolean;
}

type Draft = { -readonly [Key in keyof CacheConfig]: CacheConfig[Key] };
type Kind = "success" | "denial";

const defaultCapacity = 10_000;
const minTtlSeconds = 5;
const maxSuccessTtlSeconds = 3600;
const maxDenialTtlSeconds = 1800;
const maxServfailMs = 300_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;
/** RFC 2181 §8. */
const maxTtl = 2 ** 31 - 1;

export function readCacheConfig(directive: Directive, reading: Reading, block: BlockContext): CacheConfig {
  const [first, ...others] = directive.args;
  const hasTtl = first !== undefined && isWholeNumber(first.text);
  const ttlSeconds = hasTtl ? readSeconds(first, 1, reading) : undefined;
  const zoneWords = hasTtl ? others : directive.args;
  const config: Draft = {
    zones: reading.zonesOr(
      zoneWords,
      block.keys.map(({ zone }) => zone),
    ),
    success: { ...defaultLimits(), maxTtlSeconds: ttlSeconds ?? maxSuccessTtlSeconds },
    denial: { ...defaultLimits(), maxTtlSeconds: ttlSeconds ?? maxDenialTtlSeconds },
    servfailMs: minTtlSeconds * 1000,
    prefetch: undefined,
    stale: undefined,
    keepsTtl: false,
  };
  reading.options(directive, {
    success: limitsReader("success", config, reading),
    denial: limitsReader("denial", config, reading),
    disable: option => readDisable(option, config, reading),
    prefetch: option => readPrefetch(option, config, reading),
    servfail: option => readServfail(option, config, reading),
    serve_stale: option => readServeStale(option, config, reading),
    serve_stale_policy: option => {
      if (reading.hasArguments(option, 1))
        reading.choice(inLowerCase(option.args[0] as Word), ["prefer_positive"]);
    },
    keepttl: option => {
      config.keepsTtl = reading.hasArguments(option, 0);
    },
  });
  readStalePolicy(directive, config, reading);
  return config;
}

function defaultLimits(): Omit<KindLimits, "maxTtlSeconds"> {
  return { capacity: usableCapacity(defaultCapacity), minTtlSeconds, disabledZones: [] };
}

/** CoreDNS divides what is asked for among 256 parts, each of 4 entries at least. */
function usableCapacity(wanted: number): number {
  return Math.max(Math.floor(wanted / 256), 4) * 256;
}

/** `success|denial CAPACITY [TTL] [MINTTL]` */
function limitsReader(kind: Kind, config: Draft, reading: Reading): OptionReader {
  return option => {
    if (!reading.hasArguments(option, 1, Infinity)) return;
    const [capacityWord, ttlWord, leastWord, surplus] = option.args;
    const limits = config[kind];
    const capacity =
      capacityWord && reading.integer(capacityWord, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    config[kind] = {
      ...limits,
      capacity: capacity === undefined ? limits.capacity : usableCapacity(capacity),
      maxTtlSeconds: (ttlWord && readSeconds(ttlWord, 1, reading)) ?? limits.maxTtlSeconds,
      minTtlSeconds: (leastWord && readSeconds(leastWord, 0, reading)) ?? limits.minTtlSeconds,
    };
    if (surplus === undefined) return;
    reading.report(
      "COREFILE_NO_EFFECT",
      surplus.at,
      `${kind} takes a capacity, a TTL and a least TTL; "${surplus.text}" means nothing`,
      "remove it",
    );
  };
}

/** Larger numbers than a TTL can be are as good as the largest one. */
function readSeconds(word: Word, least: number, reading: Reading): number | undefined {
  const seconds = reading.integer(word, least, Number.MAX_SAFE_INTEGER);
  return seconds && Math.min(seconds, maxTtl);
}

/** `disable success|denial [ZONES…]`: the last line of a kind counts. */
function readDisable(option: Directive, config: Draft, reading: Reading): void {
  if (!reading.hasArguments(option, 1, Infinity)) return;
  const [kindWord, ...zoneWords] = option.args;
  const kind = reading.choice(kindWord as Word, ["success", "denial"]);
  if (kind === undefined) return;
  const root: Name = [];
  config[kind] = { ...config[kind], disabledZones: reading.zonesOr(zoneWords, [root]) };
}

/** `prefetch AMOUNT [DURATION] [PERCENTAGE%]` */
function readPrefetch(option: Directive, config: Draft, reading: Reading): void {
  if (!reading.hasArguments(option, 1, 3)) return;
  const [amountWord, durationWord, shareWord] = option.args;
  const leastHits = reading.integer(amountWord as Word, 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const withinMs = (durationWord && reading.durationMs(durationWord, -Infinity)) ?? minuteMs;
  const percentage = (shareWord && readPercentage(shareWord, reading)) ?? 10;
  config.prefetch = leastHits === 0 ? undefined : { leastHits, withinMs, percentage };
}

function readPercentage(word: Word, reading: Reading): number | undefined {
  if (word.text.endsWith("%")) return reading.integer({ ...word, text: word.text.slice(0, -1) }, 10, 90);
  reading.wrongValue(word, `"${word.text}" is not a percentage`, "write one from 10% to 90%");
  return undefined;
}

function readServfail(option: Directive, config: Draft, reading: Reading): void {
  if (!reading.hasArguments(option, 1)) return;
  config.servfailMs = reading.durationMs(option.args[0] as Word, 0, maxServfailMs) ?? config.servfailMs;
}

/** `serve_stale [DURATION] [immediate [TTL [RECHECK]] | verify [TIMEOUT [TTL [RECHECK]]]]` */
function readServeStale(option: Directive, config: Draft, reading: Reading): void {
  const [durationWord, modeWord, ...rest] = option.args;
  const mode = modeWord && reading.choice(inLowerCase(modeWord), ["immediate", "verify"]);
  if (!reading.hasArguments(option, 0, mode === "verify" ? 5 : 4)) return;
  const timeoutWord = mode === "verify" ? rest.shift() : undefined;
  const [ttlWord, recheckWord] = rest;
  const forMs = (durationWord && reading.durationMs(durationWord)) ?? hourMs;
  const stale: ServeStale = {
    forMs,
    mode: mode ?? "immediate",
    verifyTimeoutMs: (timeoutWord && reading.durationMs(timeoutWord)) ?? 0,
    ttlSeconds: (ttlWord && readWholeSeconds(ttlWord, reading)) ?? 0,
    recheckMs: (recheckWord && reading.durationMs(recheckWord, 0, maxServfailMs)) ?? 0,
    prefersPositive: false,
  };
  config.stale = forMs === 0 ? undefined : stale;
}

function readWholeSeconds(word: Word, reading: Reading): number | undefined {
  const ms = reading.durationMs(word, 0, maxTtl * 1000);
  if (ms === undefined || ms % 1000 === 0) return ms === undefined ? undefined : ms / 1000;
  reading.wrongValue(word, `${word.text} is not a whole number of seconds`, "write one such as 30s");
  return undefined;
}

/** `serve_stale_policy prefer_positive`, which may stand before `serve_stale`. */
function readStalePolicy(directive: Directive, config: Draft, reading: Reading): void {
  const lines = directive.block ?? [];
  const [policy, ...others] = lines.filter(({ name }) => name.text === "serve_stale_policy");
  if (policy === undefined) return;
  if (others.length > 0) reading.isOnce([policy, ...others]);
  if (!lines.some(({ name }) => name.text === "serve_stale")) {
    reading.report(
      "COREFILE_MISSING",
      policy.name.at,
      "serve_stale_policy means nothing without serve_stale",
      "add serve_stale, or remove this line",
    );
  }
  if (config.stale !== undefined) config.stale = { ...config.stale, prefersPositive: true };
}

function inLowerCase(word: Word): Word {
  return { ...word, text: word.text.toLowerCase() };
}

function isWholeNumber(text: string): boolean {
  return /^[+-]?\d+$/.test(text);
}
