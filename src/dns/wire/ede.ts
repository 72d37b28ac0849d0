/** Extended DNS Errors, RFC 8914: a reason beside the response code, in an EDNS option. */

import { type EdnsOption, optionCodes } from "./message.ts";
import { WireError } from "./wire-error.ts";

/** Info-codes by their registered purpose, RFC 8914 §4 and §5.2. */
export const infoCodes = {
  "Other Error": 0,
  "Unsupported DNSKEY Algorithm": 1,
  "Unsupported DS Digest Type": 2,
  "Stale Answer": 3,
  "Forged Answer": 4,
  "DNSSEC Indeterminate": 5,
  "DNSSEC Bogus": 6,
  "Signature Expired": 7,
  "Signature Not Yet Valid": 8,
  "DNSKEY Missing": 9,
  "RRSIGs Missing": 10,
  "No Zone Key Bit Set": 11,
  "NSEC Missing": 12,
  "Cached Error": 13,
  "Not Ready": 14,
  Blocked: 15,
  Censored: 16,
  Filtered: 17,
  Prohibited: 18,
  "Stale NXDOMAIN Answer": 19,
  "Not Authoritative": 20,
  "Not Supported": 21,
  "No Reachable Authority": 22,
  "Network Error": 23,
  "Invalid Data": 24,
} as const;

export interface ExtendedError {
  readonly infoCode: number;
  readonly text: string;
}

/**
 * The option for one reason; `text` ("" for none) is for people and travels as UTF-8.
 * Throws WireError OUT_OF_RANGE for an info-code that is not a 16-bit number.
 */
export function extendedErrorOption(infoCode: number, text: string): EdnsOption {
  if ((infoCode & 0xffff) !== infoCode) throw new WireError("OUT_OF_RANGE", `info-code ${infoCode}`);
  const octets = Buffer.from(text, "utf8");
  const data = new Uint8Array(2 + octets.length);
  data[0] = infoCode >>> 8;
  data[1] = infoCode;
  data.set(octets, 2);
  return { code: optionCodes.EXTENDED_ERROR, data };
}

/**
 * Undefined for any other option and for one shorter than its info-code: these options only inform (RFC 8914 §1), so a
 * broken one is no reason to reject the message. A final NUL, which some senders add (§2), is dropped.
 */
export function parseExtendedError(option: EdnsOption): ExtendedError | undefined {
  if (option.code !== optionCodes.EXTENDED_ERROR || option.data.length < 2) return undefined;
  const [high = 0, low = 0] = option.data;
  return {
    infoCode: (high << 8) | low,
    text: Buffer.from(option.data.subarray(2)).toString("utf8").replace(/\0$/, ""),
  };
}

const purposes = new Map(Object.entries(infoCodes).map(([purpose, code]) => [code as number, purpose]));

/** Registered purpose of an info-code; undefined for one that RFC 8914 does not define. */
export function infoCodePurpose(infoCode: number): string | undefined {
  return purposes.get(infoCode);
}
