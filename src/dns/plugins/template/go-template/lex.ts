/** Template text → pieces: text as it is, and the tokens of each `{{ … }}`. */

import { TemplateError } from "./template-error.ts";

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[] };

type TokenKind = "string" | "rawString" | "character" | "number" | "field" | "variable" | "word" | "symbol";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** A blank stands in front: without one `.A.B` is one value, with one it is two. */
  readonly isApart: boolean;
}

/** Throws TemplateError: syntax. */
export function lex(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimsStart = false;
  for (let open = text.indexOf("{{"); open >= 0; open = text.indexOf("{{", at)) {
    const trimsEnd = /^\{\{-[ \t\r\n]/.test(text.slice(open, open + 4));
    pieces.push(piece(text.slice(at, open), trimsStart, trimsEnd));
    const start = open + (trimsEnd ? 4 : 2);
    const action = text.startsWith("/*", start) ? skipComment(text, start) : readAction(text, start);
    if (action.tokens.length > 0) pieces.push({ kind: "action", tokens: action.tokens });
    else if (!text.startsWith("/*", start)) throw new TemplateError("syntax", "{{ }} says nothing");
    at = action.end;
    trimsStart = action.trimsNext;
  }
  pieces.push(piece(text.slice(at), trimsStart, false));
  return pieces.filter(each => each.kind === "action" || each.text !== "");
}

function piece(text: string, trimsStart: boolean, trimsEnd: boolean): Piece {
  const cut = trimsStart ? text.replace(/^[ \t\r\n]+/, "") : text;
  return { kind: "text", text: trimsEnd ? cut.replace(/[ \t\r\n]+$/, "") : cut };
}

interface Action {
  readonly tokens: readonly Token[];
  readonly end: number;
  /** ` -}}`: blanks behind do not count. */
  readonly trimsNext: boolean;
}

const close = /(?<trim>[ \t\r\n]-)?\}\}/y;

const token = new RegExp(
  [
    /(?<string>"(?:\\[^\n]|[^"\\\n])*")/u,
    /(?<rawString>`[^`]*`)/u,
    /(?<character>'(?:\\[^\n]|[^'\\\n])+')/u,
    /(?<number>[+-]?\.?\d(?:[eEpP][+-]|[\w.])*)/u,
    /(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)/u,
    /(?<variable>\$[\p{L}\p{Nd}_]*)/u,
    /(?<word>[\p{L}_][\p{L}\p{Nd}_]*)/u,
    /(?<symbol>:=|[.|(),=])/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "uy",
);

function readAction(text: string, start: number): Action {
  const tokens: Token[] = [];
  let at = start;
  for (;;) {
    close.lastIndex = at;
    const end = close.exec(text);
    if (end !== null) return { tokens, end: close.lastIndex, trimsNext: end.groups?.trim !== undefined };
    const blanks = /^[ \t\r\n]+/.exec(text.slice(at))?.[0].length ?? 0;
    if (blanks > 0) {
      at += blanks;
      // The blank may belong to the end.
      close.lastIndex = at - 1;
      if (close.test(text)) at -= 1;
      continue;
    }
    token.lastIndex = at;
    const found = token.exec(text);
    if (found === null) throw unreadable(text, at);
    const [kind = "symbol", word = ""] =
      Object.entries(found.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    tokens.push({
      kind: kind as TokenKind,
      text: word,
      isApart: at > start && /[ \t\r\n]/.test(text[at - 1] ?? ""),
    });
    at = token.lastIndex;
  }
}

function unreadable(text: string, at: number): TemplateError {
  const character = text[at];
  if (character === undefined) return new TemplateError("syntax", "the {{ is never closed: write the }}");
  if (/["'`]/.test(character)) return new TemplateError("syntax", `the ${character} is never closed`);
  return new TemplateError("syntax", `${JSON.stringify(character)} means nothing between {{ and }}`);
}

function skipComment(text: string, start: number): Action {
  const stars = text.indexOf("*/", start);
  close.lastIndex = stars + 2;
  const end = stars < 0 ? null : close.exec(text);
  if (end === null) throw new TemplateError("syntax", "a comment has to end with */}}");
  return { tokens: [], end: close.lastIndex, trimsNext: end.groups?.trim !== undefined };
}
