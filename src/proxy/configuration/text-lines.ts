/** Offsets in a text as lines and columns, which count from 1. */
export class TextLines {
  /** Offset at which each line begins. */
  readonly #starts: number[] = [0];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }

  /** Moves a place that lies behind the text, or behind its line, to the end of it. */
  within(line: number, column: number): { readonly line: number; readonly column: number } {
    const inside = Math.min(line, this.#starts.length);
    const start = this.#starts[inside - 1] ?? 0;
    const end = (this.#starts[inside] ?? this.#text.length + 1) - 1;
    return { line: inside, column: Math.min(column, end - start + 1) };
  }
}
