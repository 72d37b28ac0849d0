/**
 * What a reply was made from, noted by the plugins while they make it: whether the next client that asks the same may
 * have it too, and for how long. Plugins find it in `query.provenance`, where somebody wants to know.
 */

import type { Freshness, Marks } from "./freshness.ts";

export interface Source {
  readonly freshness: Freshness;
  readonly marks: Marks;
}

/** The TTL that all records of a reply out of a cache share: what is left until the end, but no more than the most. */
export interface Countdown {
  /** On the host's clock. */
  readonly endsAtMs: number;
  readonly mostSeconds: number;
  /** When the reply was made. */
  readonly beganAtMs: number;
}

export function ttlSecondsAt({ endsAtMs, mostSeconds }: Countdown, nowMs: number): number {
  return Math.min(Math.ceil((endsAtMs - nowMs) / 1000), mostSeconds);
}

export class Provenance {
  readonly sources: Source[] = [];
  /** Done each time that the reply is sent again: what the plugins would have done besides answering. */
  readonly repetitions: (() => void)[] = [];
  /** The serial that the reply's SOA record has at any time; undefined: always the same. */
  serialNow: (() => number) | undefined;
  #expiresAtMs = Infinity;
  #countdown: Countdown | undefined;
  #changesEachSecond = false;
  #isForOneClient = false;
  #isShuffled = false;
  #followsSpelling: boolean | undefined;

  /** The reply depends on more than the question, or making it has an effect that sending it again would not have. */
  isForThisQueryOnly(): void {
    this.#isForOneClient = true;
  }

  /** The reply changes when one of the keys is touched. */
  isMadeFrom(freshness: Freshness, keys: Iterable<string>): void {
    this.sources.push({ freshness, marks: freshness.mark(keys) });
  }

  expiresAt(timeMs: number): void {
    this.#expiresAtMs = Math.min(this.#expiresAtMs, timeMs);
  }

  /** All records of the reply count down together, and at the end it is another one. */
  countsDown(countdown: Countdown): void {
    // Records of another countdown would end at another time.
    if (this.#countdown !== undefined) this.#isForOneClient = true;
    this.#countdown = countdown;
    this.expiresAt(countdown.endsAtMs);
  }

  /** The reply tells of the countdown otherwise than by the TTL of its records: who knows how. */
  changesEachSecond(): void {
    this.#changesEachSecond = true;
  }

  /** Undefined when the TTLs stay as they are until the reply is another one. */
  get countdown(): Countdown | undefined {
    return this.#changesEachSecond ? undefined : this.#countdown;
  }

  /** On the host's clock: from then on the reply is another one. */
  get validUntilMs(): number {
    if (this.#countdown === undefined || !this.#changesEachSecond) return this.#expiresAtMs;
    const { endsAtMs, beganAtMs } = this.#countdown;
    const nextSecondAtMs = endsAtMs - (Math.ceil((endsAtMs - beganAtMs) / 1000) - 1) * 1000;
    return Math.min(this.#expiresAtMs, nextSecondAtMs);
  }

  /**
   * Asked by who wants to put a reply's addresses into random order. True: leave them, whoever sends the reply does it
   * each time anew, as `Reply.shuffled` does it.
   */
  takesShuffle(): boolean {
    // A second shuffle, of a part of the reply or the whole, would have to be repeated, too.
    if (this.#isShuffled) this.#isForOneClient = true;
    if (this.#isForOneClient) return false;
    this.#isShuffled = true;
    return true;
  }

  /** All names in the reply that are spelled like the question's are so because they were taken from it. */
  followsSpelling(): void {
    this.#followsSpelling ??= true;
  }

  /** Names in the reply may be spelled like the question's by chance, whatever plugins further in say. */
  hasSpellingOfItsOwn(): void {
    this.#followsSpelling = false;
  }

  get isRepeatable(): boolean {
    return !this.#isForOneClient;
  }

  get isShuffled(): boolean {
    return this.#isShuffled;
  }

  /** Whether the question's octets can be put in place of those of another spelling. */
  get isOfAnySpelling(): boolean {
    return this.#followsSpelling === true;
  }
}
