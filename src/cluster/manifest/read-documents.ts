/** Text becomes plain values that know where their fields stand: YAML documents, or JSON objects one after another. */

import { type Document, isNode, LineCounter, parseAllDocuments } from "yaml";
import type { FieldPath } from "./desired.ts";
import { type Finding, finding, type Place } from "./finding.ts";
import { goTags } from "./scalar-tags.ts";

interface ReadDocument {
  /** Undefined for an empty document. */
  readonly value: unknown;
  /** Where a field begins, or its nearest parent that is written out. */
  locate(path: FieldPath): Place;
}

interface ReadDocuments {
  /** Without those that have errors. */
  readonly documents: readonly ReadDocument[];
  readonly errors: readonly Finding[];
}

/** More say nothing new: one slip makes the parser stumble over all that follows. */
const mostSyntaxErrors = 3;

/** Never throws. YAML 1.1, because that is what the Kubernetes tools read (`yes` is a boolean). */
export function readDocuments(text: string, file: string): ReadDocuments {
  const placeAt = placesOf(text, file);
  const documents: ReadDocument[] = [];
  const errors: Finding[] = [];
  const pieces = file.endsWith(".json") ? jsonPieces(text) : [{ start: 0, piece: text }];
  for (const { start, piece } of pieces) {
    const parsed = new ParsedText(piece);
    for (const [index, document] of parsed.documents().entries()) {
      const read = readDocument(document, {
        placeAt: offset => placeAt(start + offset),
        offsetOf: path => parsed.offsetOf(index, path),
      });
      if (Array.isArray(read)) errors.push(...read);
      else documents.push(read);
    }
  }
  if (errors[0] !== undefined && text.includes("{{")) return { documents: [], errors: [template(errors[0])] };
  return { documents, errors: fold(errors) };
}

function placesOf(text: string, file: string): (offset: number) => Place {
  const lineCounter = new LineCounter();
  lineCounter.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lineCounter.addNewLine(at + 1);
  return offset => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line, column: col };
  };
}

/** Positions in one document, without the document. */
interface Positions {
  placeAt(offset: number): Place;
  offsetOf(path: FieldPath): number;
}

function readDocument(document: Document.Parsed, positions: Positions): ReadDocument | Finding[] {
  const locate = (path: FieldPath) => positions.placeAt(positions.offsetOf(path));
  if (document.errors.length > 0) {
    return document.errors.map(({ pos, message }) =>
      finding("MANIFEST_SYNTAX", positions.placeAt(pos[0]), message, "mend the YAML at this place"),
    );
  }
  try {
    return { value: document.toJS({ reviver: withoutNull }) as unknown, locate };
  } catch (error) {
    // Aliases that would grow without bounds are found only while they are resolved.
    const message = error instanceof Error ? error.message : String(error);
    return [finding("MANIFEST_SYNTAX", locate([]), message, "use fewer aliases")];
  }
}

/** `labels:` with nothing behind it is an absent field to the API server. */
function withoutNull(_key: unknown, value: unknown): unknown {
  return value ?? undefined;
}

function offsetOf(document: Document.Parsed, path: FieldPath): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.range[0];
}

/**
 * Syntax trees are many times as large as their text, and needed again only for the places of findings; so they are
 * made anew then, and what was found is remembered.
 */
class ParsedText {
  readonly #text: string;
  readonly #offsets = new Map<string, number>();
  #documents: WeakRef<readonly Document.Parsed[]> | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  documents(): readonly Document.Parsed[] {
    const before = this.#documents?.deref();
    if (before !== undefined) return before;
    const options = { version: "1.1", customTags: goTags, prettyErrors: false } as const;
    const documents: readonly Document.Parsed[] = [...parseAllDocuments(this.#text, options)];
    this.#documents = new WeakRef(documents);
    return documents;
  }

  offsetOf(index: number, path: FieldPath): number {
    const key = JSON.stringify([index, ...path]);
    const known = this.#offsets.get(key);
    if (known !== undefined) return known;
    const document = this.documents()[index];
    const offset = document === undefined ? 0 : offsetOf(document, path);
    this.#offsets.set(key, offset);
    return offset;
  }
}

/** Cuts where one object or list ends and the next begins, as in what `jq '.items[]'` prints. */
function jsonPieces(text: string): { readonly start: number; readonly piece: string }[] {
  const pieces: { start: number; piece: string }[] = [];
  let start = 0;
  let depth = 0;
  // Strings are matched whole, so that brackets in them do not count.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    const end = index + token.length;
    if (depth !== 0 || token.startsWith('"') || !/^\s*[[{]/.test(text.slice(end, end + 1000))) continue;
    pieces.push({ start, piece: text.slice(start, end) });
    start = end;
  }
  return [...pieces, { start, piece: text.slice(start) }];
}

function template(first: Finding): Finding {
  // It may be another mistake after all: Prometheus's rules have {{ in strings.
  const message = `it has {{ in it and looks like a Go or Helm template, which is not YAML yet: ${first.message}`;
  return finding("MANIFEST_SYNTAX", first, message, "render it first (helm template …) and give the result");
}

function fold(errors: readonly Finding[]): readonly Finding[] {
  const last = errors[mostSyntaxErrors - 1];
  const moreCount = errors.length - mostSyntaxErrors;
  if (last === undefined || moreCount <= 0) return errors;
  const message = `${last.message} (and ${moreCount} more)`;
  return [...errors.slice(0, mostSyntaxErrors - 1), { ...last, message }];
}
