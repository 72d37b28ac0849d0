/** Types of questions by their mnemonics: those of records, of pseudo-records and of old. */

import { typeCodes } from "../wire/record.ts";

/** What `typeCodes` has no use for; IANA "Resource Record (RR) TYPEs". */
const furtherTypeCodes = {
  MD: 3,
  MF: 4,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  MINFO: 14,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  "NSAP-PTR": 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  ATMA: 34,
  KX: 36,
  CERT: 37,
  APL: 42,
  IPSECKEY: 45,
  DHCID: 49,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  MAILB: 253,
  MAILA: 254,
  AVC: 258,
  AMTRELAY: 260,
  RESINFO: 261,
  TA: 32768,
  DLV: 32769,
} as const;

/** Mnemonic → code. */
export const queryTypeCodes: Readonly<Record<string, number>> = { ...typeCodes, ...furtherTypeCodes };

/** The code of a mnemonic in capitals, or of `TYPE65280` (RFC 3597 §5); undefined for any other word. */
export function queryTypeOf(word: string): number | undefined {
  if (Object.hasOwn(queryTypeCodes, word)) return queryTypeCodes[word];
  const code = /^TYPE(\d{1,5})$/.exec(word)?.[1];
  return code !== undefined && Number(code) <= 0xffff ? Number(code) : undefined;
}
