/**
 * Lists as the API server sends them in Protocol Buffers: a third of the size of JSON, and of no use is made before it is
 * read. Numbers are those of generated.proto in k8s.io/apimachinery (meta/v1, runtime).
 */

import type { Kind } from "../objects.ts";
import type { RawObject } from "../raw-object.ts";
import { binaryReaderOf, type ReadObject } from "./binary-objects.ts";
import { type Cursor, message, messages, readMessage, readVarint, table, text, whole } from "./protobuf.ts";

export const binaryType = "application/vnd.kubernetes.protobuf";

const magic = Buffer.from("k8s\0", "latin1");

const listMeta = table({ 2: text("resourceVersion"), 3: text("continue") });

const cause = table({ 1: text("reason") });

const status = table({
  3: text("message"),
  4: text("reason"),
  5: message("details", table({ 4: messages("causes", cause) })),
  6: whole("code"),
});

/** `Unknown` of the runtime's. */
const statusEnvelope = table({ 2: message("raw", status) });

export interface ListMetadata {
  readonly resourceVersion?: string;
  readonly continue?: string;
}

/** Numbers of fields · 8 + wire type: of the envelope, and of each list. */
const rawTag = 18;
const metadataTag = 10;
const itemTag = 18;
const delimitedType = 2;
/** A tag of one octet, then a varint. */
const maxHeaderBytes = 11;

/** A list that is read while it arrives: of its octets no more is held than of the object that is not complete. */
export class BinaryList {
  readonly #read: ReadObject;
  #cursor: Cursor = { octets: Buffer.allocUnsafe(64 * 1024), at: 0 };
  /** Where the octets that have arrived end. */
  #end = 0;
  #isOpened = false;
  /** Octets of the list that have not been read; undefined before it begins. */
  #rest: number | undefined;
  #metadata: ListMetadata = {};

  constructor(kind: Kind) {
    this.#read = binaryReaderOf(kind) ?? readNothing;
  }

  /** As far as it has been read. */
  get metadata(): ListMetadata {
    return this.#metadata;
  }

  /** Copies the octets. */
  add(chunk: Buffer): void {
    const { octets, at } = this.#cursor;
    if (this.#end + chunk.length > octets.length) {
      const heldBytes = this.#end - at;
      const neededBytes = heldBytes + chunk.length;
      const room = neededBytes > octets.length ? Buffer.allocUnsafe(2 * neededBytes) : octets;
      octets.copy(room, 0, at, this.#end);
      this.#cursor = { octets: room, at: 0 };
      this.#end = heldBytes;
    }
    chunk.copy(this.#cursor.octets, this.#end);
    this.#end += chunk.length;
  }

  /** The objects that have become complete; read all of them before adding more. Throws for what is no list. */
  *items(): Generator<RawObject, void, void> {
    if (!this.#isOpened) this.#open();
    if (this.#isOpened && this.#rest === undefined) this.#findList();
    for (let field = this.#nextOfList(); field !== undefined; field = this.#nextOfList()) {
      if (field.tag === metadataTag) this.#metadata = readMessage(this.#cursor, field.end, listMeta);
      const item = field.tag === itemTag ? this.#read(this.#cursor, field.end) : undefined;
      this.#cursor.at = field.end;
      if (item !== undefined) yield item;
    }
  }

  /** Throws unless the list is complete. */
  close(): void {
    if (!this.#isOpened) throw unknownForm();
    const isCut = this.#rest === undefined ? this.#cursor.at < this.#end : this.#rest > 0;
    if (isCut) throw cutOff();
  }

  #open(): void {
    if (this.#end < magic.length) return;
    mustHaveMagic(this.#cursor.octets);
    this.#cursor.at = magic.length;
    this.#isOpened = true;
  }

  /** Before the list there is what it is called. */
  #findList(): void {
    const { at } = this.#cursor;
    const field = this.#enterField(Number.POSITIVE_INFINITY);
    if (field?.tag === rawTag) this.#rest = field.end - this.#cursor.at;
    else if (field === undefined || field.end > this.#end) this.#cursor.at = at;
    else {
      this.#cursor.at = field.end;
      this.#findList();
    }
  }

  /** Undefined until the whole field is here, and behind the last one. */
  #nextOfList(): { readonly tag: number; readonly end: number } | undefined {
    if (this.#rest === undefined || this.#rest === 0) return undefined;
    const { at } = this.#cursor;
    const field = this.#enterField(this.#rest);
    if (field === undefined) return undefined;
    if (field.end - at > this.#rest) throw cutOff();
    if (field.end > this.#end) {
      this.#cursor.at = at;
      return undefined;
    }
    this.#rest -= field.end - at;
    return field;
  }

  /** Moves behind the header of a field, if it is here. `rest` is the size of what the field is in. */
  #enterField(rest: number): { readonly tag: number; readonly end: number } | undefined {
    if (this.#end - this.#cursor.at < Math.min(maxHeaderBytes, rest)) return undefined;
    const tag = readVarint(this.#cursor);
    if ((tag & 7) !== delimitedType) throw unknownForm();
    const sizeBytes = readVarint(this.#cursor);
    return { tag, end: this.#cursor.at + sizeBytes };
  }
}

function readNothing(): RawObject {
  return {};
}

function unknownForm(): Error {
  return new Error("the answer is in no known form");
}

function cutOff(): Error {
  return new Error("a message of Protocol Buffers is cut off");
}

/** A Status as it would be in JSON. Throws for anything else. */
export function readBinaryStatus(octets: Buffer): object {
  mustHaveMagic(octets);
  const { raw = {} } = readMessage({ octets, at: magic.length }, octets.length, statusEnvelope);
  return raw as object;
}

function mustHaveMagic(octets: Buffer): void {
  if (!octets.subarray(0, magic.length).equals(magic)) throw unknownForm();
}
