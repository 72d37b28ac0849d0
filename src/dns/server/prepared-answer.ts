/** One reply that is ready to be sent again: octets, and the places in them that differ from one client to the next. */

import type { Freshness, Marks } from "../plugins/freshness.ts";
import type { Outcome } from "../plugins/outcome.ts";
import type { Tally } from "../plugins/plugin.ts";
import { type Countdown, type Provenance, type Source, ttlSecondsAt } from "../plugins/provenance.ts";
import type { Query } from "../plugins/query.ts";
import { headerSizeBytes } from "../wire/message.ts";
import type { Cut } from "./cut-reply.ts";
import type { PlainQuery } from "./plain-query.ts";
import { lowerOctets, typeAndClassBytes } from "./plain-query.ts";
import type { Listening } from "./router.ts";
import type { ShuffleRun } from "./shuffle-run.ts";
import { shuffleRuns } from "./shuffle-run.ts";

/** For those who hear of every exchange: what was answered first. */
export interface FirstExchange {
  readonly query: Query;
  readonly outcome: Outcome;
}

export interface PreparedParts {
  /**
   * The whole reply as it is in answer to a query in lower case, addresses in the order in which they were found; in
   * Latin-1, since a text takes a third of the memory of a buffer and is written in half the time.
   */
  readonly octets: string;
  readonly provenance: Provenance;
  /** What is left out when the addresses are in order; undefined: nothing. */
  readonly cut: Cut | undefined;
  readonly shuffles: readonly ShuffleRun[];
  /** Where the serial of the SOA record is; 0 when it does not change. */
  readonly serialAt: number;
  /** Where the TTLs are that count down as `provenance` says; none when they do not. */
  readonly ttlsAt: readonly number[];
  readonly tallies: readonly Tally[];
  readonly hearers: readonly Listening[];
  readonly first: FirstExchange | undefined;
  readonly rcode: number;
}

/**
 * What one takes besides its octets, with its place in the table, and more: measured were 400 for an address of a Service,
 * and what is made of more takes more.
 */
const overheadBytes = 700;
/** And what it takes to tell others of it. */
const exchangeBytes = 3500;

export class PreparedAnswer {
  /** Those who hear of each time that it is sent. */
  readonly hearers: readonly Listening[];
  readonly first: FirstExchange | undefined;
  readonly rcode: number;
  /** False: it answers queries in lower case only, since others have names spelled otherwise in their replies. */
  readonly isOfAnySpelling: boolean;
  readonly #octets: string;
  readonly #flags: number;
  readonly #edns: number;
  readonly #questionEnd: number;
  // Of nearly all there is one. Where it is stands here: each place more in memory that differs from answer to answer is
  // one more that the processor has to wait for.
  readonly #freshness: Freshness | undefined;
  readonly #marks: Marks;
  readonly #otherSources: readonly Source[];
  readonly #tally: Tally | undefined;
  readonly #otherTallies: readonly Tally[];
  readonly #validUntilMs: number;
  readonly #cut: Cut | undefined;
  readonly #countdown: Countdown | undefined;
  readonly #ttlsAt: readonly number[];
  readonly #shuffles: readonly ShuffleRun[];
  readonly #serialAt: number;
  readonly #serialNow: (() => number) | undefined;
  readonly #repetitions: readonly (() => void)[];

  /** `query` is the one that it answers first. */
  constructor(query: PlainQuery, parts: PreparedParts) {
    const { provenance } = parts;
    this.hearers = exact(parts.hearers);
    this.first = parts.first;
    this.rcode = parts.rcode;
    this.#octets = parts.octets;
    this.#flags = query.flags;
    this.#edns = query.edns;
    this.#questionEnd = query.questionEnd;
    this.isOfAnySpelling = provenance.isOfAnySpelling;
    const [source, ...otherSources] = provenance.sources;
    this.#freshness = source?.freshness;
    this.#marks = source?.marks ?? none;
    this.#otherSources = exact(otherSources);
    const [tally, ...otherTallies] = parts.tallies;
    this.#tally = tally;
    this.#otherTallies = exact(otherTallies);
    this.#validUntilMs = provenance.validUntilMs;
    this.#cut = parts.cut;
    this.#countdown = provenance.countdown;
    this.#ttlsAt = exact(parts.ttlsAt);
    this.#shuffles = exact(parts.shuffles);
    this.#serialAt = parts.serialAt;
    this.#serialNow = parts.serialAt === 0 ? undefined : provenance.serialNow;
    this.#repetitions = exact(provenance.repetitions);
  }

