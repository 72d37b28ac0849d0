import type { Message } from "../../../src/dns/wire/message.ts";
import { parseName } from "../../../src/dns/wire/name.ts";
import type { RecordData, ResourceRecord } from "../../../src/dns/wire/record.ts";

/** A query without questions; tests spread it and say what differs. */
export const emptyMessage: Message = {
  id: 0,
  isResponse: false,
  opcode: 0,
  isAuthoritative: false,
  isTruncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  edns: undefined,
};

export const plainEdns = { udpPayloadSizeBytes: 1232, version: 0, isDnssecOk: false, options: [] };

export function record(name: string, data: RecordData, ttlSeconds = 5): ResourceRecord {
  return { name: parseName(name), class: 1, ttlSeconds, data };
}
