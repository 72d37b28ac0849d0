/** Replies by question, with an upper bound on their number and on the memory they take. */

import { LRUCache } from "lru-cache";
import type { Reply } from "../outcome.ts";
import type { Query } from "../query.ts";
import type { KeptReply } from "./kept-reply.ts";
import { nameText } from "./response-kind.ts";

/** The two halves of the cache, as metrics and the Corefile name them. */
export type Half = "success" | "denial";

export interface Entry {
  readonly kept: KeptReply;
  readonly kind: "answer" | "empty" | "referral" | "denial" | "failure";
  readonly rcode: number;
  readonly ttlSeconds: number;
  /** On the host's clock; from here on the reply is stale. */
  readonly expiresAtMs: number;
  /** How often it was asked for without a long pause, and when last: for `prefetch`. */
  hits: number;
  lastHitAtMs: number;
  /** What an upstream is asked at the moment for this entry; the new reply if it takes the entry's place. */
  refreshing: Promise<Reply | undefined> | undefined;
  /** After an attempt in vain, when the next one may be made. */
  refreshNotBeforeMs: number;
}

export interface StoreOptions {
  readonly capacity: Readonly<Record<Half, number>>;
  /** How long entries are of use when they have expired. */
  readonly staleMs: number;
  /** A denial leaves a positive entry where it is, and is found only when that is of no use any more. */
  readonly prefersPositive: boolean;
  /** Hears the key of each entry that is dropped or replaced. */
  readonly onGone: (key: string) => void;
}

/** An entry counts as one for each started KiB, so that the bound on the number is one on memory, too. */
const unitBytes = 1024;

export class AnswerStore {
  readonly #halves: Readonly<Record<Half, LRUCache<string, Entry>>>;
  readonly #options: StoreOptions;
  #evicted = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    const half = (capacity: number): LRUCache<string, Entry> =>
      new LRUCache({
        // Not `max`: memory for as many would be taken at once.
        maxSize: capacity,
        sizeCalculation: ({ kept }) => Math.ceil(kept.sizeBytes / unitBytes),
        dispose: (_entry, key, reason) => {
          options.onGone(key);
          if (reason === "evict") this.#evicted++;
        },
      });
    this.#halves = { success: half(options.capacity.success), denial: half(options.capacity.denial) };
  }

  /** The entry to answer from: fresh, or stale for no longer than allowed. */
  find(key: string, nowMs: number): Entry | undefined {
    return this.#usable("success", key, nowMs) ?? this.#usable("denial", key, nowMs);
  }

  /** Keeps an entry, unless it is worse than what is there. Gives the number of entries it had to drop for that. */
  put(key: string, entry: Entry, nowMs: number): number {
    const { success, denial } = this.#halves;
    const evictedBefore = this.#evicted;
    if (halfOf(entry) === "success") {
      if (this.#isWorse(entry, key, nowMs)) return 0;
      denial.delete(key);
      success.set(key, entry);
    } else {
      const isPreferred = this.#options.prefersPositive && success.peek(key)?.kind === "answer";
      if (!isPreferred) success.delete(key);
      denial.set(key, entry);
    }
    return this.#evicted - evictedBefore;
  }

  /** Notes that an entry was of use, so that it is not the next that makes room. */
  touch(half: Half, key: string): void {
    this.#halves[half].get(key);
  }

  size(half: Half): number {
    return this.#halves[half].size;
  }

  /** An answer that is preferred goes only for another answer. */
  #isWorse(entry: Entry, key: string, nowMs: number): boolean {
    if (!this.#options.prefersPositive || entry.kind === "answer") return false;
    return this.#usable("success", key, nowMs)?.kind === "answer";
  }

  #usable(half: Half, key: string, nowMs: number): Entry | undefined {
    const entry = this.#halves[half].get(key);
    if (entry === undefined) return undefined;
    // A failure that is over says nothing any more.
    const staleMs = entry.kind === "failure" ? 0 : this.#options.staleMs;
    return nowMs < entry.expiresAtMs + staleMs ? entry : undefined;
  }
}

export function halfOf({ kind }: Pick<Entry, "kind">): Half {
  return kind === "denial" || kind === "failure" ? "denial" : "success";
}

/**
 * Queries with one key have one answer: the name in lower case, type, class, and whether signatures are wanted (DO) or
 * not checked (CD).
 */
export function keyOf({ message, question, name }: Query): string {
  const flags = (message.edns?.isDnssecOk ? 1 : 0) | (message.checkingDisabled ? 2 : 0);
  const { type, class: questionClass } = question;
  const head = String.fromCharCode(flags, type >>> 8, type & 0xff, questionClass >>> 8, questionClass & 0xff);
  return head + nameText(name);
}
