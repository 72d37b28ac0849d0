/**
 * The queries that nearly all clients send, read without making an object of them: opcode QUERY, one question, no
 * records but an OPT of version 0 without options (RFC 1035 §4.1, RFC 6891 §6.1).
 */

import { headerSizeBytes } from "../wire/message.ts";
import { maxLabelOctets, maxNameOctets } from "../wire/name.ts";
import { typeCodes } from "../wire/record.ts";

/** RD, AD and CD: what a query's flags may say (RFC 1035 §4.1.1, RFC 6840 §5.7). */
const usualFlags = 0x0130;
const optSizeBytes = 11;
/** Behind a name: type and class. */
export const typeAndClassBytes = 4;
/** DO (RFC 6891 §6.1.3). */
const dnssecOk = 0x8000;

/** By octet: the same in lower case (RFC 4343 §3). Lengths of labels are no letters. */
export const lowerOctets = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);

/** What the last call of `read` has found. One object reads all queries. */
export class PlainQuery {
  /** In octets from the query's start; behind the question. */
  questionEnd = 0;
  /** The octets 2 and 3. */
  flags = 0;
  /** The size a client takes, with DO in bit 16; -1 without an OPT record. */
  edns = -1;
  hasCapitals = false;
  /** Of all that tells queries apart but their ids and the letter case of their names: 32 bits. */
  hash = 0;
  readonly #seed: number;

  /** For the same question, other seeds give other hashes. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** False for any other query, and for what is no query. */
  read(octets: Uint8Array, start: number, end: number): boolean {
    const sizeBytes = end - start;
    if (sizeBytes < headerSizeBytes + 1 + typeAndClassBytes) return false;
    const flags = uint16At(octets, start + 2);
    if ((flags & ~usualFlags) !== 0 || uint16At(octets, start + 4) !== 1) return false;
    if ((uint16At(octets, start + 6) | uint16At(octets, start + 8)) !== 0) return false;
    const additionalCount = uint16At(octets, start + 10);
    const nameStart = start + headerSizeBytes;
    const typeAt = this.#readName(octets, nameStart, end);
    const questionEnd = typeAt + typeAndClassBytes;
    if (typeAt === 0 || !this.#readOpt(octets, questionEnd, end, additionalCount)) return false;
    this.flags = flags;
    this.questionEnd = questionEnd - start;
    this.hash = mix(this.hash ^ (flags << 20) ^ this.edns, uint32At(octets, typeAt));
    return true;
  }

  /** Where the name ends; 0 for one that is too long, is not whole or has pointers. */
  #readName(octets: Uint8Array, start: number, end: number): number {
    const limit = Math.min(end - typeAndClassBytes, start + maxNameOctets);
    let hash = this.#seed;
    let letters = 0;
    let at = start;
    while (at < limit) {
      const length = octets[at] as number;
      const next = at + 1 + length;
      if (length > maxLabelOctets || next > limit) return 0;
      for (; at < next; at++) {
        const octet = octets[at] as number;
        const lower = lowerOctets[octet] as number;
        letters |= octet ^ lower;
        hash = Math.imul(hash ^ lower, 0x01000193);
      }
      if (length !== 0) continue;
      this.hasCapitals = letters !== 0;
      this.hash = hash;
      return at;
    }
    return 0;
  }

  #readOpt(octets: Uint8Array, start: number, end: number, additionalCount: number): boolean {
    if (additionalCount === 0) {
      this.edns = -1;
      return start === end;
    }
    if (additionalCount !== 1 || end - start !== optSizeBytes) return false;
    // At the root; no part of a code, version 0; no flag but DO; no options.
    if (octets[start] !== 0 || uint16At(octets, start + 1) !== typeCodes.OPT) return false;
    const flags = uint16At(octets, start + 7);
    const others = uint16At(octets, start + 5) | (flags & ~dnssecOk) | uint16At(octets, start + 9);
    this.edns = uint16At(octets, start + 3) | (flags << 1);
    return others === 0;
  }
}

/** Spreads what differs in a few bits over all of them, as MurmurHash3 does in the end. */
function mix(hash: number, more: number): number {
  let mixed = Math.imul(hash ^ more, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function uint16At(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}

function uint32At(octets: Uint8Array, at: number): number {
  return (uint16At(octets, at) << 16) | uint16At(octets, at + 2);
}
