/** Mnemonics in the text of records: types, classes, DNSSEC algorithms. */

import { classCodes, typeCodes } from "../wire/record.ts";

/** Types that have a text form although this server does nothing else with them; IANA "Resource Record (RR) TYPEs". */
const furtherTypeCodes = {
  MINFO: 14,
  RP: 17,
  AFSDB: 18,
  RT: 21,
  KX: 36,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  ZONEMD: 63,
} as const;

/** Queries and pseudo-records: no zone can hold them. */
const metaTypes = new Set(["OPT", "TSIG", "IXFR", "AXFR", "ANY"]);

const codes: Readonly<Record<string, number>> = { ...typeCodes, ...furtherTypeCodes };

/** The type a word names, in any letter case: a mnemonic, or `TYPE65280` (RFC 3597 §5). */
export function typeCodeOf(text: string): number | undefined {
  const word = text.toUpperCase();
  if (Object.hasOwn(codes, word) && !metaTypes.has(word)) return codes[word];
  return numberBehind("TYPE", word);
}

/** The class a word names, in any letter case: a mnemonic, or `CLASS32` (RFC 3597 §5). */
export function classCodeOf(text: string): number | undefined {
  const word = text.toUpperCase();
  if (Object.hasOwn(classCodes, word)) return classCodes[word as keyof typeof classCodes];
  return numberBehind("CLASS", word);
}

/** IANA "DNS Security Algorithm Numbers". */
export const algorithmCodes: Readonly<Record<string, number>> = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  "DSA-NSEC3-SHA1": 6,
  "RSASHA1-NSEC3-SHA1": 7,
  RSASHA256: 8,
  RSASHA512: 10,
  "ECC-GOST": 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

function numberBehind(prefix: string, word: string): number | undefined {
  if (!word.startsWith(prefix) || !/^\d{1,5}$/.test(word.slice(prefix.length))) return undefined;
  const code = Number(word.slice(prefix.length));
  return code <= 0xffff ? code : undefined;
}
