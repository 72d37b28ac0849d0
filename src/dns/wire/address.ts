/** IP addresses as text, octets and reverse names: RFC 4291 §2.2, RFC 5952, RFC 1035 §3.5, RFC 3596 §2.5. */

import { isIPv4 } from "node:net";
import { isSubdomain, type Name } from "./name.ts";
import { WireError } from "./wire-error.ts";

/** 4 or 16 octets. Throws WireError BAD_ADDRESS for anything but an IP literal; zone ids (`%eth0`) are none. */
export function addressToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.includes(":") ? 16 : 4);
  if (bytes.length === 16) writeIPv6(text, bytes, 0);
  else writeIPv4(text, bytes, 0);
  return bytes;
}

/** Canonical text (RFC 5952). Throws WireError BAD_ADDRESS unless there are 4 or 16 octets. */
export function bytesToAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return readIPv4(bytes, 0);
  if (bytes.length === 16) return readIPv6(bytes, 0);
  throw new WireError("BAD_ADDRESS", `an address has 4 or 16 octets, not ${bytes.length}`);
}

/** `4.3.2.1.in-addr.arpa.` or 32 nibbles below `ip6.arpa.`. Throws WireError BAD_ADDRESS. */
export function reverseName(address: string): Name {
  const bytes = addressToBytes(address);
  if (bytes.length === 4) return [...Array.from(bytes, String).reverse(), ...inAddrArpa];
  return [...Buffer.from(bytes).toString("hex")].reverse().concat(ip6Arpa);
}

/**
 * The address a whole reverse name stands for, in canonical text; letter case does not matter. Undefined for every
 * other name, also for a part of the tree (fewer labels) and for numbers with leading zeros.
 */
export function addressOfReverseName(name: Name): string | undefined {
  if (name.length === 6 && isSubdomain(name, inAddrArpa)) {
    const text = name.slice(0, 4).reverse().join(".");
    return isIPv4(text) ? text : undefined;
  }
  if (name.length === 34 && isSubdomain(name, ip6Arpa)) {
    const nibbles = name.slice(0, 32).reverse();
    if (!nibbles.every(nibble => /^[0-9a-f]$/i.test(nibble))) return undefined;
    return bytesToAddress(Buffer.from(nibbles.join(""), "hex"));
  }
  return undefined;
}

const inAddrArpa = ["in-addr", "arpa"];
const ip6Arpa = ["ip6", "arpa"];

/** Writes the 4 octets at `offset`; throws WireError BAD_ADDRESS. */
export function writeIPv4(text: string, into: Uint8Array, offset: number): void {
  if (!isIPv4(text)) throw new WireError("BAD_ADDRESS", `not an IPv4 address: ${text}`);
  let at = offset;
  let octet = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === dot) {
      into[at++] = octet;
      octet = 0;
    } else octet = octet * 10 + code - zero;
  }
  into[at] = octet;
}

/** Writes the 16 octets at `offset`; throws WireError BAD_ADDRESS. */
export function writeIPv6(text: string, into: Uint8Array, offset: number): void {
  const end = offset + 16;
  let at = offset;
  let gapAt = text.startsWith("::") ? offset : -1;
  let index = gapAt < 0 ? 0 : 2;
  while (index < text.length) {
    const stop = endOfGroup(text, index);
    if (text.charCodeAt(stop) === dot && at + 4 <= end) {
      writeIPv4(text.slice(index), into, at);
      at += 4;
      break;
    }
    if (stop === index || stop > index + 4 || at === end) throw notIPv6(text);
    writeGroup(text, index, stop, into, at);
    at += 2;
    index = stop;
    if (index === text.length) break;
    if (text.charCodeAt(index++) !== colon || index === text.length) throw notIPv6(text);
    if (text.charCodeAt(index) !== colon) continue;
    if (gapAt >= 0) throw notIPv6(text);
    gapAt = at;
    index++;
  }
  // RFC 4291 §2.2: "::" stands for one group or more.
  if (gapAt < 0 ? at !== end : at === end) throw notIPv6(text);
  if (gapAt >= 0) widenGap(into, gapAt, at, end);
}

/** Offset behind the hex digits that begin at `index`. */
function endOfGroup(text: string, index: number): number {
  let stop = index;
  while (hexDigit(text.charCodeAt(stop)) >= 0) stop++;
  return stop;
}

function writeGroup(text: string, start: number, stop: number, into: Uint8Array, at: number): void {
  let value = 0;
  for (let index = start; index < stop; index++) value = (value << 4) | hexDigit(text.charCodeAt(index));
  into[at] = value >>> 8;
  into[at + 1] = value;
}

function hexDigit(code: number): number {
  if (code >= zero && code <= zero + 9) return code - zero;
  const letter = (code | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/** Moves the octets between the gap and `at` to the end and leaves zeros. */
function widenGap(into: Uint8Array, gapAt: number, at: number, end: number): void {
  for (let from = at - 1, to = end - 1; to >= gapAt; from--, to--) {
    into[to] = from >= gapAt ? (into[from] as number) : 0;
  }
}

function notIPv6(text: string): WireError {
  return new WireError("BAD_ADDRESS", `not an IPv6 address: ${text}`);
}

export function readIPv4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of zero groups as `::`; §5: `::ffff:10.0.0.1`. */
export function readIPv6(bytes: Uint8Array, offset: number): string {
  const gap = longestZeroRun(bytes, offset);
  if (gap.start === 0 && gap.length === 5 && groupAt(bytes, offset, 5) === 0xffff) {
    return `::ffff:${readIPv4(bytes, offset + 12)}`;
  }
  const isShort = gap.length >= 2;
  let text = "";
  for (let index = 0; index < 8; index++) {
    if (isShort && index === gap.start) {
      text += "::";
      index += gap.length - 1;
    } else {
      const separator = text === "" || text.endsWith(":") ? "" : ":";
      text += separator + groupAt(bytes, offset, index).toString(16);
    }
  }
  return text;
}

function longestZeroRun(bytes: Uint8Array, offset: number): { start: number; length: number } {
  const best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index < 8; index++) {
    if (groupAt(bytes, offset, index) !== 0) start = index + 1;
    else if (index + 1 - start > best.length) {
      best.start = start;
      best.length = index + 1 - start;
    }
  }
  return best;
}

function groupAt(bytes: Uint8Array, offset: number, index: number): number {
  return ((bytes[offset + 2 * index] as number) << 8) | (bytes[offset + 2 * index + 1] as number);
}

const dot = 0x2e;
const colon = 0x3a;
const zero = 0x30;
