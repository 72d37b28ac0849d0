/**
 * Queries written byte by byte (RFC 1035 §4.1, RFC 6891 §6.1.2), without help from the codec under test.
 *
 * A question is text such as `db.shop.svc.cluster.local. A` or `version.bind. CH TXT`; letter case goes on the
 * wire as written, `\DDD` in a name is one octet.
 */

import { randomInt } from "node:crypto";

export const typeCodes: Readonly<Record<string, number>> = {
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
  OPT: 41,
  DS: 43,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
};

const classCodes: Readonly<Record<string, number>> = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 };

export interface EdnsOption {
  readonly code: number;
  readonly data: Buffer;
}

export interface EdnsRequest {
  readonly udpSizeBytes?: number;
  readonly version?: number;
  readonly isDnssecOk?: boolean;
  readonly options?: readonly EdnsOption[];
}

export interface QueryOptions {
  /** Random when absent. */
  readonly id?: number;
  readonly isResponse?: boolean;
  readonly opcode?: number;
  readonly recursionDesired?: boolean;
  readonly authenticData?: boolean;
  readonly checkingDisabled?: boolean;
  readonly edns?: EdnsRequest;
}

/** A whole query with one question and, when `edns` is given, an OPT record. */
export function buildQuery(ask: string, options: QueryOptions = {}): Buffer {
  const additional = options.edns === undefined ? [] : [optRecord(options.edns)];
  return Buffer.concat([
    queryHeader(options, { questions: 1, additionals: additional.length }),
    questionBytes(ask),
    ...additional,
  ]);
}

export interface SectionCounts {
  readonly questions?: number;
  readonly answers?: number;
  readonly authorities?: number;
  readonly additionals?: number;
}

/** The twelve octets of RFC 1035 §4.1.1, with whatever counts the caller wants to claim. */
export function queryHeader(options: QueryOptions, counts: SectionCounts): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(options.id ?? randomInt(0x10000), 0);
  const flags =
    (options.isResponse ? 0x8000 : 0) |
    ((options.opcode ?? 0) << 11) |
    (options.recursionDesired ? 0x0100 : 0) |
    (options.authenticData ? 0x0020 : 0) |
    (options.checkingDisabled ? 0x0010 : 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(counts.questions ?? 0, 4);
  header.writeUInt16BE(counts.answers ?? 0, 6);
  header.writeUInt16BE(counts.authorities ?? 0, 8);
  header.writeUInt16BE(counts.additionals ?? 0, 10);
  return header;
}

/** The question section's octets for `NAME [CLASS] TYPE`. */
export function questionBytes(ask: string): Buffer {
  const [name = "", ...words] = ask.trim().split(/\s+/);
  const type = words.at(-1) ?? "";
  const className = words.length > 1 ? (words[0] ?? "") : "IN";
  const numbers = Buffer.alloc(4);
  numbers.writeUInt16BE(codeOf(type, typeCodes, "TYPE"), 0);
  numbers.writeUInt16BE(codeOf(className, classCodes, "CLASS"), 2);
  return Buffer.concat([wireName(name), numbers]);
}

/** RFC 1035 §3.1 wire form of a fully qualified name, never compressed. */
export function wireName(name: string): Buffer {
  const labels = name.match(/(?:\\\d{3}|[^.\\])+/g) ?? [];
  const parts = labels.map(label => {
    const text = label.replace(/\\(\d{3})/g, (_, octet: string) => String.fromCharCode(Number(octet)));
    return Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** An OPT pseudo-record (RFC 6891 §6.1.2); 1232 octets unless told otherwise. */
export function optRecord(edns: EdnsRequest): Buffer {
  const options = (edns.options ?? []).map(({ code, data }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(code, 0);
    head.writeUInt16BE(data.length, 2);
    return Buffer.concat([head, data]);
  });
  const data = Buffer.concat(options);
  const fixed = Buffer.alloc(11);
  fixed.writeUInt16BE(41, 1);
  fixed.writeUInt16BE(edns.udpSizeBytes ?? 1232, 3);
  fixed.writeUInt8(edns.version ?? 0, 6);
  fixed.writeUInt16BE(edns.isDnssecOk ? 0x8000 : 0, 7);
  fixed.writeUInt16BE(data.length, 9);
  return Buffer.concat([fixed, data]);
}

/** RFC 3597 §5 names such as `TYPE65280` are understood as well. */
function codeOf(word: string, known: Readonly<Record<string, number>>, prefix: string): number {
  const code = known[word] ?? (word.startsWith(prefix) ? Number(word.slice(prefix.length)) : Number.NaN);
  if (!Number.isInteger(code)) throw new Error(`unknown ${prefix.toLowerCase()} ${JSON.stringify(word)}`);
  return code;
}
