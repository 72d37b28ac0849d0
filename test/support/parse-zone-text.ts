/** The other way of `zone-text.ts`: lines of a zone file to records, for the types tests answer with. */

import { parseName } from "../../src/dns/wire/name.ts";
import { classCodes, type RecordData, type ResourceRecord } from "../../src/dns/wire/record.ts";

/** One record a line, all five parts written out: `www.example.org. 300 IN A 192.0.2.1`. Empty lines are skipped. */
export function parseZoneText(text: string): ResourceRecord[] {
  return text
    .split("\n")
    .map(line => line.trim())
    .filter(line => line !== "")
    .map(parseRecord);
}

function parseRecord(line: string): ResourceRecord {
  const [name = "", ttl = "", className = "", type = "", ...fields] = line.match(/"[^"]*"|\S+/g) ?? [];
  const classCode = (classCodes as Readonly<Record<string, number>>)[className];
  if (classCode === undefined || !/^\d+$/.test(ttl)) throw new Error(`not NAME TTL CLASS TYPE DATA: ${line}`);
  return {
    name: parseName(name),
    class: classCode,
    ttlSeconds: Number(ttl),
    data: parseData(type, fields),
  };
}

function parseData(type: string, fields: readonly string[]): RecordData {
  const [first = "", second = ""] = fields;
  const number = (index: number): number => Number(fields[index]);
  switch (type) {
    case "A":
    case "AAAA":
      return { type, address: first };
    case "NS":
    case "CNAME":
    case "PTR":
      return { type, target: parseName(first) };
    case "MX":
      return { type, preference: number(0), exchange: parseName(second) };
    case "TXT":
      return { type, strings: fields.map(field => field.replace(/^"(.*)"$/, "$1")) };
    case "SRV":
      return {
        type,
        priority: number(0),
        weight: number(1),
        port: number(2),
        target: parseName(fields[3] ?? ""),
      };
    case "SOA":
      return {
        type,
        primary: parseName(first),
        mailbox: parseName(second),
        serial: number(2),
        refreshSeconds: number(3),
        retrySeconds: number(4),
        expireSeconds: number(5),
        minimumSeconds: number(6),
      };
    default:
      throw new Error(`no reader for records of type ${type}`);
  }
}
