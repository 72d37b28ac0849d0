/** What a reply says, as far as keeping it goes: RFC 2308 (denials and failures), RFC 8767 (stale replies). */

import type { Message, Question } from "../../wire/message.ts";
import { rcodes } from "../../wire/message.ts";
import { isSameName, lowerName, type Name } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { classCodes, typeCodes } from "../../wire/record.ts";

/**
 * `answer`: records in the answer section, and no denial of what they lead to. `empty`: NOERROR and nothing that says
 * why. `referral`: the name servers of a zone below. `denial`: no such name, or none of this type. `failure`: SERVFAIL
 * or NOTIMP. `other`: everything else, zone transfers among it.
 */
export type ResponseKind = "answer" | "empty" | "referral" | "denial" | "failure" | "other";

export function kindOf(message: Message, question: Question): ResponseKind {
  if (question.type === typeCodes.AXFR || question.type === typeCodes.IXFR) return "other";
  switch (message.rcode) {
    case rcodes.NOERROR:
      return kindOfSuccess(message, question);
    case rcodes.NXDOMAIN:
      return "denial";
    case rcodes.SERVFAIL:
    case rcodes.NOTIMP:
      return "failure";
    default:
      return "other";
  }
}

function kindOfSuccess(message: Message, question: Question): ResponseKind {
  const hasSoa = hasAuthority(message, "SOA");
  if (message.answers.length > 0) {
    return hasSoa && !answersQuestion(message.answers, question) ? "denial" : "answer";
  }
  if (hasSoa) return "denial";
  return hasAuthority(message, "NS") ? "referral" : "empty";
}

/**
 * Whether the reply may be given to others who ask the same. Without an SOA nobody says how long a denial holds (RFC
 * 2308 §5); aliases that lead nowhere are a denial, too.
 */
export function isCacheable(message: Message, kind: ResponseKind, question: Question): boolean {
  if (message.isTruncated) return false;
  switch (kind) {
    case "answer":
      return answersQuestion(message.answers, question);
    case "denial":
      return saysHowLong(message);
    default:
      return kind !== "other";
  }
}

/** Whether a denial has the SOA that says how long it holds: RFC 2308 §5. */
export function saysHowLong(message: Message): boolean {
  return hasAuthority(message, "SOA");
}

/** The lowest TTL of all records; undefined without any. */
export function lowestTtlSeconds({ answers, authorities, additionals }: Message): number | undefined {
  const lowest = Math.min(lowestIn(answers), lowestIn(authorities), lowestIn(additionals));
  return lowest === Infinity ? undefined : lowest;
}

function lowestIn(records: readonly ResourceRecord[]): number {
  let lowest = Infinity;
  for (const { ttlSeconds } of records) if (ttlSeconds < lowest) lowest = ttlSeconds;
  return lowest;
}

export function hasSignature(message: Message): boolean {
  return sectionsOf(message).some(records => records.some(isSignature));
}

function isSignature({ data }: ResourceRecord): boolean {
  return data.type === "unknown" && data.code === typeCodes.RRSIG;
}

function sectionsOf({ answers, authorities, additionals }: Message): readonly (readonly ResourceRecord[])[] {
  return [answers, authorities, additionals];
}

/** Whether a signature in the reply is not valid at that time, in seconds since 1970 (RFC 4034 §3.1.5). */
export function hasExpiredSignature(message: Message, atSeconds: number): boolean {
  const isExpired = ({ data }: ResourceRecord): boolean => {
    if (data.type !== "unknown" || data.code !== typeCodes.RRSIG || data.bytes.length < 16) return false;
    const fields = new DataView(data.bytes.buffer, data.bytes.byteOffset);
    // Serial numbers of 32 bits (RFC 1982).
    const isPast = ((fields.getUint32(8) - atSeconds) | 0) < 0;
    const isFuture = ((atSeconds - fields.getUint32(12)) | 0) < 0;
    return isPast || isFuture;
  };
  return sectionsOf(message).some(records => records.some(isExpired));
}

function hasAuthority({ authorities }: Message, type: "SOA" | "NS"): boolean {
  return authorities.some(({ data }) => data.type === type);
}

/** RFC 1034 §3.6.2: there is a record of the type asked for, where the aliases lead from the name asked for. */
function answersQuestion(answers: readonly ResourceRecord[], question: Question): boolean {
  const isOfClass = (record: ResourceRecord): boolean =>
    question.class === classCodes.ANY || record.class === question.class;
  const isAnswer = (record: ResourceRecord, owner: Name): boolean =>
    (question.type === typeCodes.ANY || typeOf(record) === question.type) &&
    isOfClass(record) &&
    isSameName(record.name, owner);
  if (answers.some(record => isAnswer(record, question.name))) return true;
  const target = lastTarget(answers.filter(isOfClass), question.name);
  return target !== undefined && answers.some(record => isAnswer(record, target));
}

/** Where CNAME records lead to from a name; undefined when they go round in a circle or two ways at once. */
function lastTarget(answers: readonly ResourceRecord[], start: Name): Name | undefined {
  const targets = new Map<string, Name>();
  for (const { name, data } of answers) {
    if (data.type !== "CNAME") continue;
    const known = targets.get(nameKey(name));
    if (known !== undefined && !isSameName(known, data.target)) return undefined;
    targets.set(nameKey(name), data.target);
  }
  let name = start;
  for (let steps = 0; steps <= targets.size; steps++) {
    const target = targets.get(nameKey(name));
    if (target === undefined) return name;
    name = target;
  }
  return undefined;
}

function nameKey(name: Name): string {
  return nameText(lowerName(name));
}

/** A text of its own for each name: the labels as they stand on the wire. */
export function nameText(name: Name): string {
  let text = "";
  for (const label of name) text += String.fromCharCode(label.length) + label;
  return text;
}

function typeOf({ data }: ResourceRecord): number {
  return data.type === "unknown" ? data.code : typeCodes[data.type];
}
