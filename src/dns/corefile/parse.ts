/** Corefile text → server blocks. */

import { CorefileSyntaxError } from "./corefile-syntax-error.ts";
import type { Token } from "./lexer.ts";
import { lex } from "./lexer.ts";
import type { Directive, ServerBlock, Word } from "./syntax.ts";

/** How `import` reaches other files; relative names are the reader's to resolve. */
export interface CorefileFiles {
  /** The text of a file; undefined when there is none. */
  read(path: string): string | undefined;
  /** Files that match a pattern, sorted. */
  glob(pattern: string): readonly string[];
}

export interface CorefileText {
  /** As places name it. */
  readonly file: string;
  readonly text: string;
  readonly files: CorefileFiles;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Throws CorefileSyntaxError. */
export function parseCorefile({ file, text }: CorefileText): readonly ServerBlock[] {
  const cursor = new Cursor(lex(text, file));
  const blocks: ServerBlock[] = [];
  while (cursor.peek() !== undefined) blocks.push(readServerBlock(cursor));
  return blocks;
}

function readServerBlock(cursor: Cursor): ServerBlock {
  const keys: Word[] = [];
  for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
    if (isBrace(token, "{")) return { keys, directives: readBlock(cursor, token) };
    keys.push({ text: token.text.replace(/,$/, ""), at: token.at });
    const following = cursor.peek();
    if (following?.startsLine && !token.text.endsWith(",") && !isBrace(following, "{")) {
      return { keys, directives: readDirectives(cursor) };
    }
  }
  return { keys, directives: [] };
}

function readBlock(cursor: Cursor, open: Token): readonly Directive[] {
  const directives = readDirectives(cursor);
  if (cursor.next() === undefined) {
    throw new CorefileSyntaxError(
      open.at,
      "the block that begins here is never closed",
      "write the closing }",
    );
  }
  return directives;
}

/** Up to the brace that closes, which stays, or to the end. */
function readDirectives(cursor: Cursor): readonly Directive[] {
  const directives: Directive[] = [];
  for (let token = cursor.peek(); token !== undefined && !isBrace(token, "}"); token = cursor.peek()) {
    directives.push(readDirective(cursor));
  }
  return directives;
}

function readDirective(cursor: Cursor): Directive {
  const name = cursor.next() as Token;
  const args: Word[] = [];
  for (let token = cursor.peek(); token !== undefined && !token.startsLine; token = cursor.peek()) {
    if (isBrace(token, "}")) break;
    cursor.next();
    if (isBrace(token, "{")) return { name, args, block: readBlock(cursor, token) };
    args.push(token);
  }
  return { name, args, block: undefined };
}

function isBrace(token: Token, brace: "{" | "}"): boolean {
  return !token.isQuoted && token.text === brace;
}

class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  next(): Token | undefined {
    const token = this.peek();
    this.#next += 1;
    return token;
  }
}
