/**
 * Corefile text → server blocks, as Caddy's parser groups them (github.com/coredns/caddy/caddyfile/parse.go), with what
 * that accepts by accident: a surplus closing brace, a missing last one. Reading goes on behind a mistake.
 */

import { CorefileSyntaxError } from "./corefile-syntax-error.ts";
import { readDirective, reportGluedBrace } from "./directive.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import type { Token } from "./lexer.ts";
import { isSameLine } from "./lexer.ts";
import type { Directive, ServerBlock, Word } from "./syntax.ts";
import type { CorefileText } from "./word-reader.ts";
import { WordReader } from "./word-reader.ts";

export type { CorefileFiles } from "./imports.ts";
export type { CorefileText } from "./word-reader.ts";

export interface ParsedCorefile {
  readonly blocks: readonly ServerBlock[];
  readonly findings: readonly Finding[];
}

/** Throws CorefileSyntaxError for the first thing that is wrong; warnings are left out. */
export function parseCorefile(corefile: CorefileText): readonly ServerBlock[] {
  const { blocks, findings } = takeCorefileApart(corefile);
  const wrong = findings.find(({ severity }) => severity === "error");
  if (wrong === undefined) return blocks;
  throw new CorefileSyntaxError(wrong.at, wrong.what, wrong.remedy, wrong.code);
}

/** What can be read, and all that is wrong with the rest. */
export function takeCorefileApart(corefile: CorefileText): ParsedCorefile {
  const reader = new WordReader(corefile);
  const blocks: ServerBlock[] = [];
  try {
    while (reader.peek() !== undefined) {
      const block = readServerBlock(reader);
      if (block !== undefined) blocks.push(block);
    }
  } catch (error) {
    if (!(error instanceof CorefileSyntaxError)) throw error;
    const { code, at, what, remedy } = error;
    return { blocks, findings: [...reader.findings, finding(code, at, what, remedy)] };
  }
  reader.end();
  return { blocks, findings: reader.findings };
}

/** Undefined for a snippet, and where only imports stood that brought nothing. */
function readServerBlock(reader: WordReader): ServerBlock | undefined {
  skipSurplusBraces(reader);
  const keys = readKeys(reader);
  const token = reader.peek();
  if (token === undefined) return keys.length === 0 ? undefined : { keys, directives: [] };
  const snippet = snippetName(keys);
  if (snippet !== undefined) {
    readSnippet(reader, snippet);
    return undefined;
  }
  if (token.text !== "{") return { keys, directives: readDirectives(reader, undefined) };
  reader.next();
  if (keys.length === 0) {
    reader.report(
      "COREFILE_NO_EFFECT",
      token.at,
      "a block without a zone serves nothing",
      "write a zone before {",
    );
  }
  return { keys, directives: readDirectives(reader, token) };
}

/**
 * CoreDNS takes the first for a zone to serve, which works at the end of the file and before another zone on the same
 * line, and the second for the end of that block. A third would be the same zone again.
 */
function skipSurplusBraces(reader: WordReader): void {
  const braces: Token[] = [];
  for (let token = reader.peek(); token !== undefined; token = reader.peek()) {
    if (token.text === "}") {
      braces.push(token);
      reader.next();
    } else if (braces.length > 0 && token.text === "import" && reader.isAtLineStart) reader.expandImport();
    else break;
  }
  const isZone = braces.length === 1 && (reader.peek() === undefined || !reader.isAtLineStart);
  const code = isZone || braces.length === 2 ? "COREFILE_RISKY" : "COREFILE_SYNTAX";
  for (const { at } of braces) reader.report(code, at, "this } closes nothing", "remove it");
}

/** A comma behind a key says that another follows, be it on the next line. */
function readKeys(reader: WordReader): readonly Word[] {
  const keys: Word[] = [];
  let comma: Word | undefined;
  for (let token = reader.peek(); token !== undefined; token = reader.peek()) {
    const { text, at } = reader.word(token);
    if (text === "import" && reader.isAtLineStart) {
      reader.expandImport();
      continue;
    }
    if (text === "{") break;
    reader.next();
    if (text !== "") {
      comma = text.endsWith(",") ? { text, at } : undefined;
      keys.push({ text: comma === undefined ? text : text.slice(0, -1), at });
    }
    if (comma === undefined && reader.isAtLineStart) break;
  }
  if (comma !== undefined) {
    reader.report(
      "COREFILE_KEY",
      comma.at,
      `behind the comma of "${comma.text}" a zone is missing`,
      "remove the comma",
    );
  }
  const last = keys.at(-1);
  if (last !== undefined && reader.peek()?.text !== "{") reportGluedBrace(reader, last);
  return keys;
}

function snippetName(keys: readonly Word[]): Word | undefined {
  const [key, ...others] = keys;
  const name = key === undefined || others.length > 0 ? undefined : /^\((.*)\)$/s.exec(key.text)?.[1];
  return key === undefined || name === undefined ? undefined : { text: name, at: key.at };
}

/** Imports inside are followed where the snippet is used, not here. */
function readSnippet(reader: WordReader, name: Word): void {
  const open = reader.peek();
  if (open?.text !== "{") {
    const remedy = `write (${name.text}) { … }`;
    reader.report("COREFILE_SYNTAX", name.at, `the snippet (${name.text}) has no braces`, remedy);
    return;
  }
  reader.next();
  const tokens: Token[] = [];
  let depth = 1;
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    if (token.text === "{") depth += 1;
    if (token.text === "}") depth -= 1;
    if (depth === 0) break;
    tokens.push(token);
  }
  if (depth > 0) {
    reader.reportUnclosed(open.at);
    return;
  }
  const itself = tokens.find((token, index) => token.text === name.text && isImported(tokens, index));
  if (itself !== undefined) {
    reader.report("COREFILE_IMPORT", itself.at, `(${name.text}) imports itself`, "remove this import");
  }
  reader.define(name, tokens);
}

function isImported(tokens: readonly Token[], index: number): boolean {
  const keyword = tokens[index - 1];
  if (keyword?.text !== "import") return false;
  const before = tokens[index - 2];
  return before === undefined || !isSameLine(before, keyword);
}

/** Up to the closing brace and with it; without an opening one, also up to the end. */
function readDirectives(reader: WordReader, open: Token | undefined): readonly Directive[] {
  const directives: Directive[] = [];
  for (let token = reader.peek(); token !== undefined; token = reader.peek()) {
    if (token.text === "}") {
      if (directives.length > 0 && !reader.isAtLineStart) reportBraceBehindWords(reader, token);
      reader.next();
      return directives;
    }
    if (token.text === "import") reader.expandImport();
    else directives.push(readDirective(reader, token));
  }
  if (open !== undefined) reportOpenEnd(reader, open);
  return directives;
}

function reportBraceBehindWords(reader: WordReader, { at }: Token): void {
  const what = "this } stands behind other words, where it closes nothing";
  reader.report("COREFILE_SYNTAX", at, what, "write it on a line of its own");
}

/** CoreDNS looks no further than whether the last word of all is a closing brace, whatever that one closed. */
function reportOpenEnd(reader: WordReader, open: Token): void {
  if (reader.last?.text !== "}") reader.reportUnclosed(open.at);
  else {
    const what =
      "the block that begins here is never closed: the last } of the file closes the options of a plugin";
    reader.report("COREFILE_RISKY", open.at, what, "write the closing }");
  }
}
