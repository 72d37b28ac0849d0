/**
 * Record data from its text. Types the server looks into become their fields; the others become octets, by the layouts
 * below or from RFC 3597's `\# LENGTH HEX`, which any type may use.
 *
 * | types                              | text form                                       |
 * |------------------------------------|-------------------------------------------------|
 * | A NS CNAME SOA PTR HINFO MX MINFO TXT | RFC 1035 §3.3, §3.4                          |
 * | AAAA SRV NAPTR DNAME RP AFSDB RT KX   | RFC 3596, 2782, 3403, 6672, 1183, 2230       |
 * | DS RRSIG NSEC DNSKEY CDS CDNSKEY      | RFC 4034, 7344                               |
 * | NSEC3 NSEC3PARAM                      | RFC 5155                                     |
 * | SSHFP TLSA SMIMEA OPENPGPKEY ZONEMD   | RFC 4255, 6698, 8162, 7929, 8976             |
 * | SVCB HTTPS                            | RFC 9460                                     |
 * | SPF URI CAA                           | RFC 7208 (as TXT), 7553, 8659                |
 */

import { decodeMessage } from "../wire/decode.ts";
import { encodeMessage } from "../wire/encode.ts";
import { type Message, rcodes } from "../wire/message.ts";
import { classCodes, type RecordData, typeCodes } from "../wire/record.ts";
import { WireError } from "../wire/wire-error.ts";
import { type FieldKind, fieldReaders } from "./octet-fields.ts";
import { bytesOfDigits, type RecordFields } from "./record-fields.ts";
import { ZoneTextError } from "./zone-text-error.ts";
import type { ZoneWord } from "./zone-words.ts";

/** Reads all fields that are left. `type` is the word that names the type `code`. Throws ZoneTextError. */
export function readRecordData(code: number, type: ZoneWord, fields: RecordFields): RecordData {
  const first = fields.peek();
  const data =
    first?.text === "\\#" && !first.isQuoted
      ? readGeneric(code, fields)
      : (readStructured(code, fields) ?? readOctets(code, type, fields));
  fields.end();
  return data;
}

/** Undefined for types that are kept as octets. */
function readStructured(code: number, fields: RecordFields): RecordData | undefined {
  switch (code) {
    case typeCodes.A:
      return { type: "A", address: fields.address("IPv4") };
    case typeCodes.AAAA:
      return { type: "AAAA", address: fields.address("IPv6") };
    case typeCodes.NS:
      return { type: "NS", target: fields.name("a name server's name") };
    case typeCodes.CNAME:
      return { type: "CNAME", target: fields.name("a target") };
    case typeCodes.PTR:
      return { type: "PTR", target: fields.name("a target") };
    case typeCodes.MX:
      return {
        type: "MX",
        preference: fields.integer("preference", 0xffff),
        exchange: fields.name("a mail server's name"),
      };
    case typeCodes.SRV:
      return {
        type: "SRV",
        priority: fields.integer("priority", 0xffff),
        weight: fields.integer("weight", 0xffff),
        port: fields.integer("port", 0xffff),
        target: fields.name("a target"),
      };
    case typeCodes.TXT:
      return { type: "TXT", strings: fields.strings() };
    case typeCodes.SOA:
      return readStartOfAuthority(fields);
    default:
      return undefined;
  }
}

function readStartOfAuthority(fields: RecordFields): RecordData {
  return {
    type: "SOA",
    primary: fields.name("the primary server's name"),
    mailbox: fields.name("the mailbox of who is responsible"),
    serial: fields.integer("serial", 0xffff_ffff),
    refreshSeconds: fields.seconds("refresh time"),
    retrySeconds: fields.seconds("retry time"),
    expireSeconds: fields.seconds("expiry time"),
    minimumSeconds: fields.seconds("minimum TTL"),
  };
}

