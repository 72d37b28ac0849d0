/** Parameters of SVCB and HTTPS records: `key=value` words → octets (RFC 9460 §2.1, §2.2, appendix A). */

import { addressToBytes } from "../wire/address.ts";
import { WireError } from "../wire/wire-error.ts";
import { octetsOfWord } from "./record-fields.ts";
import { ZoneTextError } from "./zone-text-error.ts";
import type { ZoneWord } from "./zone-words.ts";

/** IANA "Service Parameter Keys (SvcParamKeys)". */
const keyCodes: Readonly<Record<string, number>> = {
  mandatory: 0,
  alpn: 1,
  "no-default-alpn": 2,
  port: 3,
  ipv4hint: 4,
  ech: 5,
  ipv6hint: 6,
  dohpath: 7,
  ohttp: 8,
};

interface Parameter {
  readonly key: number;
  readonly value: Uint8Array;
}

/** In ascending order of their keys, whatever the order of the words. Throws ZoneTextError. */
export function readServiceParameters(words: readonly ZoneWord[]): Uint8Array {
  const parameters = new Map<number, Parameter>();
  for (const word of words) {
    const parameter = readParameter(word);
    if (parameters.has(parameter.key))
      throw new ZoneTextError(word.at, "this key is there already", "remove one of them");
    parameters.set(parameter.key, parameter);
  }
  const parts = [...parameters.values()]
    .sort((a, b) => a.key - b.key)
    .map(({ key, value }) => {
      const head = Buffer.alloc(4);
      head.writeUInt16BE(key, 0);
      head.writeUInt16BE(value.length, 2);
      return Buffer.concat([head, value]);
    });
  return Buffer.concat(parts);
}

function readParameter(word: ZoneWord): Parameter {
  const [keyText = ""] = word.text.split("=", 1);
  const key = keyCodeOf(keyText);
  if (key === undefined) {
    throw new ZoneTextError(
      word.at,
      `"${keyText}" is no service parameter`,
      "write one such as alpn=h2, or key65280=…",
    );
  }
  const hasValue = word.text.length > keyText.length;
  const value = octetsOfWord({ ...word, text: word.text.slice(keyText.length + 1) });
  const bytes = hasValue === (value !== "") ? valueOctets(key, value) : undefined;
  if (bytes !== undefined && bytes.length <= 0xffff) return { key, value: bytes };
  throw new ZoneTextError(
    word.at,
    `"${word.text}" has no value that fits its key`,
    "correct the value, see RFC 9460",
  );
}

function keyCodeOf(text: string): number | undefined {
  if (Object.hasOwn(keyCodes, text)) return keyCodes[text];
  const [, digits] = /^key(0|[1-9]\d{0,4})$/.exec(text) ?? [];
  // RFC 9460 §14.3.1: 65535 is no key.
  return digits !== undefined && Number(digits) < 0xffff ? Number(digits) : undefined;
}

/** `value` is unescaped; undefined when it does not fit. */
function valueOctets(key: number, value: string): Uint8Array | undefined {
  switch (key) {
    case keyCodes.mandatory:
      return mandatoryOctets(value.split(","));
    case keyCodes.alpn:
      return alpnOctets(value);
    case keyCodes["no-default-alpn"]:
    case keyCodes.ohttp:
      return value === "" ? Buffer.alloc(0) : undefined;
    case keyCodes.port:
      return /^\d{1,5}$/.test(value) && Number(value) <= 0xffff ? uint16(Number(value)) : undefined;
    case keyCodes.ipv4hint:
      return addressOctets(value, 4);
    case keyCodes.ipv6hint:
      return addressOctets(value, 16);
    case keyCodes.ech:
      return /^[A-Za-z0-9+/]+={0,2}$/.test(value) ? Buffer.from(value, "base64") : undefined;
    default:
      return Buffer.from(value, "latin1");
  }
}

function uint16(value: number): Uint8Array {
  return Buffer.of(value >>> 8, value & 0xff);
}

/** RFC 9460 §8: keys in ascending order, each once, `mandatory` not among them. */
function mandatoryOctets(keys: readonly string[]): Uint8Array | undefined {
  const codes = keys.map(keyCodeOf);
  if (codes.includes(undefined) || codes.includes(keyCodes.mandatory)) return undefined;
  if (new Set(codes).size < codes.length) return undefined;
  return Buffer.concat((codes as number[]).sort((a, b) => a - b).map(uint16));
}

/** RFC 9460 appendix A.1: commas part the identifiers, `\,` and `\\` stand inside one. */
function alpnOctets(value: string): Uint8Array | undefined {
  const identifiers = [""];
  for (const [token] of value.matchAll(/\\.|./gs)) {
    if (token === ",") identifiers.push("");
    else identifiers.push(identifiers.pop() + token.slice(-1));
  }
  if (identifiers.some(({ length }) => length === 0 || length > 255)) return undefined;
  return Buffer.from(identifiers.map(text => String.fromCharCode(text.length) + text).join(""), "latin1");
}

function addressOctets(value: string, octets: 4 | 16): Uint8Array | undefined {
  try {
    const addresses = value.split(",").map(addressToBytes);
    return addresses.every(({ length }) => length === octets) ? Buffer.concat(addresses) : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
