/**
 * Query bytes → reply bytes: everything a listener needs to know of DNS.
 *
 * RFC 1035 §4.1.1 and §7.3 (what is acceptable), RFC 6891 (EDNS), RFC 8914 (reasons on the wire). Where the RFCs
 * leave a choice it is CoreDNS's, which takes it from the Go DNS library: clients in clusters are used to it. Client
 * options are not echoed, which CoreDNS does: an echoed COOKIE is an error to clients that check (RFC 7873 §5.3).
 */

import type { Logger } from "pino";
import { shuffleAddresses } from "../plugins/shuffle-addresses.ts";

import { decodeHeader, decodeMessage } from "../wire/decode.ts";
import { extendedErrorOption } from "../wire/ede.ts";
import { encodeMessage } from "../wire/encode.ts";
import type { Edns, Header, Message, Question } from "../wire/message.ts";
import { opcodes, rcodes } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { formatName } from "../wire/name.ts";
import { classCodes } from "../wire/record.ts";
import { WireError } from "../wire/wire-error.ts";
import type { ZoneAnswer } from "../zone/kubernetes-zone.ts";
import type { Reason } from "../zone/reason.ts";
import { because, extendedErrorCodeOf } from "../zone/reason.ts";

/** How a query came; `family` is that of the client's address. */
export interface Client {
  readonly protocol: "udp" | "tcp";
  readonly family: "IPv4" | "IPv6";
}

/** One query and its reply, for metrics and logs. */
export interface Exchange {
  readonly client: Client;
  /** Undefined when the query could not be read. */
  readonly question: Question | undefined;
  /** The zone that answered; undefined when none did. */
  readonly zone: Name | undefined;
  readonly rcode: number;
  readonly reason: Reason | undefined;
  readonly isDnssecOk: boolean;
  readonly requestSizeBytes: number;
  readonly responseSizeBytes: number;
  readonly durationMs: number;
}

export interface ResponderOptions {
  /** What this server answers for, in words, for those who ask for something else. */
  readonly served: string;
  /** The answer to a question of class IN; undefined for a name this server does not serve. */
  readonly answer: (question: Question) => ZoneAnswer | undefined;
  readonly onExchange: (exchange: Exchange) => void;
  /** Hears what went wrong inside the server; the client gets SERVFAIL. */
  readonly onFault: () => void;
  readonly log: Logger;
}

/** Makes the reply to one query; undefined means that no reply is due. Never throws. The reply is the caller's. */
export type Respond = (query: Uint8Array, client: Client) => Uint8Array | undefined;

/** RFC 1035 §4.2.1: what every client takes over UDP, and the least an EDNS size can mean (RFC 6891 §6.2.3). */
const minUdpSizeBytes = 512;
/** The largest UDP payload IPv4 can carry: 65535 less the IP and UDP headers. */
const maxUdpSizeBytes = 65507;
const maxTcpSizeBytes = 65535;

export function createResponder(options: ResponderOptions): Respond {
  return (bytes, client) => {
    const startedAtMs = performance.now();
    const reply = replyTo(options, bytes, client);
    if (reply !== undefined) tell(options, bytes, client, reply, performance.now() - startedAtMs);
    return reply?.bytes;
  };
}

/** Who counts and logs must not cost the client its answer. */
function tell(
  { onExchange, onFault, log }: ResponderOptions,
  query: Uint8Array,
  client: Client,
  reply: Reply,
  durationMs: number,
): void {
  const { question, zone, rcode, reason, edns, bytes } = reply;
  try {
    onExchange({
      client,
      question,
      zone,
      rcode,
      reason,
      isDnssecOk: edns?.isDnssecOk === true,
      requestSizeBytes: query.length,
      responseSizeBytes: bytes.length,
      durationMs,
    });
  } catch (error) {
    onFault();
    log.error({ err: error }, "counting a query failed");
  }
}

/** No zone's answer: only why there is none. */
interface Failure {
  readonly rcode: number;
  readonly reason?: Reason;
}

interface Reply {
  readonly bytes: Uint8Array;
  readonly question: Question | undefined;
  readonly zone: Name | undefined;
  readonly rcode: number;
  readonly reason: Reason | undefined;
  readonly edns: Edns | undefined;
}

