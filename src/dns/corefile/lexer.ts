/**
 * Corefile text → words, as Caddy's lexer cuts them (github.com/coredns/caddy/caddyfile/lexer.go). A word ends at a
 * blank unless it begins with a quote. `#` begins a comment where a word could begin; inside a word it cuts off the
 * rest of that word only.
 */

import type { Place, Word } from "./syntax.ts";

export interface Token extends Word {
  /** What is written differs from what is meant, in all likelihood. */
  readonly oddity: "unclosed-quote" | "cut-by-comment" | undefined;
}

/** Never fails: a quote that nobody closes runs to the end of the text. */
export function lex(text: string, file: string): readonly Token[] {
  const lexer = new Lexer(text, file);
  const tokens: Token[] = [];
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) tokens.push(token);
  return tokens;
}

/** True when `next` stands on the line on which `token` ends; a quoted word may end lines below its beginning. */
export function isSameLine(token: Word, next: Word): boolean {
  if (token.at.file !== next.at.file) return false;
  let line = token.at.line;
  for (let end = token.text.indexOf("\n"); end !== -1; end = token.text.indexOf("\n", end + 1)) line += 1;
  return line === next.at.line;
}

/** Go's unicode.IsSpace, which differs from `\s` in U+0085 and U+FEFF. */
const blank = /[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]/;

class Lexer {
  readonly #text: string;
  readonly #file: string;
  #offset = 0;
  #line = 1;
  #column = 1;

  constructor(text: string, file: string) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.#file = file;
  }

  next(): Token | undefined {
    this.#skipBlanksAndComments();
    if (this.#here === "") return undefined;
    const at: Place = { file: this.#file, line: this.#line, column: this.#column };
    return this.#here === '"' ? this.#quoted(at) : this.#bare(at);
  }

  get #here(): string {
    return this.#text[this.#offset] ?? "";
  }

  /** Columns count characters, of which those outside the Basic Multilingual Plane take two units of text. */
  #step(): void {
    const unit = this.#text.charCodeAt(this.#offset);
    this.#offset += 1;
    if (unit === 10) {
      this.#line += 1;
      this.#column = 1;
    } else if (unit < 0xd800 || unit > 0xdbff) this.#column += 1;
  }

  #skipBlanksAndComments(): void {
    let isComment = false;
    for (let here = this.#here; here !== ""; here = this.#here) {
      if (here === "#") isComment = true;
      else if (here === "\n") isComment = false;
      else if (!isComment && !blank.test(here)) return;
      this.#step();
    }
  }

  /** Carriage returns are left out wherever they stand, so `a\rb` is one word. */
  #bare(at: Place): Token {
    let text = "";
    let isCut = false;
    for (let here = this.#here; here !== "" && (here === "\r" || !blank.test(here)); here = this.#here) {
      if (here === "#") isCut = true;
      if (!isCut && here !== "\r") text += here;
      this.#step();
    }
    return { text, at, oddity: isCut ? "cut-by-comment" : undefined };
  }

  /** `\"` is a quote inside; every other backslash stands for itself, as regular expressions need. */
  #quoted(at: Place): Token | undefined {
    let text = "";
    let isEscaped = false;
    this.#step();
    for (let here = this.#here; here !== ""; here = this.#here) {
      this.#step();
      if (isEscaped) text += here === '"' ? here : `\\${here}`;
      else if (here === '"') return { text, at, oddity: undefined };
      else if (here !== "\\") text += here;
      isEscaped = !isEscaped && here === "\\";
    }
    return text === "" ? undefined : { text, at, oddity: "unclosed-quote" };
  }
}
