/** What the chain made of a query, as octets for the client. */

import type { Failure, Outcome } from "../plugins/outcome.ts";
import type { Client } from "../plugins/query.ts";
import { replyEdns } from "../plugins/reply-edns.ts";
import { extendedErrorOption } from "../wire/ede.ts";
import { encodeMessage } from "../wire/encode.ts";
import type { Edns, EdnsOption, Message } from "../wire/message.ts";
import type { Reason } from "../zone/reason.ts";
import { extendedErrorCodeOf } from "../zone/reason.ts";

/** What goes back: nothing, a message, or several of them, which only a stream can carry. */
export type Response = Uint8Array | readonly Uint8Array[] | undefined;

/** RFC 1035 §4.2.1: what every client takes over UDP, and the least an EDNS size can mean (RFC 6891 §6.2.3). */
const minUdpSizeBytes = 512;
/** The largest UDP payload IPv4 can carry: 65535 less the IP and UDP headers. */
const maxUdpSizeBytes = 65507;
const maxStreamSizeBytes = 65535;

/** Throws WireError for records that cannot be encoded. */
export function replyBytes(query: Message, client: Client, outcome: Outcome): Response {
  switch (outcome.kind) {
    case "drop":
      return undefined;
    case "stream":
      return Array.from(outcome.messages, message =>
        encodeMessage({ ...message, id: query.id, edns: replyEdns(query.edns, []) }, maxStreamSizeBytes),
      );
    case "failure":
      return encodeFailure(query, client, outcome, optionsOf(outcome.reason));
    case "reply": {
      const told = query.edns === undefined ? [] : optionsOf(outcome.reason);
      const options = told.length === 0 ? outcome.options : [...outcome.options, ...told];
      return outcome.encode(query, options, maxReplySize(query.edns, client));
    }
  }
}

/** The EDNS options that tell a reason. */
function optionsOf(reason: Reason | undefined): readonly EdnsOption[] {
  if (reason === undefined) return [];
  return [extendedErrorOption(extendedErrorCodeOf(reason), `${reason.code}: ${reason.text}`)];
}

/** The bare code, without authority: nobody vouches for it. */
function encodeFailure(
  query: Message,
  client: Client,
  { rcode }: Failure,
  options: readonly EdnsOption[],
): Uint8Array {
  const message: Message = {
    id: query.id,
    isResponse: true,
    opcode: query.opcode,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: query.recursionDesired,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: query.checkingDisabled,
    rcode,
    questions: query.questions,
    answers: [],
    authorities: [],
    additionals: [],
    edns: replyEdns(query.edns, options),
  };
  return encodeMessage(message, maxReplySize(query.edns, client));
}

function maxReplySize(edns: Edns | undefined, client: Client): number {
  if (client.protocol !== "udp") return maxStreamSizeBytes;
  const asked = edns?.udpPayloadSizeBytes ?? minUdpSizeBytes;
  return Math.min(Math.max(asked, minUdpSizeBytes), maxUdpSizeBytes);
}
