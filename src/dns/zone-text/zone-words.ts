/**
 * Text of records → entries of words (RFC 1035 §5.1): `;` begins a comment, parentheses let an entry go on in the next
 * line, quotes hold blanks. Escapes stay as written: what they mean depends on the field.
 */

import type { ZonePlace } from "./zone-text-error.ts";
import { ZoneTextError } from "./zone-text-error.ts";

export interface ZoneWord {
  /** Without the quotes around it or behind its `=`, with its escapes. */
  readonly text: string;
  readonly isQuoted: boolean;
  readonly at: ZonePlace;
}

export interface ZoneEntry {
  /** Never none. */
  readonly words: readonly [ZoneWord, ...ZoneWord[]];
  /** The owner is left out: it is the one before. */
  readonly startsWithBlank: boolean;
}

/** Throws ZoneTextError for quotes and parentheses without their counterpart. */
export function* readEntries(text: string, file: string): Generator<ZoneEntry> {
  let words: ZoneWord[] = [];
  let openBracket: ZonePlace | undefined;
  let startsWithBlank = false;
  for (const { kind, text: tokenText, at } of readTokens(text, file)) {
    if (kind === "word" || kind === "quoted") {
      words.push({ text: tokenText, isQuoted: kind === "quoted", at });
    } else if (kind === "bracket") {
      if ((tokenText === "(") === (openBracket !== undefined)) throw strayBracket(tokenText, at);
      openBracket = tokenText === "(" ? at : undefined;
    } else if (openBracket !== undefined) continue;
    else if (kind === "blank") startsWithBlank ||= at.column === 1;
    else {
      if (isEntry(words)) yield { words, startsWithBlank };
      words = [];
      startsWithBlank = false;
    }
  }
  if (openBracket !== undefined) {
    throw new ZoneTextError(
      openBracket,
      "the parenthesis that opens here is never closed",
      "write the closing )",
    );
  }
  if (isEntry(words)) yield { words, startsWithBlank };
}

const token =
  /(?<newline>\n)|(?<blank>[^\S\n]+)|;[^\n]*|(?<bracket>[()])|"(?<quoted>(?:\\.|[^"\\])*)"|(?<word>(?:\\[^\n]|[^\s;()"\\])+(?:(?<==)"(?:\\.|[^"\\])*")?)/sy;

interface Token {
  readonly kind: "newline" | "blank" | "bracket" | "quoted" | "word";
  readonly text: string;
  readonly at: ZonePlace;
}

function* readTokens(text: string, file: string): Generator<Token> {
  const scan = new RegExp(token);
  let line = 1;
  let lineStart = text.startsWith("\uFEFF") ? 1 : 0;
  scan.lastIndex = lineStart;
  while (scan.lastIndex < text.length) {
    const offset = scan.lastIndex;
    const at = { file, line, column: offset - lineStart + 1 };
    const found = scan.exec(text) ?? noToken(text[offset], at);
    const { newline, blank, bracket, quoted, word } = found.groups ?? {};
    if (newline !== undefined) yield { kind: "newline", text: newline, at };
    else if (blank !== undefined) yield { kind: "blank", text: blank, at };
    else if (bracket !== undefined) yield { kind: "bracket", text: bracket, at };
    else if (quoted !== undefined) yield { kind: "quoted", text: quoted, at };
    else if (word !== undefined) yield { kind: "word", text: word.replace(/="(.*)"$/s, "=$1"), at };
    const lastBreak = found[0].lastIndexOf("\n");
    if (lastBreak < 0) continue;
    line += found[0].split("\n").length - 1;
    lineStart = offset + lastBreak + 1;
  }
}

function isEntry(words: readonly ZoneWord[]): words is [ZoneWord, ...ZoneWord[]] {
  return words.length > 0;
}

function noToken(character: string | undefined, at: ZonePlace): never {
  if (character === '"') {
    throw new ZoneTextError(at, "the quote that begins here is never closed", 'write the closing "');
  }
  throw new ZoneTextError(at, "a backslash escapes nothing here", "write \\\\ for a backslash");
}

function strayBracket(bracket: string, at: ZonePlace): ZoneTextError {
  return bracket === "("
    ? new ZoneTextError(at, "parentheses do not nest", "remove this one")
    : new ZoneTextError(at, "this parenthesis was never opened", "remove it, or write the opening (");
}
