/**
 * Changes to a message that need no decoding, in octets that have a layout (`message-layout.ts`). Byte ownership: what
 * is changed has to be the caller's own; nothing is kept.
 */

import type { Edns } from "./message.ts";
import { headerSizeBytes } from "./message.ts";
import { dataLengthOffset, dataOffset, type MessageLayout, ttlOffset, uint16At } from "./message-layout.ts";
import type { Name } from "./name.ts";
import { typeCodes } from "./record.ts";

const pointerBits = 0xc0;

export function setUint16At(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
}

/** Gives every record the same TTL, of 31 bits. */
export function setTtl(octets: Uint8Array, { typesAt }: MessageLayout, ttlSeconds: number): void {
  for (let index = 0; index < typesAt.length; index++) {
    const at = (typesAt[index] as number) + ttlOffset;
    setUint16At(octets, at, ttlSeconds >>> 16);
    setUint16At(octets, at + 2, ttlSeconds);
  }
}

/**
 * Writes `name` over the question's, and over each owner that repeats it in letters of its own; owners that point to
 * the question follow by themselves. False when the question is another one: then the octets are spoilt.
 */
export function spellQuestion(
  octets: Uint8Array,
  { typesAt, questionEnd }: MessageLayout,
  name: Name,
): boolean {
  if (!overwriteQuestion(octets, name)) return false;
  let ownerAt = questionEnd;
  for (let index = 0; index < typesAt.length; index++) {
    if ((octets[ownerAt] as number) < pointerBits && isSameNameAt(octets, ownerAt, headerSizeBytes)) {
      const end = endOfLabels(octets, ownerAt);
      octets.copyWithin(ownerAt, headerSizeBytes, headerSizeBytes + end - ownerAt);
    }
    ownerAt = endOfRecord(octets, typesAt[index] as number);
  }
  return true;
}

/** False when the names differ in more than letter case. */
function overwriteQuestion(octets: Uint8Array, name: Name): boolean {
  let at = headerSizeBytes;
  for (let index = 0; index < name.length; index++) {
    const label = name[index] as string;
    if (octets[at] !== label.length) return false;
    at++;
    for (let place = 0; place < label.length; place++, at++) {
      const code = label.charCodeAt(place);
      if (octets[at] === code) continue;
      if (lowerOctet(octets[at] as number) !== lowerOctet(code)) return false;
      octets[at] = code;
    }
  }
  return octets[at] === 0;
}

/**
 * An order in which addresses that stand next to each other under one name, class and type change places, every order
 * equally likely (Fisher–Yates). `order[i]` is the record whose data goes to record i; a second shuffle builds on the
 * first one's order. Undefined when no record has such a neighbour.
 */
export function shuffledAddresses(
  octets: Uint8Array,
  layout: MessageLayout,
  random: () => number,
  from?: readonly number[],
): readonly number[] | undefined {
  let order: number[] | undefined;
  for (const [first, end] of addressSets(octets, layout)) {
    order ??= from === undefined ? Array.from(layout.typesAt, (_, index) => index) : [...from];
    shuffleRange(order, first, end, random);
  }
  return order;
}

/**
 * Two addresses or more that stand next to each other under one name, class and type: the index of the first record and
 * that behind the last.
 */
export function addressSets(
  octets: Uint8Array,
  layout: MessageLayout,
): readonly (readonly [first: number, end: number])[] {
  const { typesAt, questionEnd } = layout;
  const sets: [number, number][] = [];
  let first = 0;
  let firstOwnerAt = questionEnd;
  while (first < typesAt.length) {
    const [end, nextOwnerAt] = endOfSet(octets, layout, first, firstOwnerAt);
    if (end - first > 1 && isAddress(octets, typesAt[first] as number)) sets.push([first, end]);
    first = end;
    firstOwnerAt = nextOwnerAt;
  }
  return sets;
}

/** The first record behind `first` that is not of its set, and where the owner of that one begins. */
function endOfSet(
  octets: Uint8Array,
  { typesAt, answersEnd, authoritiesEnd }: MessageLayout,
  first: number,
  firstOwnerAt: number,
): readonly [end: number, ownerAt: number] {
  const firstTypeAt = typesAt[first] as number;
  let end = first + 1;
  let ownerAt = endOfRecord(octets, firstTypeAt);
  while (end < typesAt.length && end !== answersEnd && end !== authoritiesEnd) {
    const typeAt = typesAt[end] as number;
    const isSameKind =
      uint16At(octets, typeAt) === uint16At(octets, firstTypeAt) &&
      uint16At(octets, typeAt + 2) === uint16At(octets, firstTypeAt + 2);
    if (!isSameKind || !isSameNameAt(octets, ownerAt, firstOwnerAt)) break;
    ownerAt = endOfRecord(octets, typeAt);
    end++;
  }
  return [end, ownerAt];
}

