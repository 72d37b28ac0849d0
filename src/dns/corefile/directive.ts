/** One directive of a server block: `NAME ARGS… { OPTION ARGS… }`. */

import type { Token } from "./lexer.ts";
import { toleratesClosing, toleratesMore } from "./misplaced-braces.ts";
import type { Directive, Place, Word } from "./syntax.ts";
import type { WordReader } from "./word-reader.ts";

/** The reader is at the name. */
export function readDirective(reader: WordReader, nameToken: Token): Directive {
  reader.next();
  const name = reader.word(nameToken);
  const args = readArguments(reader);
  const open = reader.peek();
  const hasBlock = open?.text === "{" && !reader.isAtLineStart;
  if (hasBlock) reader.next();
  const block = hasBlock ? readOptions(reader, name, open.at) : undefined;
  leaveOutDetached(reader, name);
  const behind = reader.peek();
  if (behind !== undefined && reader.last?.text === "}" && !reader.isAtLineStart && behind.text !== "}") {
    const what = `behind the closing brace CoreDNS takes "${behind.text}" for one more ${name.text}`;
    reportBrace(reader, name, behind.at, what, "write it on a line of its own");
  }
  return { name, args, block };
}

/** Braces that do not open on the line of the directive. */
function leaveOutDetached(reader: WordReader, name: Word): void {
  for (let open = reader.peek(); open?.text === "{"; open = reader.peek()) {
    const what = `CoreDNS does not read these braces as options of ${name.text}`;
    reportBrace(reader, name, open.at, what, `open them at the end of the line of ${name.text}`);
    reader.next();
    readOptions(reader, name, open.at);
  }
}

function reportBrace(reader: WordReader, { text }: Word, at: Place, what: string, remedy: string): void {
  reader.report(toleratesMore(text) ? "COREFILE_RISKY" : "COREFILE_SYNTAX", at, what, remedy);
}

function readArguments(reader: WordReader): readonly Word[] {
  const args: Word[] = [];
  for (let token = reader.peek(); token !== undefined && !reader.isAtLineStart; token = reader.peek()) {
    if (token.text === "{" || token.text === "}") break;
    reader.next();
    args.push(reader.word(token));
  }
  const last = args.at(-1);
  if (last !== undefined && reader.isAtLineStart) reportGluedBrace(reader, last);
  return args;
}

/** `cache 30{` has the argument `30{` and no block. */
export function reportGluedBrace(reader: WordReader, { text, at }: Word): void {
  if (text !== "{}" && !/[^{]\{$/.test(text)) return;
  reader.report(
    "COREFILE_RISKY",
    at,
    `"${text}" is one word: no block begins here`,
    text === "{}" ? "remove it" : "put a blank before {",
  );
}

/** Up to the closing brace and with it. */
function readOptions(reader: WordReader, name: Word, open: Place): readonly Directive[] {
  const options: Directive[] = [];
  for (let token = reader.peek(); token !== undefined; token = reader.peek()) {
    if (token.text === "}") {
      reader.next();
      return options;
    }
    if (token.text === "import" && reader.isAtLineStart) reader.expandImport();
    else if (token.text === "{") skipNested(reader, name, undefined);
    else {
      const { option, isLast } = readOption(reader, name, token);
      options.push(option);
      if (isLast) return options;
    }
  }
  reader.reportUnclosed(open);
  return options;
}

function readOption(
  reader: WordReader,
  directive: Word,
  nameToken: Token,
): { option: Directive; isLast: boolean } {
  reader.next();
  const name = reader.word(nameToken);
  const args: Word[] = [];
  for (let token = reader.peek(); token !== undefined && !reader.isAtLineStart; token = reader.peek()) {
    if (token.text === "{") {
      skipNested(reader, directive, name);
      continue;
    }
    reader.next();
    if (token.text === "}") {
      const code = toleratesClosing(directive.text, name.text) ? "COREFILE_RISKY" : "COREFILE_SYNTAX";
      const what = `CoreDNS may take this } for an argument of ${name.text}`;
      reader.report(code, token.at, what, "write it on a line of its own");
      return { option: { name, args, block: undefined }, isLast: true };
    }
    args.push(reader.word(token));
  }
  return { option: { name, args, block: undefined }, isLast: false };
}

/** Braces inside braces mean nothing to any plugin; they are left out with all they hold. */
function skipNested(reader: WordReader, { text }: Word, behind: Word | undefined): void {
  let depth = 0;
  const open = reader.peek();
  for (let token = open; token !== undefined; token = reader.peek()) {
    reader.next();
    if (token.text === "{") depth += 1;
    if (token.text === "}") depth -= 1;
    if (depth === 0) break;
  }
  if (open === undefined) return;
  if (depth > 0) reader.reportUnclosed(open.at);
  else {
    const what = `braces${behind === undefined ? "" : ` of ${behind.text}`} inside the braces of ${text}`;
    reader.report("COREFILE_SYNTAX", open.at, what, `close ${text} with } before them, or remove them`);
  }
}
