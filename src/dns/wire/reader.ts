/**
 * Reads fields of a message one after another (RFC 1035 §4). No read passes the end of the message, or of the record
 * data it is inside of; what does is a WireError.
 *
 * What it costs to read hostile octets: a name takes at most 127 labels and `maxPointers` jumps, and names start at
 * least two octets apart, so a message of n octets takes at most 253 · n/2 steps, whatever its pointers do.
 */

import { readIPv4, readIPv6 } from "./address.ts";
import { headerSizeBytes } from "./message.ts";
import { maxLabelOctets, maxNameOctets, type Name } from "./name.ts";
import { WireError, type WireErrorCode } from "./wire-error.ts";

/** Half of what a name can hold: a compressor has a label to write before each pointer it needs. */
const maxPointers = 126;
const pointerBits = 0xc0;
/** From this length on V8 does not copy a slice but keeps all of the text behind it alive. */
const minSlicedLength = 13;

export class Reader {
  readonly #bytes: Buffer;
  /** The whole message as Latin-1: to cut labels from it is far cheaper than a call into native code for each. */
  readonly #text: string;
  #offset = 0;
  #end: number;
  #overrun: WireErrorCode = "TRUNCATED";
  /** The name that bare pointers last led to, at first the question: most records of an answer share their owner. */
  #sharedName: Name = [];
  #sharedOffset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = this.#bytes.toString("latin1");
    this.#end = bytes.byteLength;
  }

  uint8(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  uint16(): number {
    return this.#uint16At(this.#advance(2));
  }

  uint32(): number {
    const offset = this.#advance(4);
    return this.#uint16At(offset) * 0x10000 + this.#uint16At(offset + 2);
  }

  ipv4(): string {
    return readIPv4(this.#bytes, this.#advance(4));
  }

  ipv6(): string {
    return readIPv6(this.#bytes, this.#advance(16));
  }

  /** A copy of the next octets. */
  bytes(count: number): Uint8Array {
    const offset = this.#advance(count);
    return new Uint8Array(this.#bytes.subarray(offset, offset + count));
  }

  /** RFC 1035 §3.3: a length octet and that many octets, as Latin-1. */
  characterString(): string {
    const count = this.uint8();
    return this.#textAt(this.#advance(count), count);
  }

  /** Limits reading to the next `length` octets until `leaveRecordData`. */
  enterRecordData(length: number): void {
    const offset = this.#advance(length);
    this.#end = this.#offset;
    this.#offset = offset;
    this.#overrun = "BAD_RDATA";
  }

  /** Octets of the record data that were not read yet. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Throws BAD_RDATA when the record data is longer than what was read. */
  leaveRecordData(): void {
    if (this.#offset !== this.#end) throw new WireError("BAD_RDATA", `${this.remaining} octets too many`);
    this.#end = this.#bytes.length;
    this.#overrun = "TRUNCATED";
  }

  /** RFC 1035 §4.1.4. */
  name(): Name {
    const start = this.#offset;
    const labels: string[] = [];
    const stop = this.#readLabels(start, this.#end, labels);
    if (this.#bytes[stop] === 0) {
      this.#offset = stop + 1;
      if (this.#sharedOffset === 0) this.#share(start, labels);
      return labels;
    }
    const target = this.#pointer(stop, start, this.#end);
    this.#offset = stop + 2;
    if (stop > start) return this.#follow(target, start, labels);
    if (target !== this.#sharedOffset) this.#share(target, this.#follow(target, start, labels));
    return this.#sharedName;
  }

  #share(offset: number, name: Name): void {
    this.#sharedOffset = offset;
    this.#sharedName = name;
  }

  /**
   * Appends the labels that a pointer leads to. Each run of labels has to end before the run that pointed to it began
   * ("a prior occurrence of the same name"), so every jump goes further back and no chain of them can turn in a circle.
   */
  #follow(target: number, nameStart: number, labels: string[]): Name {
    let octets = this.#offset - 2 - nameStart;
    let start = target;
    let limit = nameStart;
    for (let pointers = 1; pointers <= maxPointers; pointers++) {
      const stop = this.#readLabels(start, limit, labels);
      octets += stop - start;
      if (octets >= maxNameOctets) throw new WireError("NAME_TOO_LONG", "name over 255 octets");
      if (this.#bytes[stop] === 0) return labels;
      const next = this.#pointer(stop, start, limit);
      limit = start;
      start = next;
    }
    throw new WireError("BAD_POINTER", `more than ${maxPointers} pointers in a name`);
  }

  /** The target of the pointer at `offset`, which belongs to the run of labels that began at `start`. */
  #pointer(offset: number, start: number, limit: number): number {
    if (offset + 2 > limit) throw this.#passes(limit);
    const target = this.#uint16At(offset) & 0x3fff;
    if (target >= headerSizeBytes && target < start) return target;
    throw new WireError("BAD_POINTER", `pointer at ${offset} to ${target}, which is no earlier name`);
  }

  /** Appends the labels from `start` on; returns the offset of what ends them: a zero or a pointer. */
  #readLabels(start: number, limit: number, labels: string[]): number {
    let at = start;
    while (at < limit) {
      const length = this.#bytes[at] as number;
      if (length === 0 || length >= pointerBits) return at;
      if (length > maxLabelOctets) throw new WireError("BAD_LABEL", `label of kind ${length >>> 6} at ${at}`);
      const next = at + 1 + length;
      if (next - start >= maxNameOctets) throw new WireError("NAME_TOO_LONG", "name over 255 octets");
      labels.push(this.#textAt(at + 1, length));
      at = next;
    }
    throw this.#passes(limit);
  }

  #textAt(offset: number, length: number): string {
    if (length < minSlicedLength) return this.#text.slice(offset, offset + length);
    return this.#bytes.toString("latin1", offset, offset + length);
  }

  #uint16At(offset: number): number {
    return ((this.#bytes[offset] as number) << 8) | (this.#bytes[offset + 1] as number);
  }

  #advance(count: number): number {
    const offset = this.#offset;
    if (count > this.#end - offset) throw this.#passes(this.#end);
    this.#offset = offset + count;
    return offset;
  }

  /** A limit before the end is one that a pointer has set. */
  #passes(limit: number): WireError {
    const code = limit < this.#end ? "BAD_POINTER" : this.#overrun;
    return new WireError(code, `a field passes offset ${limit}`);
  }
}