  /** Of the reply. */
  get sizeBytes(): number {
    const cut = this.#cut;
    return cut === undefined ? this.#octets.length : this.#octets.length - (cut.end - cut.start);
  }

  get memoryBytes(): number {
    return this.#octets.length + overheadBytes + (this.first === undefined ? 0 : exchangeBytes);
  }

  /** Whether the time makes a difference to it. */
  get isTimed(): boolean {
    return this.#validUntilMs !== Infinity;
  }

  /** Whether it is still what the plugins would answer. Without `isTimed` the time may be any. */
  isCurrent(nowMs: number): boolean {
    if (this.#freshness?.isCurrent(this.#marks) === false) return false;
    const sources = this.#otherSources;
    for (let index = 0; index < sources.length; index++) {
      const { freshness, marks } = sources[index] as Source;
      if (!freshness.isCurrent(marks)) return false;
    }
    return nowMs < this.#validUntilMs;
  }

  /**
   * Writes the reply to the query that begins at `start`. False, and octets of no use, when it answers another query of
   * the same hash. `isOfAnySpelling` is to be asked before.
   */
  write(
    query: PlainQuery,
    octets: Uint8Array,
    start: number,
    out: Buffer,
    outStart: number,
    nowMs: number,
  ): boolean {
    const { questionEnd, hasCapitals } = query;
    if (query.flags !== this.#flags || query.edns !== this.#edns || questionEnd !== this.#questionEnd) {
      return false;
    }
    out.write(this.#octets, outStart, "latin1");
    const isSame = hasCapitals ? takeSpelling : isSameQuestion;
    if (!isSame(octets, start, out, outStart, questionEnd)) return false;
    out[outStart] = octets[start] as number;
    out[outStart + 1] = octets[start + 1] as number;
    if (this.#serialNow !== undefined) setUint32At(out, outStart + this.#serialAt, this.#serialNow());
    if (this.#countdown !== undefined)
      setTtls(out, outStart, this.#ttlsAt, ttlSecondsAt(this.#countdown, nowMs));
    if (this.#shuffles.length > 0) shuffleRuns(out, outStart, this.#shuffles, Math.random);
    if (this.#cut !== undefined) leaveOut(out, outStart, this.#cut, this.#octets.length);
    return true;
  }

  /** Counts it as sent once more. */
  count(durationNs: number, requestSizeBytes: number): void {
    const { sizeBytes } = this;
    this.#tally?.count(durationNs, requestSizeBytes, sizeBytes);
    for (const tally of this.#otherTallies) tally.count(durationNs, requestSizeBytes, sizeBytes);
    const repetitions = this.#repetitions;
    for (let index = 0; index < repetitions.length; index++) repetitions[index]?.();
  }
}

/** The same, in no more memory than it needs: an array that has grown has room for sixteen more. */
function exact<Value>(values: readonly Value[]): readonly Value[] {
  return values.length === 0 ? none : values.slice();
}

const none: readonly never[] = [];

/** Octet for octet. */
function isSameQuestion(
  octets: Uint8Array,
  start: number,
  out: Uint8Array,
  outStart: number,
  questionEnd: number,
): boolean {
  for (let at = headerSizeBytes; at < questionEnd; at++) {
    if (octets[start + at] !== out[outStart + at]) return false;
  }
  return true;
}

/** The same for a name in other letters, which is written over the name in lower case; type and class have no letters. */
function takeSpelling(
  octets: Uint8Array,
  start: number,
  out: Uint8Array,
  outStart: number,
  questionEnd: number,
): boolean {
  const typeAt = questionEnd - typeAndClassBytes;
  for (let at = headerSizeBytes; at < questionEnd; at++) {
    const octet = octets[start + at] as number;
    if ((at < typeAt ? lowerOctets[octet] : octet) !== out[outStart + at]) return false;
    out[outStart + at] = octet;
  }
  return true;
}

function leaveOut(octets: Uint8Array, start: number, cut: Cut, sizeBytes: number): void {
  octets.copyWithin(start + cut.start, start + cut.end, start + sizeBytes);
}

function setTtls(octets: Uint8Array, start: number, ttlsAt: readonly number[], seconds: number): void {
  for (let index = 0; index < ttlsAt.length; index++) {
    setUint32At(octets, start + (ttlsAt[index] as number), seconds);
  }
}

function setUint32At(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}
