/**
 * Writes fields of a message one after another (RFC 1035 §4) into one buffer that is used again for every message.
 *
 * Nothing here looks at a size limit: the buffer holds a message of the greatest size with one more record of the
 * greatest size behind it, and the caller drops what turns out too much.
 */

import { writeIPv4, writeIPv6 } from "./address.ts";
import { maxLabelOctets, maxNameOctets, type Name, octetsOf } from "./name.ts";
import { SuffixTable } from "./suffix-table.ts";
import { WireError } from "./wire-error.ts";

/** The greatest message TCP can frame (RFC 1035 §4.2.2). */
export const maxMessageSizeBytes = 0xffff;
const maxRecordSizeBytes = maxNameOctets + 10 + 0xffff;

export class Writer {
  readonly #bytes = Buffer.allocUnsafeSlow(maxMessageSizeBytes + maxRecordSizeBytes);
  readonly #suffixes = new SuffixTable();
  #offset = 0;

  get offset(): number {
    return this.#offset;
  }

  /** Begins a new message. */
  clear(): void {
    this.#offset = 0;
    this.#suffixes.clear();
  }

  /** Drops what was written from `offset` on. Only at the end of a message: names in there stay known. */
  cut(offset: number): void {
    this.#offset = offset;
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    const copy = Buffer.allocUnsafe(this.#offset);
    this.#bytes.copy(copy, 0, 0, this.#offset);
    return copy;
  }

  uint8(value: number): void {
    if ((value & 0xff) !== value) throw outOfRange(value, 8);
    this.#bytes[this.#offset++] = value;
  }

  uint16(value: number): void {
    this.uint16At(this.#offset, value);
    this.#offset += 2;
  }

  uint16At(offset: number, value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange(value, 16);
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value;
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value, 32);
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  ipv4(address: string): void {
    writeIPv4(address, this.#bytes, this.#offset);
    this.#offset += 4;
  }

  ipv6(address: string): void {
    writeIPv6(address, this.#bytes, this.#offset);
    this.#offset += 16;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > 0xffff) throw outOfRange(bytes.length, 16);
    this.#bytes.set(bytes, this.#offset);
    this.#offset += bytes.length;
  }

  /** RFC 1035 §3.3; throws WireError BAD_RDATA for more than 255 octets or characters that are no octets. */
  characterString(text: string): void {
    if (text.length > 255 || !this.#writeLatin1(text)) {
      throw new WireError("BAD_RDATA", `a character-string has up to 255 octets, not ${text.length}`);
    }
  }

  /**
   * A name whose known suffix, letter for letter, becomes a pointer: spelling is never altered.
   * Throws WireError BAD_LABEL or NAME_TOO_LONG.
   */
  name(name: Name): void {
    this.#writeName(name, true);
  }

  /** A name in full, which later names may point to. */
  nameInFull(name: Name): void {
    this.#writeName(name, false);
  }

  #writeName(name: Name, isCompressed: boolean): void {
    if (octetsOf(name) > maxNameOctets)
      throw new WireError("NAME_TOO_LONG", `name over ${maxNameOctets} octets`);
    let suffix = 0;
    let newLabels = name.length;
    while (newLabels > 0) {
      const found = this.#suffixes.find(this.#bytes, name[newLabels - 1] as string, suffix);
      if (found === 0) break;
      suffix = found;
      newLabels--;
    }
    for (let index = 0; index < newLabels; index++) this.#writeLabel(name[index] as string);
    this.#learn(name, newLabels, suffix);
    if (isCompressed && suffix !== 0) {
      this.uint16(0xc000 | suffix);
      return;
    }
    for (let index = newLabels; index < name.length; index++) this.#writeLabel(name[index] as string);
    this.uint8(0);
  }

  #writeLabel(label: string): void {
    if (label.length === 0 || label.length > maxLabelOctets || !this.#writeLatin1(label)) {
      throw new WireError("BAD_LABEL", `a label has 1 to ${maxLabelOctets} octets, not ${label.length}`);
    }
  }

  /** Remembers the first `count` labels of the name, which end here; the suffix behind them stands elsewhere. */
  #learn(name: Name, count: number, suffixOffset: number): void {
    let suffix = suffixOffset;
    let at = this.#offset;
    for (let index = count - 1; index >= 0; index--) {
      const label = name[index] as string;
      at -= label.length + 1;
      this.#suffixes.add(label, suffix, at);
      suffix = at;
    }
  }

  /** The length and the octets; false when a character is no octet. */
  #writeLatin1(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#offset;
    let seen = 0;
    bytes[at++] = text.length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      seen |= code;
      bytes[at++] = code;
    }
    this.#offset = at;
    return seen <= 0xff;
  }
}

function outOfRange(value: number, bits: number): WireError {
  return new WireError("OUT_OF_RANGE", `${value} is not a number of ${bits} bits`);
}
