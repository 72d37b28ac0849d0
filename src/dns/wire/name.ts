/**
 * Domain names (RFC 1035 §3.1, §4.1.4; presentation form RFC 1035 §5.1 and RFC 4343 §2.1).
 *
 * A name is its labels, leftmost first, without the root; the root is the empty list. Each label is a string
 * whose character codes are the label's octets (Latin-1), so any octet survives and letter case is kept.
 */

import { WireError } from "./wire-error.ts";

export type Name = readonly string[];

export const maxLabelOctets = 63;
/** Length octets and the root's zero included (RFC 1035 §2.3.4). */
export const maxNameOctets = 255;

/**
 * Reads presentation form: `.` between labels, `\.` for a dot inside one, `\DDD` for any octet, a final dot or none.
 * Text outside ASCII becomes its UTF-8 octets.
 *
 * Throws WireError: BAD_LABEL (empty, over 63 octets, broken escape), NAME_TOO_LONG (over 255 octets).
 */
export function parseName(text: string): Name {
  if (text === ".") return [];
  if (text === "") throw new WireError("BAD_LABEL", "a name cannot be empty; the root is written .");
  const labels = isPlain.test(text) ? text.split(".") : splitEscaped(text);
  if (labels.at(-1) === "") labels.pop();
  if (labels.length === 0 || labels.includes("")) throw new WireError("BAD_LABEL", `empty label in ${text}`);
  if (labels.some(label => label.length > maxLabelOctets)) {
    throw new WireError("BAD_LABEL", `label over ${maxLabelOctets} octets in ${text}`);
  }
  if (octetsOf(labels) > maxNameOctets) {
    throw new WireError("NAME_TOO_LONG", `name over ${maxNameOctets} octets: ${text}`);
  }
  return labels;
}

/** Fully qualified presentation form with escapes as `dig` writes them; the root is `.`. */
export function formatName(name: Name): string {
  if (name.length === 0) return ".";
  let text = "";
  for (const label of name) text += `${needsEscape.test(label) ? escapeLabel(label) : label}.`;
  return text;
}

/** Lower case for A–Z only (RFC 4343 §3); the same array when nothing changes. */
export function lowerName(name: Name): Name {
  for (let index = 0; index < name.length; index++) {
    if (hasCapitals(name[index] as string)) return name.map(lowerLabel);
  }
  return name;
}

/** Equal without regard to the case of A–Z (RFC 4343 §3). */
export function isSameName(a: Name, b: Name): boolean {
  return a.length === b.length && isSubdomain(a, b);
}

/** True when `name` is `ancestor` or lies below it, without regard to the case of A–Z. */
export function isSubdomain(name: Name, ancestor: Name): boolean {
  const depth = name.length - ancestor.length;
  if (depth < 0) return false;
  // Each query asks it of a dozen zones: a function for `every` would be garbage each time.
  for (let index = 0; index < ancestor.length; index++) {
    if (!isSameLabel(ancestor[index] as string, name[depth + index] as string)) return false;
  }
  return true;
}

/** Octets of the name on the wire, uncompressed, the root's zero included. */
export function octetsOf(name: Name): number {
  let octets = 1;
  for (const label of name) octets += label.length + 1;
  return octets;
}

const isPlain = /^[!-[\]-~]+$/;
const needsEscape = /[^!-~]|["$().;@\\]/;

function splitEscaped(text: string): string[] {
  const octets = Buffer.from(text, "utf8").toString("latin1");
  const labels: string[] = [];
  let label = "";
  for (const [token] of octets.matchAll(/\\\d{3}|\\\D|[^\\.]+|[\\.]/g)) {
    if (token === ".") {
      labels.push(label);
      label = "";
    } else label += token.startsWith("\\") ? octetOfEscape(token, text) : token;
  }
  return [...labels, label];
}

function octetOfEscape(token: string, text: string): string {
  if (token.length === 2) return token.slice(1);
  const octet = Number.parseInt(token.slice(1), 10);
  if (octet <= 255) return String.fromCharCode(octet);
  throw new WireError("BAD_LABEL", `an escape is \\ and a character or three digits up to 255: ${text}`);
}

function escapeLabel(label: string): string {
  return label.replace(new RegExp(needsEscape, "g"), character =>
    character > " " && character <= "~"
      ? `\\${character}`
      : `\\${String(character.charCodeAt(0)).padStart(3, "0")}`,
  );
}

function isSameLabel(a: string, b: string): boolean {
  return a === b || (a.length === b.length && lowerLabel(a) === lowerLabel(b));
}

// toLowerCase also maps À to à, two octets that are different names to DNS.
function lowerLabel(label: string): string {
  return hasCapitals(label) ? label.replace(/[A-Z]+/g, letters => letters.toLowerCase()) : label;
}

/** Each query asks it of each label, and few have any. */
function hasCapitals(label: string): boolean {
  for (let index = 0; index < label.length; index++) {
    const code = label.charCodeAt(index);
    if (code >= 0x41 && code <= 0x5a) return true;
  }
  return false;
}