function isAddress(octets: Uint8Array, typeAt: number): boolean {
  const type = uint16At(octets, typeAt);
  return type === typeCodes.A || type === typeCodes.AAAA;
}

function shuffleRange(order: number[], first: number, end: number, random: () => number): void {
  for (let last = end - 1; last > first; last--) {
    const chosen = first + Math.floor(random() * (last - first + 1));
    const moved = order[last] as number;
    order[last] = order[chosen] as number;
    order[chosen] = moved;
  }
}

/** Puts the data of addresses into the order given; `source` has them as they were. */
export function reorderData(
  octets: Uint8Array,
  { typesAt }: MessageLayout,
  source: Uint8Array,
  order: readonly number[],
): void {
  for (let index = 0; index < order.length; index++) {
    const chosen = order[index] as number;
    if (chosen === index) continue;
    const to = (typesAt[index] as number) + dataOffset;
    const from = (typesAt[chosen] as number) + dataOffset;
    const length = uint16At(source, from - 2);
    for (let octet = 0; octet < length; octet++) octets[to + octet] = source[from + octet] as number;
  }
}

export function optSizeBytes(edns: Edns | undefined): number {
  if (edns === undefined) return 0;
  let sizeBytes = 11;
  for (const option of edns.options) sizeBytes += 4 + option.data.length;
  return sizeBytes;
}

/** Writes an OPT record (RFC 6891 §6.1.2) without a part of the code in it. */
export function writeOpt(octets: Uint8Array, start: number, edns: Edns): void {
  octets[start] = 0;
  setUint16At(octets, start + 1, typeCodes.OPT);
  setUint16At(octets, start + 3, edns.udpPayloadSizeBytes);
  octets[start + 5] = 0;
  octets[start + 6] = edns.version;
  setUint16At(octets, start + 7, edns.isDnssecOk ? 0x8000 : 0);
  setUint16At(octets, start + 9, optSizeBytes(edns) - 11);
  let at = start + 11;
  for (const { code, data } of edns.options) {
    setUint16At(octets, at, code);
    setUint16At(octets, at + 2, data.length);
    octets.set(data, at + 4);
    at += 4 + data.length;
  }
}

function endOfRecord(octets: Uint8Array, typeAt: number): number {
  return typeAt + dataOffset + uint16At(octets, typeAt + dataLengthOffset);
}

/** Where the labels at `start` end: the offset of a zero or a pointer. */
function endOfLabels(octets: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const length = octets[at] as number;
    if (length === 0 || length >= pointerBits) return at;
    at += 1 + length;
  }
}

/** Whether the labels from `start` on are that name, without pointers; without regard to the case of A–Z (RFC 4343 §3). */
export function isNameAt(octets: Uint8Array, start: number, name: Name): boolean {
  let at = start;
  for (let index = 0; index < name.length; index++) {
    const label = name[index] as string;
    if (octets[at++] !== label.length) return false;
    for (let place = 0; place < label.length; place++, at++) {
      const octet = octets[at] as number;
      const code = label.charCodeAt(place);
      if (octet !== code && lowerOctet(octet) !== lowerOctet(code)) return false;
    }
  }
  return octets[at] === 0;
}

/** Without regard to the case of A–Z (RFC 4343 §3). */
function isSameNameAt(octets: Uint8Array, first: number, second: number): boolean {
  let a = pastPointers(octets, first);
  let b = pastPointers(octets, second);
  while (a !== b) {
    const length = octets[a] as number;
    if (octets[b] !== length) return false;
    if (length === 0) return true;
    for (let octet = 1; octet <= length; octet++) {
      if (lowerOctet(octets[a + octet] as number) !== lowerOctet(octets[b + octet] as number)) return false;
    }
    a = pastPointers(octets, a + 1 + length);
    b = pastPointers(octets, b + 1 + length);
  }
  return true;
}

function pastPointers(octets: Uint8Array, start: number): number {
  let at = start;
  while ((octets[at] as number) >= pointerBits) at = uint16At(octets, at) & 0x3fff;
  return at;
}

function lowerOctet(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
