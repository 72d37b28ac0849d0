/**
 * The endpoints of a slice, from Protocol Buffers straight into the text that `packed-slice.ts` keeps: there are ten times
 * as many of them as of everything else, and as objects they would be garbage at once.
 */

import { packEndpoint } from "../packed-slice.ts";
import type { Raw } from "../raw-object.ts";
import { trimEndpoint } from "../trim-endpoint-slice.ts";
import {
  type Cursor,
  endOfDelimited,
  flag,
  isText,
  message,
  mustBeWithin,
  readMessage,
  readVarint,
  skip,
  table,
  text,
  texts,
} from "./protobuf.ts";

/** discovery/v1, for endpoints with anything unusual. */
const endpointFields = table({
  1: texts("addresses"),
  2: message("conditions", table({ 1: flag("ready"), 2: flag("serving"), 3: flag("terminating") })),
  3: text("hostname"),
  4: message("targetRef", table({ 1: text("kind"), 2: text("namespace"), 3: text("name") })),
  7: text("zone"),
});

/** Numbers of fields, each with wire type 2 (tag = number · 8 + 2), but for the three flags. */
const tags = { addresses: 10, conditions: 18, hostname: 26, targetRef: 34, zone: 58 };
const targetTags = { kind: 10, namespace: 18, name: 26 };
const flagTags = { ready: 8, serving: 16, terminating: 24 };

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const zero = 0x30;

/** Ready and serving, as what says nothing of itself is. */
const usualState = 3;

/** Use for one slice after the other: `read` its endpoints, then `take` them. */
export class EndpointRows {
  #row = Buffer.allocUnsafe(16 * 1024);
  #size = 0;
  // Of the endpoint that is being read: where its texts are, empty where it has none.
  #addressCount = 0;
  readonly #address = new Span();
  readonly #name = new Span();
  readonly #zone = new Span();
  readonly #hostname = new Span();
  #state = usualState;
  #isUsualTarget = true;

  /** Reads one endpoint, which ends at `end`. */
  read(cursor: Cursor, end: number, namespace: string | undefined): void {
    const start = cursor.at;
    this.#find(cursor, end, namespace);
    // Nothing is longer here than there but for the quotes and commas around five cells.
    this.#makeRoom(end - start + 32);
    const sizeBefore = this.#size;
    this.#put(this.#size === 0 ? openBracket : comma);
    if (this.#addressCount === 1 && this.#isUsualTarget && this.#putRow(cursor.octets)) return;
    this.#size = sizeBefore + 1;
    cursor.at = start;
    this.#putUnusual(readMessage(cursor, end, endpointFields), namespace);
  }

  clear(): void {
    this.#size = 0;
  }

  /** The text of all that was read since the last time; undefined for nothing. */
  take(): string | undefined {
    if (this.#size === 0) return undefined;
    this.#makeRoom(1);
    this.#put(closeBracket);
    const rows = this.#row.toString("latin1", 0, this.#size);
    this.#size = 0;
    return rows;
  }

  #find(cursor: Cursor, end: number, namespace: string | undefined): void {
    this.#addressCount = 0;
    this.#state = usualState;
    this.#isUsualTarget = true;
    this.#address.clear();
    this.#name.clear();
    this.#zone.clear();
    this.#hostname.clear();
    while (cursor.at < end) {
      const tag = readVarint(cursor);
      if (tag === tags.addresses) {
        this.#addressCount++;
        this.#address.read(cursor);
      } else if (tag === tags.conditions) this.#findState(cursor, endOfDelimited(cursor));
      else if (tag === tags.targetRef) this.#findTarget(cursor, endOfDelimited(cursor), namespace);
      else if (tag === tags.hostname) this.#hostname.read(cursor);
      else if (tag === tags.zone) this.#zone.read(cursor);
      else skip(cursor, tag & 7);
    }
    mustBeWithin(cursor, end);
  }

  #findState(cursor: Cursor, end: number): void {
    while (cursor.at < end) {
      const tag = readVarint(cursor);
      if (tag === flagTags.ready) this.#setState(1, cursor);
      else if (tag === flagTags.serving) this.#setState(2, cursor);
      else if (tag === flagTags.terminating) this.#setState(4, cursor);
      else skip(cursor, tag & 7);
    }
    mustBeWithin(cursor, end);
  }

  #setState(bit: number, cursor: Cursor): void {
    this.#state = readVarint(cursor) === 0 ? this.#state & ~bit : this.#state | bit;
  }

  /** Usual is a Pod of the slice's own namespace. */
  #findTarget(cursor: Cursor, end: number, namespace: string | undefined): void {
    while (cursor.at < end) {
      const tag = readVarint(cursor);
      if (tag === targetTags.name) this.#name.read(cursor);
      else if (tag === targetTags.kind) this.#expect(cursor, "Pod");
      else if (tag === targetTags.namespace) this.#expect(cursor, namespace ?? "");
      else skip(cursor, tag & 7);
    }
    mustBeWithin(cursor, end);
  }

  #expect(cursor: Cursor, usual: string): void {
    const end = endOfDelimited(cursor);
    if (end > cursor.at && !isText(cursor.octets, cursor.at, end, usual)) this.#isUsualTarget = false;
    cursor.at = end;
  }

  /** As `packEndpoint` writes it; false where a text needs more than quotes around it. */
  #putRow(octets: Buffer): boolean {
    const cells = this.#hostname.size > 0 ? 5 : this.#zone.size > 0 ? 4 : this.#state !== usualState ? 3 : 2;
    this.#put(openBracket);
    if (!this.#putText(octets, this.#address)) return false;
    if (cells > 2 || this.#name.size > 0) {
      this.#put(comma);
      if (!this.#putText(octets, this.#name)) return false;
    }
    if (cells > 2) {
      this.#put(comma);
      this.#put(zero + this.#state);
    }
    if (cells > 3) {
      this.#put(comma);
      if (!this.#putText(octets, this.#zone)) return false;
    }
    if (cells > 4) {
      this.#put(comma);
      if (!this.#putText(octets, this.#hostname)) return false;
    }
    this.#put(closeBracket);
    return true;
  }

  #putText(octets: Buffer, { start, end }: Span): boolean {
    const row = this.#row;
    let size = this.#size;
    row[size++] = quote;
    for (let at = start; at < end; at++) {
      const octet = octets[at] as number;
      if (octet < 0x20 || octet > 0x7e || octet === quote || octet === backslash) return false;
      row[size++] = octet;
    }
    row[size++] = quote;
    this.#size = size;
    return true;
  }

  #putUnusual(raw: Raw, namespace: string | undefined): void {
    const row = packEndpoint(trimEndpoint(raw), namespace).replace(/[^\0-\x7e]/g, escaped);
    this.#makeRoom(row.length + 1);
    this.#size += this.#row.write(row, this.#size, "latin1");
  }

  #put(octet: number): void {
    this.#row[this.#size++] = octet;
  }

  #makeRoom(octets: number): void {
    if (this.#size + octets <= this.#row.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#size + octets));
    this.#row.copy(larger, 0, 0, this.#size);
    this.#row = larger;
  }
}

/** A text inside of the octets. */
class Span {
  start = 0;
  end = 0;

  get size(): number {
    return this.end - this.start;
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
  }

  read(cursor: Cursor): void {
    this.end = endOfDelimited(cursor);
    this.start = cursor.at;
    cursor.at = this.end;
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
