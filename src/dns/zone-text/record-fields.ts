/** The words of one record, taken one by one as the values that its type asks for. */

import { addressToBytes, bytesToAddress } from "../wire/address.ts";
import { maxNameOctets, type Name, octetsOf, parseName } from "../wire/name.ts";
import { WireError } from "../wire/wire-error.ts";
import { type ZonePlace, ZoneTextError } from "./zone-text-error.ts";
import type { ZoneWord } from "./zone-words.ts";

export class RecordFields {
  readonly #words: readonly ZoneWord[];
  readonly #origin: Name;
  /** What comes before the first word, for messages about what is missing. */
  readonly #start: ZonePlace;
  #taken = 0;

  constructor(words: readonly ZoneWord[], origin: Name, start: ZonePlace) {
    this.#words = words;
    this.#origin = origin;
    this.#start = start;
  }

  get isAtEnd(): boolean {
    return this.#taken === this.#words.length;
  }

  /** The next word, left where it is. */
  peek(): ZoneWord | undefined {
    return this.#words[this.#taken];
  }

  /** `what` names the field in messages. All methods throw ZoneTextError for words that do not fit. */
  word(what: string): ZoneWord {
    const word = this.#words[this.#taken];
    if (word === undefined) {
      const at = this.#words.at(-1)?.at ?? this.#start;
      throw new ZoneTextError(at, `${what} is missing at the end of this record`, `write ${what}`);
    }
    this.#taken += 1;
    return word;
  }

  rest(): readonly ZoneWord[] {
    const rest = this.#words.slice(this.#taken);
    this.#taken = this.#words.length;
    return rest;
  }

  name(what: string): Name {
    const word = this.word(what);
    return nameOfWord(word, this.#origin);
  }

  integer(what: string, most: number): number {
    const word = this.word(what);
    const value = Number(word.text);
    if (/^\d+$/.test(word.text) && value <= most) return value;
    throw new ZoneTextError(word.at, `"${word.text}" is no ${what}`, `write a whole number up to ${most}`);
  }

  /** Seconds, or a duration such as `1h30m`. */
  seconds(what: string): number {
    const word = this.word(what);
    const seconds = parseSeconds(word.text);
    if (seconds !== undefined) return seconds;
    throw new ZoneTextError(
      word.at,
      `"${word.text}" is no ${what}`,
      "write seconds, or a duration such as 1h30m",
    );
  }

  /** A character-string (RFC 1035 §3.3): at most 255 octets, as character codes. */
  characterString(what: string): string {
    const word = this.word(what);
    const octets = octetsOfWord(word);
    if (octets.length <= 255) return octets;
    throw new ZoneTextError(word.at, `${what} has ${octets.length} octets`, "write 255 at most");
  }

  address(family: "IPv4" | "IPv6"): string {
    const word = this.word(`an ${family} address`);
    const isOfFamily = word.text.includes(":") === (family === "IPv6");
    const bytes = isOfFamily ? attempt(() => addressToBytes(word.text)) : undefined;
    if (bytes !== undefined && !(bytes instanceof WireError)) return bytesToAddress(bytes);
    const example = family === "IPv4" ? "192.0.2.1" : "2001:db8::1";
    throw new ZoneTextError(
      word.at,
      `"${word.text}" is not an ${family} address`,
      `write one such as ${example}`,
    );
  }

  /** All remaining words as character-strings. One over 255 octets becomes several, as CoreDNS reads it: keys are longer. */
  strings(): readonly string[] {
    if (this.isAtEnd) this.word("a string");
    return this.rest().flatMap(word => octetsOfWord(word).match(/.{1,255}/gs) ?? [""]);
  }

  /** All remaining words as one run of digits. */
  digits(what: string, encoding: "hex" | "base64"): Buffer {
    const first = this.word(what);
    const text = [first, ...this.rest()].map(word => word.text).join("");
    return bytesOfDigits(text, encoding, first.at);
  }

  /** Throws when words are left over. */
  end(): void {
    const surplus = this.peek();
    if (surplus === undefined) return;
    throw new ZoneTextError(surplus.at, `"${surplus.text}" is too much in this record`, "remove it");
  }
}

/** A name as a record writes it: `@` is the origin, a name without a final dot lies below it. */
export function nameOfWord(word: ZoneWord, origin: Name): Name {
  if (word.text === "@" && !word.isQuoted) return origin;
  const labels = attempt(() => parseName(word.text));
  if (labels instanceof WireError) throw new ZoneTextError(word.at, labels.message, "write a domain name");
  const name = isAbsolute(word.text) ? labels : [...labels, ...origin];
  if (octetsOf(name) <= maxNameOctets) return name;
  throw new ZoneTextError(
    word.at,
    `${word.text} below the origin has over ${maxNameOctets} octets`,
    "write a shorter name, or end it with a dot",
  );
}

/** Ends with a dot that no backslash escapes. */
function isAbsolute(text: string): boolean {
  const [, backslashes = ""] = /(\\*)\.$/.exec(text) ?? [undefined, "\\"];
  return backslashes.length % 2 === 0;
}

/** The octets a word stands for, as character codes: `\DDD` is an octet, `\X` is X (RFC 1035 §5.1). */
export function octetsOfWord(word: ZoneWord): string {
  const octets = Buffer.from(word.text, "utf8").toString("latin1");
  return octets.replace(/\\(\d{3}|.)/gs, (_, escaped: string) => {
    if (escaped.length === 1) return escaped;
    if (Number(escaped) <= 255) return String.fromCharCode(Number(escaped));
    throw new ZoneTextError(word.at, `\\${escaped} is no octet`, "write \\000 to \\255");
  });
}

/** Throws ZoneTextError for anything but whole octets. */
export function bytesOfDigits(text: string, encoding: "hex" | "base64", at: ZonePlace): Buffer {
  const isWellFormed =
    encoding === "hex"
      ? /^(?:[0-9a-f]{2})*$/i
      : /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  if (isWellFormed.test(text)) return Buffer.from(text, encoding);
  const remedy =
    encoding === "hex" ? "write two digits 0-9 A-F for each octet" : "write base64 with its padding";
  throw new ZoneTextError(at, `"${text.slice(0, 40)}" is not ${encoding}`, remedy);
}

const secondsOfUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `3600`, or units in any order and letter case: `1h30m`. Undefined for other text and for more than 32 bits. */
export function parseSeconds(text: string): number | undefined {
  if (!/^\d/.test(text) || !/^(?:\d+[smhdw])*\d*$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)) {
    seconds += Number(amount) * (secondsOfUnit[unit || "s"] as number);
  }
  return seconds <= 0xffff_ffff ? seconds : undefined;
}

function attempt<Value>(run: () => Value): Value | WireError {
  try {
    return run();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}
