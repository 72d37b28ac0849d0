/** Fields of record data that is kept as octets, each from its words. */

import { type Name, octetsOf } from "../wire/name.ts";
import { bytesOfDigits, octetsOfWord, type RecordFields } from "./record-fields.ts";
import { algorithmCodes, typeCodeOf } from "./record-types.ts";
import { readServiceParameters } from "./service-parameters.ts";
import { ZoneTextError } from "./zone-text-error.ts";
import type { ZoneWord } from "./zone-words.ts";

export type FieldKind =
  | "uint8"
  | "uint16"
  | "uint32"
  | "name"
  | "string"
  | "strings"
  /** Octets without a length in front. */
  | "text"
  | "hex"
  | "base64"
  | "seconds"
  | "algorithm"
  | "type"
  /** RFC 4034 §3.2: `YYYYMMDDHHmmSS`, or seconds since 1970. */
  | "time"
  /** RFC 4034 §4.1.2: a bitmap of types. */
  | "types"
  /** RFC 5155 §3.3: hexadecimal, `-` for none, its length in front. */
  | "salt"
  /** RFC 5155 §3.3: base 32 with the extended hex alphabet, its length in front. */
  | "base32"
  /** RFC 9460 §2.1. */
  | "parameters";

export const fieldReaders: Readonly<Record<FieldKind, (fields: RecordFields) => Uint8Array>> = {
  uint8: fields => unsigned(fields.integer("number", 0xff), 1),
  uint16: fields => unsigned(fields.integer("number", 0xffff), 2),
  uint32: fields => unsigned(fields.integer("number", 0xffff_ffff), 4),
  name: fields => nameOctets(fields.name("a name")),
  string: fields => lengthPrefixed(fields.characterString("a string")),
  strings: fields => Buffer.concat(fields.strings().map(lengthPrefixed)),
  text: fields => Buffer.from(octetsOfWord(fields.word("a value")), "latin1"),
  hex: fields => fields.digits("hexadecimal digits", "hex"),
  base64: fields => fields.digits("base64", "base64"),
  seconds: fields => unsigned(fields.seconds("TTL"), 4),
  algorithm: fields => unsigned(readAlgorithm(fields.word("an algorithm")), 1),
  type: fields => unsigned(readType(fields.word("a type")), 2),
  time: fields => unsigned(readTime(fields.word("a time")), 4),
  types: fields => typeBitmap(fields.rest().map(readType)),
  salt: fields => readSalt(fields.word("a salt")),
  base32: fields => readBase32(fields.word("a hash")),
  parameters: fields => readServiceParameters(fields.rest()),
};

function unsigned(value: number, octets: 1 | 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(octets);
  bytes.writeUIntBE(value, 0, octets);
  return bytes;
}

function lengthPrefixed(octets: string): Uint8Array {
  return Buffer.from(String.fromCharCode(octets.length) + octets, "latin1");
}

function nameOctets(name: Name): Uint8Array {
  const bytes = Buffer.alloc(octetsOf(name));
  let offset = 0;
  for (const label of name)
    offset += bytes.write(String.fromCharCode(label.length) + label, offset, "latin1");
  return bytes;
}

function readAlgorithm(word: ZoneWord): number {
  const mnemonic = word.text.toUpperCase();
  const code = Object.hasOwn(algorithmCodes, mnemonic) ? algorithmCodes[mnemonic] : numberIn(word.text, 0xff);
  if (code !== undefined) return code;
  throw new ZoneTextError(word.at, `"${word.text}" is no DNSSEC algorithm`, "write its number, such as 13");
}

function readType(word: ZoneWord): number {
  const code = typeCodeOf(word.text);
  if (code !== undefined) return code;
  throw new ZoneTextError(
    word.at,
    `"${word.text}" is no type of record`,
    "write a type such as A, or TYPE65280",
  );
}

function readTime(word: ZoneWord): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(word.text)?.slice(1).map(Number);
  const [year = 0, month = 0, day, hour, minute, second] = parts ?? [];
  const seconds =
    parts === undefined
      ? numberIn(word.text, 0xffff_ffff)
      : Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  // RFC 4034 §3.1.5: 32 bits that wrap around.
  if (seconds !== undefined) return seconds % 2 ** 32;
  throw new ZoneTextError(word.at, `"${word.text}" is no time`, "write YYYYMMDDHHmmSS");
}

function numberIn(text: string, most: number): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** RFC 4034 §4.1.2: for each block of 256 types its number, a count of octets and a bit for each type. */
function typeBitmap(codes: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [block, members] of [...Map.groupBy(codes, code => code >>> 8)].sort(([a], [b]) => a - b)) {
    const bits = Buffer.alloc(32);
    for (const code of members)
      bits[(code & 0xff) >>> 3] = (bits[(code & 0xff) >>> 3] as number) | (0x80 >>> (code & 7));
    const length = (Math.max(...members.map(code => code & 0xff)) >>> 3) + 1;
    parts.push(Buffer.of(block, length), bits.subarray(0, length));
  }
  return Buffer.concat(parts);
}

function readSalt(word: ZoneWord): Uint8Array {
  const salt = word.text === "-" ? Buffer.alloc(0) : bytesOfDigits(word.text, "hex", word.at);
  if (salt.length <= 255) return Buffer.concat([Buffer.of(salt.length), salt]);
  throw new ZoneTextError(word.at, `a salt of ${salt.length} octets`, "write 255 at most");
}

const base32Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

function readBase32(word: ZoneWord): Uint8Array {
  const digits = [...word.text.toUpperCase()].map(digit => base32Alphabet.indexOf(digit));
  const length = Math.floor((digits.length * 5) / 8);
  if (digits.includes(-1) || length > 255) {
    throw new ZoneTextError(word.at, `"${word.text}" is no hash`, "write it in base 32, digits 0-9 A-V");
  }
  const bits = digits.map(digit => digit.toString(2).padStart(5, "0")).join("");
  const bytes = Array.from({ length }, (_, index) =>
    Number.parseInt(bits.slice(8 * index, 8 * index + 8), 2),
  );
  return Buffer.from([length, ...bytes]);
}
