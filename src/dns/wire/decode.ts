/**
 * Octets → messages: RFC 1035 §4, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 3597 (other types), RFC 6891 (EDNS).
 *
 * Byte ownership: nothing decoded refers to the octets passed in. Strings are new, the data of options and of unknown
 * types is copied, so a receive buffer can be used again as soon as the call returns.
 *
 * Octets behind the last record are ignored, as BIND and CoreDNS do.
 */

import { expandRecordData } from "./expand-rdata.ts";
import type { Edns, EdnsOption, Header, Message, Question } from "./message.ts";
import { headerSizeBytes } from "./message.ts";
import type { Name } from "./name.ts";
import { Reader } from "./reader.ts";
import type { RecordData, ResourceRecord } from "./record.ts";
import { acceptedTtl, typeCodes } from "./record.ts";
import { WireError } from "./wire-error.ts";

/** Throws WireError and nothing else; see `wire-error.ts` for the codes. */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = readerOf(bytes);
  const header = readHeader(reader);
  const questions = readQuestions(reader, header.questionCount);
  const answers = readRecords(reader, header.answerCount);
  const authorities = readRecords(reader, header.authorityCount);
  const { additionals, edns, upperRcode } = readAdditionals(reader, header.additionalCount);
  return {
    id: header.id,
    isResponse: header.isResponse,
    opcode: header.opcode,
    isAuthoritative: header.isAuthoritative,
    isTruncated: header.isTruncated,
    recursionDesired: header.recursionDesired,
    recursionAvailable: header.recursionAvailable,
    authenticData: header.authenticData,
    checkingDisabled: header.checkingDisabled,
    rcode: (upperRcode << 4) | header.rcode,
    questions,
    answers,
    authorities,
    additionals,
    edns,
  };
}

/**
 * The first twelve octets alone, for a server that has to answer FORMERR or NOTIMP to a message it cannot decode.
 * Throws WireError SHORT_HEADER.
 */
export function decodeHeader(bytes: Uint8Array): Header {
  return readHeader(readerOf(bytes.subarray(0, headerSizeBytes)));
}

function readerOf(bytes: Uint8Array): Reader {
  if (bytes.length >= headerSizeBytes) return new Reader(bytes);
  throw new WireError("SHORT_HEADER", `a header has ${headerSizeBytes} octets, not ${bytes.length}`);
}

function readHeader(reader: Reader): Header {
  const id = reader.uint16();
  const flags = reader.uint16();
  return {
    id,
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >>> 11) & 0xf,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    rcode: flags & 0xf,
    questionCount: reader.uint16(),
    answerCount: reader.uint16(),
    authorityCount: reader.uint16(),
    additionalCount: reader.uint16(),
  };
}

function readQuestions(reader: Reader, count: number): Question[] {
  const questions: Question[] = [];
  for (let index = 0; index < count; index++) {
    questions.push({ name: reader.name(), type: reader.uint16(), class: reader.uint16() });
  }
  return questions;
}

function readRecords(reader: Reader, count: number): ResourceRecord[] {
  const records: ResourceRecord[] = [];
  for (let index = 0; index < count; index++) {
    const name = reader.name();
    const typeCode = reader.uint16();
    if (typeCode === typeCodes.OPT) throw new WireError("BAD_OPT", "OPT outside the additional section");
    records.push(readRecord(reader, name, typeCode));
  }
  return records;
}

interface AdditionalSection {
  readonly additionals: ResourceRecord[];
  readonly edns: Edns | undefined;
  readonly upperRcode: number;
}

function readAdditionals(reader: Reader, count: number): AdditionalSection {
  const additionals: ResourceRecord[] = [];
  let edns: Edns | undefined;
  let upperRcode = 0;
  for (let index = 0; index < count; index++) {
    const name = reader.name();
    const typeCode = reader.uint16();
    if (typeCode !== typeCodes.OPT) {
      additionals.push(readRecord(reader, name, typeCode));
      continue;
    }
    if (edns !== undefined) throw new WireError("BAD_OPT", "more than one OPT");
    if (name.length > 0) throw new WireError("BAD_OPT", "OPT not at the root");
    const udpPayloadSizeBytes = reader.uint16();
    upperRcode = reader.uint8();
    edns = readEdns(reader, udpPayloadSizeBytes);
  }
  return { additionals, edns, upperRcode };
}

function readEdns(reader: Reader, udpPayloadSizeBytes: number): Edns {
  const version = reader.uint8();
  const isDnssecOk = (reader.uint16() & 0x8000) !== 0;
  const options: EdnsOption[] = [];
  reader.enterRecordData(reader.uint16());
  while (reader.remaining > 0) {
    const code = reader.uint16();
    options.push({ code, data: reader.bytes(reader.uint16()) });
  }
  reader.leaveRecordData();
  return { udpPayloadSizeBytes, version, isDnssecOk, options };
}

/** The record after its owner and type. */
function readRecord(reader: Reader, name: Name, typeCode: number): ResourceRecord {
  const recordClass = reader.uint16();
  const ttlSeconds = reader.uint32();
  reader.enterRecordData(reader.uint16());
  const data = readRecordData(reader, typeCode);
  reader.leaveRecordData();
  return { name, class: recordClass, ttlSeconds: acceptedTtl(ttlSeconds), data };
}

function readRecordData(reader: Reader, typeCode: number): RecordData {
  switch (typeCode) {
    case typeCodes.A:
      return { type: "A", address: reader.ipv4() };
    case typeCodes.AAAA:
      return { type: "AAAA", address: reader.ipv6() };
    case typeCodes.NS:
      return { type: "NS", target: reader.name() };
    case typeCodes.CNAME:
      return { type: "CNAME", target: reader.name() };
    case typeCodes.PTR:
      return { type: "PTR", target: reader.name() };
    case typeCodes.SRV:
      return readSrv(reader);
    case typeCodes.MX:
      return { type: "MX", preference: reader.uint16(), exchange: reader.name() };
    case typeCodes.TXT:
      return { type: "TXT", strings: readStrings(reader) };
    case typeCodes.SOA:
      return readSoa(reader);
    default:
      return { type: "unknown", code: typeCode, bytes: expandRecordData(reader, typeCode) };
  }
}

/** RFC 2782 forbids compressing the target; RFC 3597 §4 asks to accept it all the same. */
function readSrv(reader: Reader): RecordData {
  return {
    type: "SRV",
    priority: reader.uint16(),
    weight: reader.uint16(),
    port: reader.uint16(),
    target: reader.name(),
  };
}

function readStrings(reader: Reader): string[] {
  const strings = [reader.characterString()];
  while (reader.remaining > 0) strings.push(reader.characterString());
  return strings;
}

function readSoa(reader: Reader): RecordData {
  return {
    type: "SOA",
    primary: reader.name(),
    mailbox: reader.name(),
    serial: reader.uint32(),
    refreshSeconds: reader.uint32(),
    retrySeconds: reader.uint32(),
    expireSeconds: reader.uint32(),
    minimumSeconds: reader.uint32(),
  };
}
