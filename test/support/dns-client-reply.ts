/**
 * Replies as zone text.
 *
 * Names and record data are decoded by dns2, which is right about them; the header bits it folds or forgets, the
 * raw question and the OPT record (whose options it drops) are read here (RFC 1035 §4.1, RFC 6891 §6.1).
 */

import { Packet } from "dns2";
import { type EdnsOption, typeCodes } from "./dns-client-query.ts";

export interface Opt {
  readonly udpSizeBytes: number;
  readonly version: number;
  readonly isDnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface Reply {
  readonly bytes: Buffer;
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** Name of the twelve-bit code, `RCODE<n>` when it has none. */
  readonly rcode: string;
  /** The question section as it came, so that letter case can be compared octet by octet. */
  readonly question: Buffer;
  /** `name ttl IN TYPE data` lines in the order of the message; an SOA serial is written `<serial>`. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  /** Without the OPT record. */
  readonly additional: readonly string[];
  readonly opt: Opt | undefined;
  /** Serial of the first SOA record anywhere in the message. */
  readonly soaSerial: number | undefined;
}

const rcodeNames: Readonly<Record<number, string>> = {
  0: "NOERROR",
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  16: "BADVERS",
};

/** Decodes a reply; throws when any part of it cannot be read, or octets are left over. */
export function decodeReply(bytes: Buffer): Reply {
  const packet = Packet.parse(bytes);
  if (packet.errors[0] !== undefined) throw packet.errors[0];
  const flags = bytes.readUInt16BE(2);
  const layout = walkMessage(bytes);
  const rcode = (flags & 0xf) | ((layout.opt?.extendedRcode ?? 0) << 4);
  const records = [packet.answers, packet.authorities, packet.additionals].flat() as readonly DecodedRecord[];
  return {
    bytes,
    id: bytes.readUInt16BE(0),
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    rcode: rcodeNames[rcode] ?? `RCODE${rcode}`,
    question: layout.question,
    answer: zoneLines(packet.answers),
    authority: zoneLines(packet.authorities),
    additional: zoneLines(packet.additionals),
    opt: layout.opt,
    soaSerial: records.find(record => record.type === typeCodes.SOA)?.serial,
  };
}

/** dns2 types every record field as optional and lacks some; these are the ones zone text is made of. */
interface DecodedRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly address?: string;
  readonly domain?: string;
  readonly ns?: string;
  readonly target?: string;
  readonly priority?: number;
  readonly weight?: number;
  readonly port?: number;
  readonly data?: string | readonly string[] | Buffer;
  readonly primary?: string;
  readonly admin?: string;
  readonly serial?: number;
  readonly refresh?: number;
  readonly retry?: number;
  readonly expiration?: number;
  readonly minimum?: number;
}

function zoneLines(resources: Packet["answers"]): readonly string[] {
  const records = resources as unknown as readonly DecodedRecord[];
  return records.filter(record => record.type !== typeCodes.OPT).map(zoneLine);
}

function zoneLine(record: DecodedRecord): string {
  const className = record.class === 1 ? "IN" : `CLASS${record.class}`;
  return `${dotted(record.name)} ${record.ttl} ${className} ${zoneData(record)}`;
}

function zoneData(record: DecodedRecord): string {
  switch (record.type) {
    case typeCodes.A:
      return `A ${record.address}`;
    case typeCodes.AAAA:
      return `AAAA ${record.address}`;
    case typeCodes.CNAME:
      return `CNAME ${dotted(record.domain)}`;
    case typeCodes.PTR:
      return `PTR ${dotted(record.domain)}`;
    case typeCodes.NS:
      return `NS ${dotted(record.ns)}`;
    case typeCodes.SRV:
      return `SRV ${record.priority} ${record.weight} ${record.port} ${dotted(record.target)}`;
    case typeCodes.TXT:
      return `TXT ${[record.data]
        .flat()
        .map(text => JSON.stringify(text))
        .join(" ")}`;
    case typeCodes.SOA: {
      const { refresh, retry, expiration, minimum } = record;
      return `SOA ${dotted(record.primary)} ${dotted(record.admin)} <serial> ${refresh} ${retry} ${expiration} ${minimum}`;
    }
    default:
      return `TYPE${record.type} ${Buffer.isBuffer(record.data) ? record.data.toString("hex") : ""}`;
  }
}

function dotted(name: string | undefined): string {
  return `${name ?? "?"}.`;
}

interface MessageLayout {
  readonly question: Buffer;
  readonly opt: (Opt & { readonly extendedRcode: number }) | undefined;
}

/** Steps over every record to find the question's end, the OPT record and the end of the message. */
function walkMessage(bytes: Buffer): MessageLayout {
  let offset = 12;
  for (let left = bytes.readUInt16BE(4); left > 0; left--) offset = skipName(bytes, offset) + 4;
  const question = bytes.subarray(12, offset);
  let opt: MessageLayout["opt"];
  const recordCount = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  for (let left = recordCount; left > 0; left--) {
    const fixed = skipName(bytes, offset);
    const data = bytes.subarray(fixed + 10, fixed + 10 + bytes.readUInt16BE(fixed + 8));
    if (bytes.readUInt16BE(fixed) === typeCodes.OPT) {
      if (opt !== undefined) throw new Error("the reply has two OPT records");
      opt = readOpt(bytes.subarray(fixed), data);
    }
    offset = fixed + 10 + data.length;
  }
  if (offset !== bytes.length) throw new Error(`${bytes.length - offset} octets follow the last record`);
  return { question, opt };
}

function skipName(bytes: Buffer, start: number): number {
  for (let offset = start; ; ) {
    const length = bytes.readUInt8(offset);
    if (length === 0) return offset + 1;
    if (length >= 0xc0) return offset + 2;
    offset += 1 + length;
  }
}

function readOpt(fixed: Buffer, data: Buffer): NonNullable<MessageLayout["opt"]> {
  const options: EdnsOption[] = [];
  for (let offset = 0; offset < data.length; ) {
    const length = data.readUInt16BE(offset + 2);
    options.push({
      code: data.readUInt16BE(offset),
      data: data.subarray(offset + 4, offset + 4 + length),
    });
    offset += 4 + length;
  }
  return {
    udpSizeBytes: fixed.readUInt16BE(2),
    extendedRcode: fixed.readUInt8(4),
    version: fixed.readUInt8(5),
    isDnssecOk: (fixed.readUInt8(6) & 0x80) !== 0,
    options,
  };
}
