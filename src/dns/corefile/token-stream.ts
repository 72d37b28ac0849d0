/** The words still to be read; what an `import` brings is put in its place. */

import type { ImportSource } from "./imports.ts";
import type { Token } from "./lexer.ts";
import { isSameLine } from "./lexer.ts";

/** Words from one place: the Corefile, or what one import brought. */
interface Frame {
  readonly source: ImportSource;
  next: number;
  /** What goes on when these words are used up. */
  readonly outer: Frame | undefined;
  /** Where the import stood, used up or not. */
  readonly importer: Frame | undefined;
}

export class TokenStream {
  #frame: Frame;
  #last: { readonly token: Token; readonly frame: Frame } | undefined;

  constructor(source: ImportSource) {
    this.#frame = { source, next: 0, outer: undefined, importer: undefined };
  }

  /** The word read last. */
  get last(): Token | undefined {
    return this.#last?.token;
  }

  peek(): Token | undefined {
    const { source, next } = this.#frameOfNext();
    return source.tokens[next];
  }

  next(): Token | undefined {
    const token = this.skip();
    if (token !== undefined) this.#last = { token, frame: this.#frame };
    return token;
  }

  /** Reads a word as if it had never stood there: `last` stays. */
  skip(): Token | undefined {
    this.#frame = this.#frameOfNext();
    const token = this.#frame.source.tokens[this.#frame.next];
    if (token !== undefined) this.#frame.next += 1;
    return token;
  }

  /**
   * The word that comes next begins a line, or there is none. An import ends the line too: of a file that is read twice
   * in a row the last word and the first may have the same line.
   */
  get isAtLineStart(): boolean {
    const frame = this.#frameOfNext();
    const token = frame.source.tokens[frame.next];
    if (token === undefined || this.#last === undefined || this.#last.frame !== frame) return true;
    return !isSameLine(this.#last.token, token);
  }

  /** True when the word read last came from this source, directly or by imports of its own. */
  isWithin(name: string): boolean {
    for (let frame: Frame | undefined = this.#frame; frame !== undefined; frame = frame.importer) {
      if (frame.source.name === name) return true;
    }
    return false;
  }

  /** Puts words in front of all that are left, in the order given. */
  insert(sources: readonly ImportSource[]): void {
    const importer = this.#frame;
    // Used-up frames are dropped already here, or a chain of imports would make every look ahead longer.
    let frame = this.#frameOfNext();
    for (const source of sources.toReversed()) frame = { source, next: 0, outer: frame, importer };
    this.#frame = frame;
  }

  #frameOfNext(): Frame {
    let frame = this.#frame;
    while (frame.outer !== undefined && frame.next >= frame.source.tokens.length) frame = frame.outer;
    return frame;
  }
}
