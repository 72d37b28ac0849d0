/** Go's fmt.Sprintf for the values of templates: %v %s %q %d %x %X %o %b %c %t %f %%, with flags, width and precision. */

import { TemplateError } from "./template-error.ts";
import type { Value } from "./value.ts";
import { isList, kindOf, print } from "./value.ts";

interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly verb: string;
}

const directive = /%(?<flags>[-+ 0#]*)(?<width>\d*)(?:\.(?<precision>\d*))?(?<verb>[\s\S]?)/gu;

/** Directives of a format that are not offered. */
export function unknownDirectives(format: string): readonly string[] {
  const all = Array.from(format.matchAll(directive), ([text]) => text);
  return all.filter(text => !offered.test(text));
}

const offered = /^%(%|[-0]*\d*(\.\d*)?[vsqtc]|[-+0#]*\d*(\.\d*)?[xX]|[-+ 0#]*\d*(\.\d*)?[dobf])$/;

/** Throws TemplateError: failure, where Go would write into the text what is wrong. */
export function formatText(format: string, args: readonly Value[]): string {
  const [unknown] = unknownDirectives(format);
  if (unknown !== undefined) throw new TemplateError("failure", `printf does not know ${unknown}`);
  let next = 0;
  const text = format.replace(directive, (whole, ...rest) => {
    const { flags, width, precision, verb } = rest.at(-1) as Readonly<Record<string, string | undefined>>;
    if (verb === "%") return "%";
    if (next >= args.length) throw new TemplateError("failure", `printf has no value for ${whole}`);
    const value = args[next];
    next += 1;
    return formatValue(value ?? null, {
      flags: flags ?? "",
      width: Math.min(Number(width ?? 0), maxWidth),
      precision: precision === undefined ? undefined : Math.min(Number(precision), maxPrecision),
      verb: verb ?? "",
    });
  });
  if (next < args.length) throw new TemplateError("failure", "printf has more values than its format shows");
  return text;
}

/** No record can be wider. */
const maxWidth = 0xffff;
/** What JavaScript can do. */
const maxPrecision = 100;

function formatValue(value: Value, how: Directive): string {
  if (isList(value)) return `[${value.map(item => formatValue(item, how)).join(" ")}]`;
  const text = textOfValue(value, how);
  if (how.flags.includes("-")) return text.padEnd(how.width);
  const isPadded = how.flags.includes("0") && (typeof value !== "bigint" || how.precision === undefined);
  if (!isPadded) return text.padStart(how.width);
  const sign = typeof value === "string" ? "" : (/^[+-]?/.exec(text)?.[0] ?? "");
  return sign + text.slice(sign.length).padStart(how.width - sign.length, "0");
}

function textOfValue(value: Value, how: Directive): string {
  const { verb, precision } = how;
  if (typeof value === "string" && "vsqxX".includes(verb)) {
    return formatString(precision === undefined ? value : [...value].slice(0, precision).join(""), how);
  }
  if (typeof value === "bigint") return formatInteger(value, how);
  if (typeof value === "number" && verb === "f") return withSign(value.toFixed(precision ?? 6), how);
  if (verb === "v" || (verb === "t" && typeof value === "boolean")) return print(value);
  throw misfit(value, verb);
}

function formatString(text: string, { verb }: Directive): string {
  switch (verb) {
    case "q":
      return quote(text);
    case "x":
      return Buffer.from(text).toString("hex");
    case "X":
      return Buffer.from(text).toString("hex").toUpperCase();
    default:
      return text;
  }
}

const radixes: Readonly<Record<string, number>> = { v: 10, d: 10, x: 16, X: 16, o: 8, b: 2 };
const prefixes: Readonly<Record<string, string>> = { x: "0x", X: "0X", o: "0", b: "0b" };

function formatInteger(value: bigint, how: Directive): string {
  const { verb, flags, precision = 0 } = how;
  if (verb === "c") return String.fromCodePoint(Number(value));
  const radix = radixes[verb];
  if (radix === undefined) throw misfit(value, verb);
  const size = (value < 0n ? -value : value).toString(radix).padStart(precision, "0");
  const digits =
    (flags.includes("#") ? (prefixes[verb] ?? "") : "") + (verb === "X" ? size.toUpperCase() : size);
  return withSign(value < 0n ? `-${digits}` : digits, how);
}

function withSign(text: string, { flags }: Directive): string {
  if (text.startsWith("-")) return text;
  return (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + text;
}

function quote(text: string): string {
  const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const escaped = text.replace(/["\\]|\p{Cc}/gu, character => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return escapes[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

function misfit(value: Value, verb: string): TemplateError {
  return new TemplateError("failure", `printf cannot show ${kindOf(value)} with %${verb}`);
}
