/** Our messages in dns2's shape and back: the values, not the octets, are what two codecs can be compared by. */

import { Packet } from "dns2";
import { addressToBytes, bytesToAddress } from "../../../src/dns/wire/address.ts";
import { extendedErrorOption, parseExtendedError } from "../../../src/dns/wire/ede.ts";
import type { Edns, Message, Question } from "../../../src/dns/wire/message.ts";
import type { Name } from "../../../src/dns/wire/name.ts";
import { type RecordData, type ResourceRecord, typeCodes } from "../../../src/dns/wire/record.ts";

/** dns2's own types have every field optional and lack some; these are the ones its codec reads and writes. */
type Fields = Record<string, unknown>;
interface Dns2Packet {
  readonly header: Record<string, number>;
  readonly questions: Fields[];
  readonly answers: Fields[];
  readonly authorities: Fields[];
  readonly additionals: Fields[];
  readonly errors: readonly Error[];
  toBuffer(): Buffer;
}

export function encodeWithDns2(message: Message): Buffer {
  const packet = new Packet() as unknown as Dns2Packet;
  Object.assign(packet.header, {
    id: message.id,
    qr: Number(message.isResponse),
    opcode: message.opcode,
    aa: Number(message.isAuthoritative),
    tc: Number(message.isTruncated),
    rd: Number(message.recursionDesired),
    ra: Number(message.recursionAvailable),
    ad: Number(message.authenticData),
    cd: Number(message.checkingDisabled),
    rcode: message.rcode,
  });
  packet.questions.push(
    ...message.questions.map(question => ({ ...question, name: question.name.join(".") })),
  );
  packet.answers.push(...message.answers.map(toDns2));
  packet.authorities.push(...message.authorities.map(toDns2));
  packet.additionals.push(...message.additionals.map(toDns2));
  if (message.edns !== undefined) packet.additionals.push(ednsToDns2(message.edns, message.rcode));
  return packet.toBuffer();
}

/** Throws what dns2 reports. */
export function decodeWithDns2(wire: Uint8Array): Message {
  const packet = Packet.parse(Buffer.from(wire)) as unknown as Dns2Packet;
  if (packet.errors.length > 0) throw packet.errors[0];
  const { header } = packet;
  const opt = packet.additionals.find(record => record.type === typeCodes.OPT);
  return {
    id: header.id as number,
    isResponse: header.qr === 1,
    opcode: header.opcode as number,
    isAuthoritative: header.aa === 1,
    isTruncated: header.tc === 1,
    recursionDesired: header.rd === 1,
    recursionAvailable: header.ra === 1,
    authenticData: header.ad === 1,
    checkingDisabled: header.cd === 1,
    rcode: header.rcode as number,
    questions: packet.questions.map(question => ({ ...question, name: toName(question.name) }) as Question),
    answers: packet.answers.map(fromDns2),
    authorities: packet.authorities.map(fromDns2),
    additionals: packet.additionals.filter(record => record !== opt).map(fromDns2),
    edns: opt && ednsFromDns2(opt),
  };
}

function toDns2({ name, class: recordClass, ttlSeconds, data }: ResourceRecord): Fields {
  const type = data.type === "unknown" ? data.code : typeCodes[data.type];
  return { name: name.join("."), type, class: recordClass, ttl: ttlSeconds, ...dataToDns2(data) };
}

function dataToDns2(data: RecordData): Fields {
  switch (data.type) {
    case "A":
    case "AAAA":
      return { address: data.address };
    case "NS":
      return { ns: data.target.join(".") };
    case "CNAME":
    case "PTR":
      return { domain: data.target.join(".") };
    case "SRV":
      return { priority: data.priority, weight: data.weight, port: data.port, target: data.target.join(".") };
    case "MX":
      return { priority: data.preference, exchange: data.exchange.join(".") };
    case "TXT":
      return { data: data.strings.map(text => Buffer.from(text, "latin1")) };
    case "SOA":
      return {
        primary: data.primary.join("."),
        admin: data.mailbox.join("."),
        serial: data.serial,
        refresh: data.refreshSeconds,
        retry: data.retrySeconds,
        expiration: data.expireSeconds,
        minimum: data.minimumSeconds,
      };
    case "unknown":
      return { data: Buffer.from(data.bytes) };
  }
}

function fromDns2(record: Fields): ResourceRecord {
  return {
    name: toName(record.name),
    class: record.class as number,
    ttlSeconds: record.ttl as number,
    data: dataFromDns2(record) as RecordData,
  };
}

function dataFromDns2(record: Fields): Fields {
  const { A, AAAA, NS, CNAME, PTR, SRV, MX, TXT, SOA } = typeCodes;
  switch (record.type) {
    case A:
      return { type: "A", address: record.address };
    case AAAA:
      // dns2 writes ::ffff:10.0.0.1 in hex.
      return { type: "AAAA", address: bytesToAddress(addressToBytes(record.address as string)) };
    case NS:
      return { type: "NS", target: toName(record.ns) };
    case CNAME:
      return { type: "CNAME", target: toName(record.domain) };
    case PTR:
      return { type: "PTR", target: toName(record.domain) };
    case SRV: {
      const { priority, weight, port, target } = record;
      return { type: "SRV", priority, weight, port, target: toName(target) };
    }
    case MX:
      return { type: "MX", preference: record.priority, exchange: toName(record.exchange) };
    case TXT:
      return { type: "TXT", strings: record.data };
    case SOA:
      return {
        type: "SOA",
        primary: toName(record.primary),
        mailbox: toName(record.admin),
        serial: record.serial,
        refreshSeconds: record.refresh,
        retrySeconds: record.retry,
        expireSeconds: record.expiration,
        minimumSeconds: record.minimum,
      };
    default:
      return { type: "unknown", code: record.type, bytes: new Uint8Array(record.data as Buffer) };
  }
}

function ednsToDns2(edns: Edns, rcode: number): Fields {
  const { version, isDnssecOk: doFlag, udpPayloadSizeBytes } = edns;
  const ttl = ((rcode >>> 4) * 0x1000000 + version * 0x10000 + (doFlag ? 0x8000 : 0)) >>> 0;
  const rdata = edns.options.map(option => {
    const error = parseExtendedError(option);
    return { ednsCode: option.code, infoCode: error?.infoCode, extraText: error?.text };
  });
  return { name: "", type: typeCodes.OPT, class: udpPayloadSizeBytes, ttl, version, doFlag, rdata };
}

function ednsFromDns2(opt: Fields): Edns {
  const options = opt.rdata as readonly { infoCode: number; extraText: string }[];
  return {
    udpPayloadSizeBytes: opt.class as number,
    version: opt.version as number,
    isDnssecOk: opt.doFlag as boolean,
    options: options.map(option => extendedErrorOption(option.infoCode, option.extraText)),
  };
}

function toName(text: unknown): Name {
  return text === "" ? [] : (text as string).split(".");
}
