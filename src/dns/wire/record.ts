/** Resource records as values: RFC 1035 §3.2–3.4, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 3597 (types we do not know). */

import type { Name } from "./name.ts";

/** Codes of the types this server knows by name; IANA "Resource Record (RR) TYPEs". */
export const typeCodes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

export const classCodes = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export type RecordData =
  | { readonly type: "A"; readonly address: string }
  | { readonly type: "AAAA"; readonly address: string }
  | { readonly type: "NS" | "CNAME" | "PTR"; readonly target: Name }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: Name;
    }
  | { readonly type: "MX"; readonly preference: number; readonly exchange: Name }
  /** One string or more, each of at most 255 octets; like labels, their character codes are the octets. */
  | { readonly type: "TXT"; readonly strings: readonly string[] }
  | {
      readonly type: "SOA";
      readonly primary: Name;
      readonly mailbox: Name;
      readonly serial: number;
      readonly refreshSeconds: number;
      readonly retrySeconds: number;
      readonly expireSeconds: number;
      readonly minimumSeconds: number;
    }
  /** Any other type, also those that `typeCodes` names; names inside `bytes` are not compressed (RFC 3597 §4). */
  | { readonly type: "unknown"; readonly code: number; readonly bytes: Uint8Array };

export interface ResourceRecord {
  readonly name: Name;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly data: RecordData;
}

const typeNames = new Map(Object.entries(typeCodes).map(([name, code]) => [code as number, name]));

/** Mnemonic of a type; `TYPE65280` for one without (RFC 3597 §5). */
export function typeName(code: number): string {
  return typeNames.get(code) ?? `TYPE${code}`;
}

/** RFC 2181 §8. */
export const maxTtlSeconds = 0x7fffffff;

/** Of 32 bits as they came: with the highest bit set they count as zero (RFC 2181 §8). */
export function acceptedTtl(ttlSeconds: number): number {
  return ttlSeconds > maxTtlSeconds ? 0 : ttlSeconds;
}
