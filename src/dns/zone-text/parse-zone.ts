/** Master files: RFC 1035 §5, $TTL of RFC 2308 §4, BIND's $GENERATE. */

import type { Name } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { generateEntries } from "./generate.ts";
import { readRecordEntry } from "./record-entry.ts";
import { nameOfWord, parseSeconds } from "./record-fields.ts";
import { type ZonePlace, ZoneTextError } from "./zone-text-error.ts";
import { readEntries, type ZoneEntry, type ZoneWord } from "./zone-words.ts";

export interface ZoneSource {
  /** What names without a final dot lie below, until the file says otherwise. */
  readonly origin: Name;
  /** As places name it. */
  readonly file: string;
  /** The file that $INCLUDE names, seen from the file with that line; undefined when it cannot be read. */
  readonly include?: (path: string, includingFile: string) => IncludedFile | undefined;
}

interface IncludedFile {
  readonly file: string;
  readonly text: string;
}

export interface PlacedRecord {
  readonly record: ResourceRecord;
  /** Where its entry begins. */
  readonly at: ZonePlace;
}

/** All records in the order of the file. Throws ZoneTextError, at the first mistake. */
export function parseZone(text: string, source: ZoneSource): readonly PlacedRecord[] {
  const reader = new ZoneReader(source);
  reader.readFile(text, source.file, source.origin, 0);
  return reader.records;
}

/** A file that includes itself would never end; CoreDNS's limit. */
const maxIncludeDepth = 7;

class ZoneReader {
  readonly records: PlacedRecord[] = [];
  readonly #include: NonNullable<ZoneSource["include"]>;
  #origin: Name;
  #owner: Name | undefined;
  #ttlSeconds: number | undefined;
  /** RFC 2308 §4: once there is a $TTL, TTLs of records no longer carry over. */
  #hasTtlDirective = false;
  #depth = 0;

  constructor({ origin, include }: ZoneSource) {
    this.#origin = origin;
    this.#include = include ?? (() => undefined);
  }

  /** RFC 1035 §5.1: what an included file does to origin and owner ends with it. */
  readFile(text: string, file: string, origin: Name, depth: number): void {
    const outer = { origin: this.#origin, owner: this.#owner, depth: this.#depth };
    this.#origin = origin;
    this.#depth = depth;
    for (const entry of readEntries(text, file)) this.#readEntry(entry);
    this.#origin = outer.origin;
    this.#owner = outer.owner;
    this.#depth = outer.depth;
  }

  #readEntry(entry: ZoneEntry): void {
    const [first, ...args] = entry.words;
    const directive = entry.startsWithBlank || first.isQuoted ? "" : first.text.toUpperCase();
    switch (directive) {
      case "$ORIGIN":
        this.#origin = nameOfWord(onlyArgument(first, args, "a name"), this.#origin);
        break;
      case "$TTL":
        this.#readTtl(onlyArgument(first, args, "a TTL"));
        break;
      case "$INCLUDE":
        this.#readInclude(first, args);
        break;
      case "$GENERATE":
        for (const generated of generateEntries(first, args)) this.#readRecord(generated);
        break;
      default:
        if (/^\$[A-Z]+$/.test(directive)) {
          throw new ZoneTextError(first.at, `there is no directive ${first.text}`, "remove it");
        }
        this.#readRecord(entry);
    }
  }

  #readRecord(entry: ZoneEntry): void {
    const defaults = { origin: this.#origin, owner: this.#owner, ttlSeconds: this.#ttlSeconds };
    const { record, hasOwnTtl } = readRecordEntry(entry, defaults);
    this.#owner = record.name;
    if (hasOwnTtl && !this.#hasTtlDirective) this.#ttlSeconds = record.ttlSeconds;
    this.records.push({ record, at: entry.words[0].at });
  }

  #readTtl(word: ZoneWord): void {
    const seconds = parseSeconds(word.text);
    if (seconds === undefined) {
      throw new ZoneTextError(
        word.at,
        `"${word.text}" is no TTL`,
        "write seconds, or a duration such as 1h30m",
      );
    }
    this.#ttlSeconds = seconds;
    this.#hasTtlDirective = true;
  }

  #readInclude(directive: ZoneWord, [path, origin, ...surplus]: readonly ZoneWord[]): void {
    if (path === undefined || surplus.length > 0) {
      throw new ZoneTextError(
        directive.at,
        "$INCLUDE takes a file and perhaps an origin",
        "write $INCLUDE FILE",
      );
    }
    if (this.#depth === maxIncludeDepth) {
      throw new ZoneTextError(path.at, "files include each other too deeply", "remove this $INCLUDE");
    }
    const included = this.#include(path.text, path.at.file);
    if (included === undefined) {
      throw new ZoneTextError(
        path.at,
        `${path.text} cannot be read`,
        "correct its name, or make it readable",
      );
    }
    const newOrigin = origin === undefined ? this.#origin : nameOfWord(origin, this.#origin);
    this.readFile(included.text, included.file, newOrigin, this.#depth + 1);
  }
}

function onlyArgument(directive: ZoneWord, [only, ...surplus]: readonly ZoneWord[], what: string): ZoneWord {
  if (only !== undefined && surplus.length === 0) return only;
  throw new ZoneTextError(
    (surplus[0] ?? directive).at,
    `${directive.text} takes ${what}, nothing else`,
    `write ${directive.text} and ${what}`,
  );
}
