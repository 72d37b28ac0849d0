/**
 * What a reply was made from, noted by the plugins while they make it: whether the next client that asks the same may
 * have it too, and for how long. Plugins find it in `query.provenance`, where somebody wants to know.
 */

import type { Freshness, Marks } from "./freshness.ts";

export interface Source {
  readonly freshness: Freshness;
  readonly marks: Marks;
}

export class Provenance {
  readonly sources: Source[] = [];
  /** Done each time that the reply is sent again: what the plugins would have done besides answering. */
  readonly repetitions: (() => void)[] = [];
  /** On the host's clock: from then on the reply is another one. */
  validUntilMs = Infinity;
  /** The serial that the reply's SOA record has at any time; undefined: always the same. */
  serialNow: (() => number) | undefined;
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
    this.validUntilMs = Math.min(this.validUntilMs, timeMs);
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
