/** Does a message answer the query that was sent? RFC 1035 §4.1, RFC 5452 §9.1; letter case: draft-vixie-dnsext-dns0x20. */

import { headerSizeBytes, rcodes } from "../../wire/message.ts";
import { randomUint16 } from "./query-id.ts";

/** `foreign`: a reply to something else, or none at all. `bare`: an error without the question it is about. */
export type ReplyMatch = "exact" | "other-case" | "bare" | "foreign";

/** Offset behind the question of a query; a query has one, not compressed, or none. */
export function endOfQuestion(query: Uint8Array): number {
  if (query[4] === 0 && query[5] === 0) return headerSizeBytes;
  let offset = headerSizeBytes;
  while (offset < query.length && query[offset] !== 0) offset += 1 + (query[offset] as number);
  return Math.min(offset + 5, query.length);
}

/** Gives each letter of the question's name a case at random. */
export function mixCase(query: Uint8Array, questionEnd: number): void {
  let bits = 0;
  for (let offset = headerSizeBytes; offset < questionEnd - 4; offset++) {
    // Length octets are below 64, so none of them looks like a letter.
    if (!isLetter(query[offset] as number)) continue;
    // The highest bit marks how many of the sixteen are left.
    if (bits <= 1) bits = randomUint16() | 0x10000;
    if ((bits & 1) !== 0) query[offset] = (query[offset] as number) ^ 0x20;
    bits >>>= 1;
  }
}

/** Compares id, QR and question of a message with the query as it was sent. */
export function matchReply(reply: Uint8Array, sent: Uint8Array, questionEnd: number): ReplyMatch {
  if (reply.length < headerSizeBytes || reply[0] !== sent[0] || reply[1] !== sent[1]) return "foreign";
  if (((reply[2] as number) & 0x80) === 0) return "foreign";
  if (reply[4] !== sent[4] || reply[5] !== sent[5]) return isBareError(reply) ? "bare" : "foreign";
  if (reply.length < questionEnd) return "foreign";
  const nameEnd = questionEnd - 4;
  let match: ReplyMatch = "exact";
  for (let offset = headerSizeBytes; offset < questionEnd; offset++) {
    const octet = reply[offset] as number;
    const difference = octet ^ (sent[offset] as number);
    if (difference === 0) continue;
    if (difference !== 0x20 || offset >= nameEnd || !isLetter(octet)) return "foreign";
    match = "other-case";
  }
  return match;
}

/**
 * The reply as the asker wants to see it: its id, its question letter for letter. Changes `reply` in place where the
 * length stays; a bare error gets the question it lacks and loses what else it may have.
 */
export function restoreReply(
  reply: Uint8Array,
  match: ReplyMatch,
  query: Uint8Array,
  questionEnd: number,
): Uint8Array {
  let restored = reply;
  if (match === "bare") {
    restored = new Uint8Array(questionEnd);
    restored.set(reply.subarray(0, 4));
    restored.set(query.subarray(4, 6), 4);
  }
  restored[0] = query[0] as number;
  restored[1] = query[1] as number;
  for (let offset = headerSizeBytes; offset < questionEnd; offset++)
    restored[offset] = query[offset] as number;
  return restored;
}

/** Some servers leave the question out when they cannot or will not read it. */
function isBareError(reply: Uint8Array): boolean {
  const rcode = (reply[3] as number) & 0xf;
  const isWithoutQuestion = reply[4] === 0 && reply[5] === 0;
  const isWithoutAnswer = reply[6] === 0 && reply[7] === 0;
  return isWithoutQuestion && isWithoutAnswer && rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN;
}

function isLetter(octet: number): boolean {
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
