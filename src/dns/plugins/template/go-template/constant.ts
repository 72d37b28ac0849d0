/** Constants of templates, as Go writes them. */

import { TemplateError } from "./template-error.ts";
import type { Value } from "./value.ts";

const digits = /^(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;

/** Throws TemplateError: syntax, and not-offered for imaginary numbers. */
export function readNumber(text: string): Value {
  const [, sign = "", size = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const plain = size.replace(/(?<=[\da-fA-FxXoObB])_(?=[\da-fA-F])/g, "");
  if (digits.test(plain)) {
    const value = BigInt(/^0[0-7]+$/.test(plain) ? `0o${plain.slice(1)}` : plain);
    return sign === "-" ? -value : value;
  }
  if (/^(?=.*[.eE])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain)) return Number(sign + plain);
  if (/^[\d.]+i$/.test(plain))
    throw new TemplateError("not-offered", "imaginary numbers are not offered here");
  throw new TemplateError("syntax", `${text} is no number`);
}

/** `'a'` is the number of the character. */
export function readCharacter(text: string): bigint {
  const characters = [...unquote(text)];
  const [character] = characters;
  if (character === undefined || characters.length > 1) {
    throw new TemplateError("syntax", `${text} is not one character`);
  }
  return BigInt(character.codePointAt(0) ?? 0);
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The text between quotes, its escapes resolved. */
export function unquote(quoted: string): string {
  const quote = quoted.charAt(0);
  const escapeSequence =
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|([abfnrtv\\'"])|.?)/gsu;
  return quoted
    .slice(1, -1)
    .replace(
      escapeSequence,
      (text, hex?: string, short?: string, long?: string, octal?: string, letter?: string) => {
        const code = hex ?? short ?? long;
        if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
        const isOtherQuote = (letter === '"' || letter === "'") && letter !== quote;
        if (letter === undefined || isOtherQuote) throw new TemplateError("syntax", `${text} is no escape`);
        return escapes[letter] ?? letter;
      },
    );
}
