/** A recursive resolver that is never slow: every name has one address, and nothing else. */

import { headerSizeBytes } from "../../../src/dns/wire/message.ts";
import { typeCodes } from "../../../src/dns/wire/record.ts";
import { serveBare } from "./bare-listener.ts";

const typeAndClassBytes = 4;
/** RFC 1035 §4.1.1: QR, RD and RA. */
const responseFlags = Buffer.of(0x81, 0x80);
/** The name of the question (RFC 1035 §4.1.4), type A, class IN, five minutes, 192.0.2.1. */
const record = Buffer.from("c00c000100010000012c0004c0000201", "hex");

await serveBare((query, start, end, out, outStart) => {
  const questionEnd = endOfName(query, start + headerSizeBytes) + typeAndClassBytes;
  if (questionEnd > end) return 0;
  const isAddress = query.readUInt16BE(questionEnd - typeAndClassBytes) === typeCodes.A;
  query.copy(out, outStart, start, questionEnd);
  responseFlags.copy(out, outStart + 2);
  out.writeUInt16BE(isAddress ? 1 : 0, outStart + 6);
  // Without the OPT record of the query.
  out.writeUInt32BE(0, outStart + 8);
  const answerAt = outStart + questionEnd - start;
  if (isAddress) record.copy(out, answerAt);
  return answerAt - outStart + (isAddress ? record.length : 0);
});

function endOfName(octets: Buffer, start: number): number {
  let at = start;
  while ((octets[at] ?? 0) !== 0) at += 1 + (octets[at] as number);
  return at + 1;
}
