/** Functions of templates: those of Go's text/template, and CoreDNS's `parseInt`. */

import { areEqual, compare } from "./compare.ts";
import { formatText } from "./format-text.ts";
import { TemplateError } from "./template-error.ts";
import type { Value } from "./value.ts";
import { isList, isMap, isTrue, kindOf, print } from "./value.ts";

export interface TemplateFunction {
  /** How many arguments it takes. */
  readonly least: number;
  readonly most: number;
  /** Throws TemplateError: failure. */
  call(args: readonly Value[]): Value;
}

/** `and` and `or` are here for their number of arguments: they leave those unevaluated that do not matter. */
const functions: Readonly<Record<string, TemplateFunction>> = {
  and: of(1, Infinity, args => args.find(value => !isTrue(value)) ?? args.at(-1)),
  or: of(1, Infinity, args => args.find(isTrue) ?? args.at(-1)),
  not: of(1, 1, ([value]) => !isTrue(value)),
  eq: of(2, Infinity, ([first, ...others]) => others.some(other => areEqual(first, other))),
  ne: of(2, 2, ([first, second]) => !areEqual(first, second)),
  lt: of(2, 2, ([first, second]) => compare(first, second) < 0),
  le: of(2, 2, ([first, second]) => compare(first, second) <= 0),
  gt: of(2, 2, ([first, second]) => compare(first, second) > 0),
  ge: of(2, 2, ([first, second]) => compare(first, second) >= 0),
  len: of(1, 1, ([value]) => lengthOf(value)),
  index: of(1, Infinity, ([value, ...keys]) => keys.reduce(itemOf, value)),
  slice: of(1, 4, ([value, ...bounds]) => sliceOf(value, bounds)),
  print: of(0, Infinity, args => joinPrinted(args)),
  println: of(0, Infinity, args => `${args.map(printArgument).join(" ")}\n`),
  printf: of(1, Infinity, ([format, ...args]) => formatText(textOf(format), args)),
  html: of(0, Infinity, args => escapeHtml(joinPrinted(args))),
  js: of(0, Infinity, args => escapeScript(joinPrinted(args))),
  urlquery: of(0, Infinity, args => escapeQuery(joinPrinted(args))),
  parseInt: of(3, 3, ([text, base, bits]) => parseUnsigned(textOf(text), base, bits)),
};

export function isFunction(name: string): boolean {
  return Object.hasOwn(functions, name);
}

/** Throws TemplateError: failure, for a name that is none. */
export function functionOf(name: string): TemplateFunction {
  const found = functions[name];
  if (found === undefined) throw new TemplateError("failure", `there is no function ${name}`);
  return found;
}

function of(least: number, most: number, call: TemplateFunction["call"]): TemplateFunction {
  return { least, most, call };
}

function textOf(value: Value): string {
  if (typeof value === "string") return value;
  throw new TemplateError("failure", `a text is needed, not ${kindOf(value)}`);
}

function indexOf(value: Value, most: number): number {
  if (typeof value !== "bigint") throw new TemplateError("failure", `${kindOf(value)} is no index`);
  if (value < 0n || value > BigInt(most)) throw new TemplateError("failure", `index out of range: ${value}`);
  return Number(value);
}

/** Of texts the octets, as in Go. */
function lengthOf(value: Value): bigint {
  if (typeof value === "string") return BigInt(Buffer.byteLength(value));
  if (isList(value)) return BigInt(value.length);
  if (isMap(value)) return BigInt(value.size);
  throw new TemplateError("failure", `${kindOf(value)} has no length`);
}

function itemOf(value: Value, key: Value): Value {
  if (typeof value === "string") {
    const octets = Buffer.from(value);
    return BigInt(octets[indexOf(key, octets.length - 1)] ?? 0);
  }
  if (isList(value)) return value[indexOf(key, value.length - 1)];
  // What a map of texts does not hold is the empty text here, other than for `.Group.name`.
  if (isMap(value)) return value.get(textOf(key)) ?? "";
  throw new TemplateError("failure", `${kindOf(value)} cannot be indexed`);
}

function sliceOf(value: Value, bounds: readonly Value[]): Value {
  if (typeof value !== "string" && !isList(value)) {
    throw new TemplateError("failure", `${kindOf(value)} cannot be sliced`);
  }
  if (bounds.length === 3 && typeof value === "string") {
    throw new TemplateError("failure", "a text cannot be sliced with three indexes");
  }
  const items = typeof value === "string" ? Buffer.from(value) : value;
  const [from = 0, to = items.length, most = items.length] = bounds.map(bound =>
    indexOf(bound, items.length),
  );
  if (from > to || to > most) throw new TemplateError("failure", `a slice cannot go from ${from} to ${to}`);
  return isBuffer(items) ? items.subarray(from, to).toString() : items.slice(from, to);
}

function isBuffer(items: Buffer | readonly Value[]): items is Buffer {
  return Buffer.isBuffer(items);
}

/** As Go's Sprint: a blank between two values of which neither is a text. */
function joinPrinted(args: readonly Value[]): string {
  let text = "";
  for (const [index, value] of args.entries()) {
    const isApart = index > 0 && typeof value !== "string" && typeof args[index - 1] !== "string";
    text += (isApart ? " " : "") + printArgument(value);
  }
  return text;
}

/** What is missing is nil once it is an argument. */
function printArgument(value: Value): string {
  return print(value ?? null);
}

/** Go's strconv.ParseUint: base 0 goes by the prefix, bit size 0 is 64. */
function parseUnsigned(text: string, baseValue: Value, bitsValue: Value): bigint {
  const base = indexOf(baseValue, 36);
  const bits = indexOf(bitsValue, 64) || 64;
  const value = base === 0 ? parsePrefixed(text) : parseDigits(text, base);
  if (value === undefined) throw new TemplateError("failure", `"${text}" is no number to base ${base}`);
  if (value >= 2n ** BigInt(bits))
    throw new TemplateError("failure", `"${text}" takes more than ${bits} bits`);
  return value;
}

/** With `0x`, `0b`, `0o` or `0` in front, and `_` between digits. */
function parsePrefixed(text: string): bigint | undefined {
  const [, prefix = "", digits = ""] =
    /^(0[xXbBoO]?)?(.*)$/s.exec(text.replace(/(?<=\w)_(?=[^_])/g, "")) ?? [];
  if (digits === "") return text === "0" ? 0n : undefined;
  const bases: Readonly<Record<string, number>> = { "": 10, "0": 8, "0o": 8, "0x": 16, "0b": 2 };
  return parseDigits(digits, bases[prefix.toLowerCase()] ?? 10);
}

function parseDigits(text: string, base: number): bigint | undefined {
  if (base === 1 || text === "") return undefined;
  let value = 0n;
  for (const character of text) {
    const digit = /[0-9a-z]/i.test(character) ? Number.parseInt(character, 36) : base;
    if (digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return value;
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\0": "\uFFFD",
};

function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, character => htmlEscapes[character] ?? character);
}

function escapeScript(text: string): string {
  return text.replace(/[\\'"<>&=]|\p{Cc}/gu, character => {
    if (/[\\'"]/.test(character)) return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

function escapeQuery(text: string): string {
  const escaped = encodeURIComponent(text).replaceAll("%20", "+");
  return escaped.replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
