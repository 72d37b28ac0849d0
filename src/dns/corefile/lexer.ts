/** Corefile text → words. A word ends at a blank unless it is quoted; `#` begins a comment where a word could begin. */

import { CorefileSyntaxError } from "./corefile-syntax-error.ts";
import type { Place, Word } from "./syntax.ts";

export interface Token extends Word {
  readonly isQuoted: boolean;
  /** First of its line: what it begins is a new directive. */
  readonly startsLine: boolean;
}

/** Throws CorefileSyntaxError for a quote that is never closed. */
export function lex(text: string, file: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = text.startsWith("\uFEFF") ? 1 : 0;
  let lineOfLastToken = 0;
  let offset = lineStart;
  const place = (): Place => ({ file, line, column: offset - lineStart + 1 });
  const add = (at: Place, word: string, isQuoted: boolean) => {
    tokens.push({ text: word, at, isQuoted, startsLine: at.line !== lineOfLastToken });
    lineOfLastToken = line;
  };
  while (offset < text.length) {
    const character = text[offset] ?? "";
    if (character === "\n") {
      line += 1;
      lineStart = offset + 1;
      offset += 1;
    } else if (isBlank(character)) offset += 1;
    else if (character === "#") offset = endOfLine(text, offset);
    else if (character === '"') {
      const at = place();
      const quoted = readQuoted(text, offset, at);
      offset = quoted.end;
      for (const [index] of quoted.raw.matchAll(/\n/g)) if (index !== undefined) line += 1;
      const lastBreak = text.lastIndexOf("\n", offset - 1);
      if (lastBreak >= lineStart) lineStart = lastBreak + 1;
      add(at, quoted.word, true);
    } else {
      const at = place();
      const end = endOfWord(text, offset);
      const word = text.slice(offset, end);
      offset = end;
      add(at, word, false);
    }
  }
  return tokens;
}

function isBlank(character: string): boolean {
  return /\s/.test(character);
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function endOfWord(text: string, from: number): number {
  let end = from;
  while (end < text.length && !isBlank(text[end] ?? "")) end += 1;
  return end;
}

/** `\"` is a quote inside; every other backslash stands for itself, as regular expressions need. */
function readQuoted(text: string, from: number, at: Place): { word: string; raw: string; end: number } {
  let word = "";
  for (let offset = from + 1; offset < text.length; offset += 1) {
    const character = text[offset];
    if (character === '"') return { word, raw: text.slice(from, offset), end: offset + 1 };
    if (character === "\\" && text[offset + 1] === '"') offset += 1;
    word += text[offset];
  }
  throw new CorefileSyntaxError(at, "the quote that begins here is never closed", 'write the closing "');
}
