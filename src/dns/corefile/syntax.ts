/** What a Corefile is made of once its text is taken apart: words with their places, nothing yet with a meaning. */

/** A spot in a file; line and column (in characters) count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Word {
  /** Without quotes and escapes. */
  readonly text: string;
  readonly at: Place;
}

/** One line that begins with a word, and the block in braces that may follow it. */
export interface Directive {
  readonly name: Word;
  readonly args: readonly Word[];
  /** Undefined without braces; empty for `{ }`. */
  readonly block: readonly Directive[] | undefined;
}

/** `KEYS { DIRECTIVES }`, snippets and imports already in place. */
export interface ServerBlock {
  readonly keys: readonly Word[];
  readonly directives: readonly Directive[];
}
