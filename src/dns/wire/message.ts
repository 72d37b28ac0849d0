/** Messages as values: RFC 1035 §4, flags AD and CD of RFC 4035 §3, EDNS(0) of RFC 6891. */

import type { Name } from "./name.ts";
import type { ResourceRecord } from "./record.ts";

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

/** EDNS option codes this server looks at or sends back; IANA "DNS EDNS0 Option Codes". */
export const optionCodes = {
  NSID: 3,
  CLIENT_SUBNET: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  EXTENDED_ERROR: 15,
} as const;

export const opcodes = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

export interface Question {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** The OPT pseudo-record, taken apart (RFC 6891 §6.1). */
export interface Edns {
  readonly udpPayloadSizeBytes: number;
  readonly version: number;
  readonly isDnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

/** The flags and codes of the twelve octets in front (RFC 1035 §4.1.1). */
interface HeaderFields {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
}

/** A header by itself, as it arrived. */
export interface Header extends HeaderFields {
  /** The lower four bits only. */
  readonly rcode: number;
  readonly questionCount: number;
  readonly answerCount: number;
  readonly authorityCount: number;
  /** With the OPT record. */
  readonly additionalCount: number;
}

export interface Message extends HeaderFields {
  /** Twelve bits: the upper eight travel in the OPT record (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  /** Without the OPT record, which is `edns`. */
  readonly additionals: readonly ResourceRecord[];
  readonly edns: Edns | undefined;
}

export const headerSizeBytes = 12;

const rcodeNames = new Map(Object.entries(rcodes).map(([name, code]) => [code as number, name]));

/** Mnemonic of a response code; `RCODE12` for one without. */
export function rcodeName(code: number): string {
  return rcodeNames.get(code) ?? `RCODE${code}`;
}
