/**
 * Messages → octets: RFC 1035 §4, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 3597 (other types), RFC 6891 (EDNS).
 *
 * Names are compressed letter for letter, so the case of every name is kept and an owner that repeats the question is
 * the pointer 0xC00C. Byte ownership: the result belongs to the caller; nothing of the message is kept.
 */

import type { Edns, Message } from "./message.ts";
import { headerSizeBytes, optionCodes } from "./message.ts";
import type { RecordData, ResourceRecord } from "./record.ts";
import { maxTtlSeconds, typeCodes } from "./record.ts";
import { WireError } from "./wire-error.ts";
import { maxMessageSizeBytes, Writer } from "./writer.ts";

// Encoding never yields, so one writer serves all messages.
const writer = new Writer();

/**
 * Encodes into at most `maxSizeBytes` octets, and never more than the 65535 of TCP.
 *
 * When the message is larger, extended errors go first (RFC 8914 §3), then whole records from the end: additional,
 * authority, answer. The OPT record stays. TC is set whenever anything was left out. RFC 2181 §9 would not set it for
 * additional records alone; CoreDNS does, and clients of SRV records rely on it to get the addresses they need over TCP.
 *
 * Throws WireError: MESSAGE_TOO_LONG when header, questions and OPT do not fit, else for values that do not fit their field.
 */
export function encodeMessage(message: Message, maxSizeBytes: number): Uint8Array {
  const limit = Math.min(maxSizeBytes, maxMessageSizeBytes);
  let fit = write(message, limit);
  if (fit !== "whole" && message.edns?.options.some(isExtendedError)) {
    fit = write(withoutExtendedErrors(message, message.edns), limit);
  }
  if (fit === "no-room") throw new WireError("MESSAGE_TOO_LONG", `questions and OPT exceed ${limit} octets`);
  return writer.copy();
}

type Fit = "whole" | "cut" | "no-room";

/** Leaves in the writer as much of the message as `limit` allows. */
function write(message: Message, limit: number): Fit {
  const { edns, questions, answers, authorities, additionals } = message;
  const recordLimit = limit - sizeOfOpt(edns);
  writer.clear();
  writer.cut(headerSizeBytes);
  for (const question of questions) {
    writer.name(question.name);
    writer.uint16(question.type);
    writer.uint16(question.class);
    if (writer.offset > recordLimit) return "no-room";
  }
  if (writer.offset > recordLimit) return "no-room";
  const answerCount = writeRecords(answers, recordLimit);
  const authorityCount = answerCount < answers.length ? 0 : writeRecords(authorities, recordLimit);
  const isRoomLeft = answerCount === answers.length && authorityCount === authorities.length;
  const additionalCount = isRoomLeft ? writeRecords(additionals, recordLimit) : 0;
  const isWhole = isRoomLeft && additionalCount === additionals.length;
  if (edns !== undefined) writeOpt(edns, message.rcode >>> 4);
  writer.uint16At(0, message.id);
  writer.uint16At(2, flagsOf(message, !isWhole));
  writer.uint16At(4, questions.length);
  writer.uint16At(6, answerCount);
  writer.uint16At(8, authorityCount);
  writer.uint16At(10, additionalCount + (edns === undefined ? 0 : 1));
  return isWhole ? "whole" : "cut";
}