const layouts: { readonly [code: number]: readonly FieldKind[] } = {
  [typeCodes.HINFO]: ["string", "string"],
  14: ["name", "name"], // MINFO
  17: ["name", "name"], // RP
  18: ["uint16", "name"], // AFSDB
  21: ["uint16", "name"], // RT
  [typeCodes.NAPTR]: ["uint16", "uint16", "string", "string", "string", "name"],
  36: ["uint16", "name"], // KX
  [typeCodes.DNAME]: ["name"],
  [typeCodes.DS]: ["uint16", "algorithm", "uint8", "hex"],
  [typeCodes.SSHFP]: ["uint8", "uint8", "hex"],
  [typeCodes.RRSIG]: ["type", "algorithm", "uint8", "seconds", "time", "time", "uint16", "name", "base64"],
  [typeCodes.NSEC]: ["name", "types"],
  [typeCodes.DNSKEY]: ["uint16", "uint8", "algorithm", "base64"],
  [typeCodes.NSEC3]: ["uint8", "uint8", "uint16", "salt", "base32", "types"],
  [typeCodes.NSEC3PARAM]: ["uint8", "uint8", "uint16", "salt"],
  [typeCodes.TLSA]: ["uint8", "uint8", "uint8", "hex"],
  53: ["uint8", "uint8", "uint8", "hex"], // SMIMEA
  59: ["uint16", "algorithm", "uint8", "hex"], // CDS
  60: ["uint16", "uint8", "algorithm", "base64"], // CDNSKEY
  61: ["base64"], // OPENPGPKEY
  63: ["uint32", "uint8", "uint8", "hex"], // ZONEMD
  [typeCodes.SVCB]: ["uint16", "name", "parameters"],
  [typeCodes.HTTPS]: ["uint16", "name", "parameters"],
  [typeCodes.SPF]: ["strings"],
  [typeCodes.URI]: ["uint16", "uint16", "text"],
  [typeCodes.CAA]: ["uint8", "string", "text"],
};

function readOctets(code: number, type: ZoneWord, fields: RecordFields): RecordData {
  const layout = layouts[code];
  if (layout === undefined) {
    throw new ZoneTextError(
      type.at,
      `${type.text} has no text form here`,
      `write its octets: ${type.text} \\# LENGTH HEX`,
    );
  }
  const parts = layout.map(kind => fieldReaders[kind](fields));
  return { type: "unknown", code, bytes: new Uint8Array(Buffer.concat(parts)) };
}

/** RFC 3597 §5: `\#`, a count of octets, and as many in hexadecimal, with blanks anywhere. */
function readGeneric(code: number, fields: RecordFields): RecordData {
  const marker = fields.word("\\#");
  const length = fields.integer("length", 0xffff);
  const text = fields
    .rest()
    .map(word => word.text)
    .join("");
  const bytes = bytesOfDigits(text, "hex", marker.at);
  if (bytes.length !== length) {
    throw new ZoneTextError(marker.at, `${bytes.length} octets follow, not ${length}`, "correct the length");
  }
  const data: RecordData = { type: "unknown", code, bytes: new Uint8Array(bytes) };
  try {
    return typesWithFields.has(code) ? withFields(data) : data;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ZoneTextError(marker.at, "the octets do not have the form of this type", "correct them");
  }
}

const typesWithFields = new Set(
  (["A", "AAAA", "NS", "CNAME", "PTR", "MX", "SRV", "TXT", "SOA"] as const).map(
    word => typeCodes[word] as number,
  ),
);

/** The same data as fields: through the wire, where they are octets anyway. */
function withFields(data: RecordData): RecordData {
  const record = { name: [], class: classCodes.IN, ttlSeconds: 0, data };
  const { answers } = decodeMessage(encodeMessage({ ...emptyMessage, answers: [record] }, 0xffff));
  return answers[0]?.data ?? data;
}

const emptyMessage: Message = {
  id: 0,
  isResponse: true,
  opcode: 0,
  isAuthoritative: false,
  isTruncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: rcodes.NOERROR,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  edns: undefined,
};