function replyTo(options: ResponderOptions, bytes: Uint8Array, client: Client): Reply | undefined {
  // Too short to hold an id to reply to; or itself a reply, and answering those is how loops between servers start.
  const header = bytes.length < 12 ? undefined : decodeHeader(bytes);
  if (header === undefined || header.isResponse) return undefined;
  if (header.opcode !== opcodes.QUERY && header.opcode !== opcodes.NOTIFY) {
    return bareReply(header, rcodes.NOTIMP);
  }
  if (!hasAcceptableCounts(header)) return bareReply(header, rcodes.FORMERR);
  const query = decodeOrUndefined(bytes);
  const question = query?.questions[0];
  if (query === undefined || question === undefined) return bareReply(header, rcodes.FORMERR);
  try {
    return replyToQuestion(options, query, question, client);
  } catch (error) {
    options.onFault();
    options.log.error(
      { err: error, name: formatName(question.name), type: question.type },
      "answering failed",
    );
    return assemble(query, question, client, { rcode: rcodes.SERVFAIL });
  }
}

/** One question and no more of the rest than a query can mean: a SOA for IXFR or NOTIFY, OPT and TSIG. */
function hasAcceptableCounts(header: Header): boolean {
  return (
    header.questionCount === 1 &&
    header.answerCount <= 1 &&
    header.authorityCount <= 1 &&
    header.additionalCount <= 2
  );
}

function decodeOrUndefined(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function replyToQuestion(
  options: ResponderOptions,
  query: Message,
  question: Question,
  client: Client,
): Reply {
  if (query.edns !== undefined && query.edns.version !== 0) {
    return assemble(query, question, client, { rcode: rcodes.BADVERS });
  }
  // NOTIFY asks a secondary to fetch the zone again (RFC 1996); this server is nobody's secondary.
  const isServed = query.opcode === opcodes.QUERY && question.class === classCodes.IN;
  const answer = isServed ? options.answer(question) : undefined;
  return assemble(query, question, client, answer ?? refusal(options.served));
}

function refusal(served: string): Failure {
  return {
    rcode: rcodes.REFUSED,
    reason: because("zone-not-served", `this server answers for ${served} only`),
  };
}

/** A reply without sections, for a query whose body is not to be trusted. */
function bareReply(header: Header, rcode: number): Reply {
  const bytes = encodeMessage({ ...header, ...replyFlags, rcode, ...noSections }, 512);
  return { bytes, question: undefined, zone: undefined, rcode, reason: undefined, edns: undefined };
}

const replyFlags = {
  isResponse: true,
  isAuthoritative: false,
  isTruncated: false,
  recursionAvailable: false,
  authenticData: false,
} as const;

const noSections = {
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  edns: undefined,
} as const;

function assemble(query: Message, question: Question, client: Client, answer: ZoneAnswer | Failure): Reply {
  const zoneAnswer = "zone" in answer ? answer : undefined;
  const message: Message = {
    ...replyFlags,
    id: query.id,
    opcode: query.opcode,
    // A refusal says nothing with authority; everything else comes from the zone itself.
    isAuthoritative: zoneAnswer !== undefined && answer.rcode !== rcodes.REFUSED,
    recursionDesired: query.recursionDesired,
    checkingDisabled: query.checkingDisabled,
    rcode: answer.rcode,
    questions: query.questions,
    answers: shuffleAddresses(zoneAnswer?.answers ?? []),
    authorities: zoneAnswer?.authorities ?? [],
    additionals: shuffleAddresses(zoneAnswer?.additionals ?? []),
    edns: replyEdns(query.edns, answer.reason),
  };
  const bytes = encodeMessage(message, maxReplySize(query.edns, client));
  const { rcode, reason } = answer;
  return { bytes, question, zone: zoneAnswer?.zone, rcode, reason, edns: query.edns };
}

/** RFC 6891 §6.1.1: an OPT record exactly when the query had one. */
function replyEdns(asked: Edns | undefined, reason: Reason | undefined): Edns | undefined {
  if (asked === undefined) return undefined;
  const options =
    reason === undefined
      ? []
      : [extendedErrorOption(extendedErrorCodeOf(reason), `${reason.code}: ${reason.text}`)];
  return {
    udpPayloadSizeBytes: asked.udpPayloadSizeBytes,
    version: 0,
    isDnssecOk: asked.isDnssecOk,
    options,
  };
}

function maxReplySize(edns: Edns | undefined, client: Client): number {
  if (client.protocol === "tcp") return maxTcpSizeBytes;
  const asked = edns?.udpPayloadSizeBytes ?? minUdpSizeBytes;
  return Math.min(Math.max(asked, minUdpSizeBytes), maxUdpSizeBytes);
}