function flagsOf(message: Message, isCut: boolean): number {
  const { opcode, rcode } = message;
  if ((opcode & 0xf) !== opcode) throw new WireError("OUT_OF_RANGE", `opcode ${opcode}`);
  const maxRcode = message.edns === undefined ? 0xf : 0xfff;
  if ((rcode & maxRcode) !== rcode)
    throw new WireError("OUT_OF_RANGE", `rcode ${rcode} (above 15 only with EDNS)`);
  return (
    (message.isResponse ? 0x8000 : 0) |
    (opcode << 11) |
    (message.isAuthoritative ? 0x0400 : 0) |
    (message.isTruncated || isCut ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    (message.authenticData ? 0x0020 : 0) |
    (message.checkingDisabled ? 0x0010 : 0) |
    (rcode & 0xf)
  );
}

/** Writes records up to the first that passes `limit`; returns how many. */
function writeRecords(records: readonly ResourceRecord[], limit: number): number {
  for (let index = 0; index < records.length; index++) {
    const start = writer.offset;
    writeRecord(records[index] as ResourceRecord);
    if (writer.offset > limit) {
      writer.cut(start);
      return index;
    }
  }
  return records.length;
}

function writeRecord(record: ResourceRecord): void {
  const { data } = record;
  writer.name(record.name);
  writer.uint16(data.type === "unknown" ? data.code : typeCodes[data.type]);
  writer.uint16(record.class);
  writer.uint32(record.ttlSeconds);
  if (record.ttlSeconds > maxTtlSeconds)
    throw new WireError("OUT_OF_RANGE", `TTL ${record.ttlSeconds} (RFC 2181 §8)`);
  const lengthAt = writer.offset;
  writer.uint16(0);
  writeRecordData(data);
  writer.uint16At(lengthAt, writer.offset - lengthAt - 2);
}

function writeRecordData(data: RecordData): void {
  switch (data.type) {
    case "A":
      writer.ipv4(data.address);
      break;
    case "AAAA":
      writer.ipv6(data.address);
      break;
    case "NS":
    case "CNAME":
    case "PTR":
      writer.name(data.target);
      break;
    case "SRV":
      writer.uint16(data.priority);
      writer.uint16(data.weight);
      writer.uint16(data.port);
      writer.nameInFull(data.target);
      break;
    case "MX":
      writer.uint16(data.preference);
      writer.name(data.exchange);
      break;
    case "TXT":
      writeStrings(data.strings);
      break;
    case "SOA":
      writeSoa(data);
      break;
    case "unknown":
      if (data.code === typeCodes.OPT) throw new WireError("BAD_OPT", "OPT belongs into edns");
      writer.bytes(data.bytes);
  }
}

function writeStrings(strings: readonly string[]): void {
  const sizeBytes = strings.reduce((sum, text) => sum + 1 + text.length, 0);
  if (sizeBytes === 0 || sizeBytes > 0xffff) {
    throw new WireError(
      "BAD_RDATA",
      `TXT needs one string at least and 65535 octets at most, not ${sizeBytes}`,
    );
  }
  for (const text of strings) writer.characterString(text);
}

function writeSoa(data: Extract<RecordData, { type: "SOA" }>): void {
  writer.name(data.primary);
  writer.name(data.mailbox);
  writer.uint32(data.serial);
  writer.uint32(data.refreshSeconds);
  writer.uint32(data.retrySeconds);
  writer.uint32(data.expireSeconds);
  writer.uint32(data.minimumSeconds);
}

function sizeOfOpt(edns: Edns | undefined): number {
  if (edns === undefined) return 0;
  return edns.options.reduce((size, option) => size + 4 + option.data.length, 11);
}

/** RFC 6891 §6.1.2 and §6.1.3. */
function writeOpt(edns: Edns, upperRcode: number): void {
  writer.uint8(0);
  writer.uint16(typeCodes.OPT);
  writer.uint16(edns.udpPayloadSizeBytes);
  writer.uint8(upperRcode);
  writer.uint8(edns.version);
  writer.uint16(edns.isDnssecOk ? 0x8000 : 0);
  writer.uint16(sizeOfOpt(edns) - 11);
  for (const option of edns.options) {
    writer.uint16(option.code);
    writer.uint16(option.data.length);
    writer.bytes(option.data);
  }
}

function isExtendedError(option: { readonly code: number }): boolean {
  return option.code === optionCodes.EXTENDED_ERROR;
}

function withoutExtendedErrors(message: Message, edns: Edns): Message {
  const options = edns.options.filter(option => !isExtendedError(option));
  return { ...message, isTruncated: true, edns: { ...edns, options } };
}
