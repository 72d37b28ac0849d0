/** Records of a zone → the messages of its transfer: RFC 5936 §2.2. */

import type { Message } from "../../wire/message.ts";
import { octetsOf } from "../../wire/name.ts";
import type { RecordData, ResourceRecord } from "../../wire/record.ts";
import { replyTo } from "../records-reply.ts";

/** CoreDNS's limit; leaves room for what the server adds. */
const maxSizeBytes = 63_000;
/** Type, class, TTL and length of the data: RFC 1035 §3.2.1. */
const fixedSizeBytes = 10;

/** As many records in each message as fit, counted without compression. Made one by one, as the client takes them. */
export function* transferMessages(query: Message, records: readonly ResourceRecord[]): Generator<Message> {
  let start = 0;
  let sizeBytes = 0;
  for (const [index, record] of records.entries()) {
    const recordBytes = octetsOf(record.name) + fixedSizeBytes + sizeOfData(record.data);
    if (sizeBytes + recordBytes > maxSizeBytes && index > start) {
      yield messageOf(query, records.slice(start, index));
      start = index;
      sizeBytes = 0;
    }
    sizeBytes += recordBytes;
  }
  yield messageOf(query, records.slice(start));
}

function messageOf(query: Message, answers: readonly ResourceRecord[]): Message {
  return replyTo(query, { plugin: "transfer", answers }).message;
}

function sizeOfData(data: RecordData): number {
  switch (data.type) {
    case "A":
      return 4;
    case "AAAA":
      return 16;
    case "NS":
    case "CNAME":
    case "PTR":
      return octetsOf(data.target);
    case "MX":
      return 2 + octetsOf(data.exchange);
    case "SRV":
      return 6 + octetsOf(data.target);
    case "TXT":
      return data.strings.reduce((sum, text) => sum + 1 + text.length, 0);
    case "SOA":
      return octetsOf(data.primary) + octetsOf(data.mailbox) + 20;
    case "unknown":
      return data.bytes.length;
  }
}
