/** All replies that are ready to be sent, with an upper bound on the memory they take. */

import { randomInt } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { PreparedAnswer } from "./prepared-answer.ts";

/** For some twenty thousand replies of usual size. */
const maxSizeBytes = 16 * 1024 * 1024;
/** Questions that were asked once; a power of two. */
const onceAskedCount = 65_536;

export class PreparedAnswers {
  readonly #answers = new LRUCache<number, PreparedAnswer>({
    // Not `max`: memory for as many would be taken at once.
    maxSize: maxSizeBytes,
    sizeCalculation: ({ memoryBytes }) => memoryBytes,
  });
  readonly #onceAsked = new Int32Array(onceAskedCount);
  #toss = 0;
  /** Nobody outside can know which questions have the same hash. */
  #seed = randomInt(2 ** 32) | 0;

  /** Another one for each listener, so that the same question to another never has the same hash. */
  nextSeed(): number {
    this.#seed = (this.#seed + 1) | 0;
    return this.#seed;
  }

  /** By the hash of a question, which others may share. */
  find(hash: number): PreparedAnswer | undefined {
    return this.#answers.get(hash);
  }

  put(hash: number, answer: PreparedAnswer): void {
    this.#answers.set(hash, answer);
  }

  /**
   * Whether the question was asked before, not too long ago: most names in a flood are asked for once, and would drive
   * out those that are asked for again and again.
   */
  isAskedAgain(hash: number): boolean {
    const slot = hash & (onceAskedCount - 1);
    if (this.#onceAsked[slot] === hash) return true;
    // Which of two that share a place stays is left to chance: in turns they would never be known again.
    this.#toss = (Math.imul(this.#toss, 1_664_525) + 1_013_904_223) | 0;
    if (this.#toss < 0 || this.#onceAsked[slot] === 0) this.#onceAsked[slot] = hash;
    return false;
  }

  /** Number of replies, for those who look. */
  get size(): number {
    return this.#answers.size;
  }

  /** Whatever is asked next is answered anew. */
  clear(): void {
    this.#answers.clear();
  }
}
