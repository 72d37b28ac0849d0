import { randomInt } from "node:crypto";
import { buildQuery } from "../../support/dns-client-query.ts";
import type { Asked } from "./load-request.ts";

/** Octets before the first label's letters: the header and the label's length. */
const letterOffset = 13;
const newLetters = 12;

/** Queries ready to be written, in random order. */
export class Questions {
  /** In Latin-1, which is written faster than octets are copied. */
  readonly #queries: readonly string[];
  readonly #isEachNew: boolean;
  /** Another one in each run: names that are new must not be those of an earlier run. */
  #state = randomInt(1, 2 ** 32) | 0;

  constructor({ names, isEachNew }: Asked) {
    const options = { id: 0, recursionDesired: true };
    this.#queries = names.map(name => buildQuery(`${name} A`, options).toString("latin1"));
    this.#isEachNew = isEachNew;
  }

  /** Writes a query with the id 0 and gives its size in octets. */
  write(out: Buffer, at: number): number {
    const query = this.#queries[this.#random() % this.#queries.length] as string;
    out.write(query, at, "latin1");
    if (this.#isEachNew) this.#writeLetters(out, at + letterOffset);
    return query.length;
  }

  #writeLetters(out: Buffer, at: number): void {
    let bits = 0;
    for (let letter = 0; letter < newLetters; letter += 1) {
      if (letter % 8 === 0) bits = this.#random();
      out[at + letter] = 0x61 + (bits & 15);
      bits >>>= 4;
    }
  }

  /** Xorshift: 32 bits, never 0. */
  #random(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }
}
