/**
 * Where things are in the octets of a message, for who changes a few of them and passes the rest on as it came.
 *
 * The scan is linear: a pointer is followed by looking up the name it leads to, which was measured when it was passed.
 */

import { mayHoldCompressedNames } from "./expand-rdata.ts";
import { headerSizeBytes } from "./message.ts";
import { maxLabelOctets, maxNameOctets } from "./name.ts";
import { typeCodes } from "./record.ts";

export interface MessageLayout {
  /** Behind the one question, where the first record begins; the others follow each other without gaps. */
  readonly questionEnd: number;
  /** Of each record but the OPT: where its owner ends and type, class, TTL, length and data begin. */
  readonly typesAt: readonly number[];
  /** Of each section: the index in `typesAt` of the first record behind it. */
  readonly answersEnd: number;
  readonly authoritiesEnd: number;
  /** Behind the last record but the OPT. */
  readonly recordsEnd: number;
  /** Where the data of the OPT record begins and ends; both 0 without one. */
  readonly optionsStart: number;
  readonly optionsEnd: number;
}

/** Offsets from a record's type to what follows. */
export const ttlOffset = 4;
export const dataLengthOffset = 8;
export const dataOffset = 10;

/**
 * The layout of a message with one question, in which TTLs, addresses and the letter case of names can be changed
 * without touching anything else. Such a message is one that `decodeMessage` accepts.
 *
 * Undefined for every other: for what is no message, and for the odd ones that only decoding makes sense of – an OPT
 * record that is not the last or holds a part of the code, old types with compressed names, pointers that lead
 * somewhere else than to a name that was read before.
 */
export function layoutOf(octets: Uint8Array): MessageLayout | undefined {
  if (octets.length < headerSizeBytes || uint16At(octets, 4) !== 1) return undefined;
  names.clear();
  const questionEnd = names.skip(octets, headerSizeBytes, octets.length) + 4;
  if (questionEnd === 4 || questionEnd > octets.length) return undefined;
  const answersEnd = uint16At(octets, 6);
  const authoritiesEnd = answersEnd + uint16At(octets, 8);
  const recordCount = authoritiesEnd + uint16At(octets, 10);
  const typesAt: number[] = [];
  let at = questionEnd;
  for (let index = 0; index < recordCount; index++) {
    const typeAt = names.skip(octets, at, octets.length);
    if (typeAt === 0 || typeAt + dataOffset > octets.length) return undefined;
    const dataAt = typeAt + dataOffset;
    const end = dataAt + uint16At(octets, typeAt + dataLengthOffset);
    if (end > octets.length) return undefined;
    if (uint16At(octets, typeAt) === typeCodes.OPT) {
      const isLast = index >= authoritiesEnd && index === recordCount - 1;
      // The first octet of an OPT's TTL is the upper part of the code (RFC 6891 §6.1.3).
      const isPlain = typeAt === at + 1 && octets[typeAt + ttlOffset] === 0;
      if (!isLast || !isPlain || !areOptions(octets, dataAt, end)) return undefined;
      const sections = { answersEnd, authoritiesEnd, recordsEnd: at };
      return { questionEnd, typesAt, ...sections, optionsStart: dataAt, optionsEnd: end };
    }
    if (!isData(octets, uint16At(octets, typeAt), dataAt, end)) return undefined;
    typesAt.push(typeAt);
    at = end;
  }
  const sections = { answersEnd, authoritiesEnd, recordsEnd: at };
  return { questionEnd, typesAt, ...sections, optionsStart: 0, optionsEnd: 0 };
}

/** Without a sign. */
export function uint32At(octets: Uint8Array, at: number): number {
  return uint16At(octets, at) * 0x1_0000 + uint16At(octets, at + 2);
}

export function uint16At(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}

/** Whether `decodeMessage` finds data of this type from `at` to `end`. */
function isData(octets: Uint8Array, type: number, at: number, end: number): boolean {
  switch (type) {
    case typeCodes.A:
      return end - at === 4;
    case typeCodes.AAAA:
      return end - at === 16;
    case typeCodes.NS:
    case typeCodes.CNAME:
    case typeCodes.PTR:
      return names.skip(octets, at, end) === end;
    case typeCodes.MX:
      return names.skip(octets, at + 2, end) === end;
    case typeCodes.SRV:
      return names.skip(octets, at + 6, end) === end;
    case typeCodes.SOA: {
      const mailboxAt = names.skip(octets, at, end);
      return mailboxAt !== 0 && names.skip(octets, mailboxAt, end) === end - 20;
    }
    case typeCodes.TXT:
      return areStrings(octets, at, end);
    default:
      return !mayHoldCompressedNames(type);
  }
}

/** One character-string or more (RFC 1035 §3.3.14). */
function areStrings(octets: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) at += 1 + (octets[at] as number);
  return at === end && start < end;
}

/** RFC 6891 §6.1.2. */
function areOptions(octets: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at + 4 <= end) at += 4 + uint16At(octets, at + 2);
  return at === end;
}

/** What a pointer reaches: fourteen bits. */
const reachable = 0x4000;
const pointerBits = 0xc0;

/**
 * The names passed in the current message, by the offset of each of their labels. Pointers in a name need no limit of
 * their own: each leads to a label, and those are limited.
 */
class PassedNames {
  /** Generation in the upper sixteen bits, the octets of the name from here on in the lower. */
  readonly #marks = new Uint32Array(reachable);
  #generation = 0;

  clear(): void {
    this.#generation = (this.#generation + 1) & 0xffff;
    if (this.#generation !== 0) return;
    this.#marks.fill(0);
    this.#generation = 1;
  }

  /** Where the name at `start` ends; 0 when it passes `limit`, breaks a rule, or points to what was not passed as a name. */
  skip(octets: Uint8Array, start: number, limit: number): number {
    let at = start;
    while (at < limit) {
      const length = octets[at] as number;
      if (length === 0) return this.#pass(octets, start, at, 1) ? at + 1 : 0;
      if (length >= pointerBits) return at + 2 <= limit ? this.#skipPointer(octets, start, at) : 0;
      if (length > maxLabelOctets) return 0;
      at += 1 + length;
    }
    return 0;
  }

  #skipPointer(octets: Uint8Array, start: number, at: number): number {
    const mark = this.#marks[uint16At(octets, at) & (reachable - 1)] as number;
    if (mark >>> 16 !== this.#generation) return 0;
    return this.#pass(octets, start, at, mark & 0xffff) ? at + 2 : 0;
  }

  /** Remembers the labels from `start` to `end`, behind which the name has `rest` more octets. False when that is too long. */
  #pass(octets: Uint8Array, start: number, end: number, rest: number): boolean {
    if (end - start + rest > maxNameOctets) return false;
    const mark = this.#generation << 16;
    for (let at = start; at < end && at < reachable; at += 1 + (octets[at] as number)) {
      this.#marks[at] = mark | (end - at + rest);
    }
    return true;
  }
}

// A scan never yields, so one table serves all messages.
const names = new PassedNames();
