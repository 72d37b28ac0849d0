/** Whether something has changed since a reply was made from it: a count of changes for each key. */

const usualSlotCount = 32_768;

/** What replies were made from, and how often that had changed then: slot, count, slot, count and so on. */
export type Marks = readonly number[];

/**
 * Keys share a fixed number of counters, so that this takes the same memory whatever there is to know. Two keys that
 * share one make a reply look outdated that is not, never the other way round.
 */
export class Freshness {
  readonly #slotCount: number;
  /** Empty until there is something to outdate. */
  #counts = new Uint32Array();

  /** A power of two; 1 where everything changes at once. */
  constructor(slotCount = usualSlotCount) {
    this.#slotCount = slotCount;
  }

  /** What is behind the keys is as it is now. */
  mark(keys: Iterable<string>): Marks {
    if (this.#counts.length === 0) this.#counts = new Uint32Array(this.#slotCount);
    const slots = new Set(Array.from(keys, key => this.#slotOf(key)));
    const marks = Array.from(slots).flatMap(slot => [slot, this.#counts[slot] as number]);
    // In no more memory than it needs: there may be many.
    return marks.slice();
  }

  /** Whether nothing behind the marks was touched. */
  isCurrent(marks: Marks): boolean {
    for (let index = 0; index < marks.length; index += 2) {
      if (this.#counts[marks[index] as number] !== marks[index + 1]) return false;
    }
    return true;
  }

  /** From now on replies made from what is behind the key are outdated. */
  touch(key: string): void {
    if (this.#counts.length > 0) (this.#counts[this.#slotOf(key)] as number)++;
  }

  touchAll(): void {
    for (let slot = 0; slot < this.#counts.length; slot++) (this.#counts[slot] as number)++;
  }

  /** FNV-1a. */
  #slotOf(key: string): number {
    let hash = 0x811c9dc5;
    for (let index = 0; index < key.length; index++) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    }
    return (hash ^ (hash >>> 16)) & (this.#slotCount - 1);
  }
}
