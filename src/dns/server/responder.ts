/**
 * Query bytes → reply bytes: everything a listener needs to know of DNS.
 *
 * RFC 1035 §4.1.1 and §7.3 (what is acceptable), RFC 6891 (EDNS), RFC 8914 (reasons on the wire). Where the RFCs
 * leave a choice it is CoreDNS's, which takes it from the Go DNS library: clients in clusters are used to it. Client
 * options are not echoed, which CoreDNS does: an echoed COOKIE is an error to clients that check (RFC 7873 §5.3).
 */

import type { Outcome } from "../plugins/outcome.ts";
import { failure } from "../plugins/outcome.ts";
import type { Exchange } from "../plugins/plugin.ts";
import { Provenance } from "../plugins/provenance.ts";
import type { Client, Query } from "../plugins/query.ts";
import { decodeMessage } from "../wire/decode.ts";
import type { Message, Question } from "../wire/message.ts";
import { headerSizeBytes, opcodes, rcodes } from "../wire/message.ts";
import { uint16At } from "../wire/message-layout.ts";
import { formatName, lowerName } from "../wire/name.ts";
import { WireError } from "../wire/wire-error.ts";
import type { Reason } from "../zone/reason.ts";
import { because } from "../zone/reason.ts";
import type { AnswerShortcut } from "./answer-shortcut.ts";
import type { DropHooks, Received } from "./drop-query.ts";
import { drop, dropHeader } from "./drop-query.ts";
import type { Response } from "./reply-bytes.ts";
import { replyBytes } from "./reply-bytes.ts";
import type { Router, Site } from "./router.ts";
import { takesClass } from "./router.ts";
import { tellListeners } from "./tell-listeners.ts";

/**
 * Makes the response to one query, at once where it can. Never throws and never rejects. The query's bytes are not
 * kept; the response is the caller's.
 */
export type Respond = (query: Uint8Array, client: Client) => Response | Promise<Response>;

export interface ResponderOptions extends DropHooks {
  /** The choice of server block; another one from one query to the next when the configuration changes. */
  readonly router: () => Router;
  /** The `server` label of metrics, such as `dns://:53`. */
  readonly server: string;
  /** What is answered here and may be asked again is left to it. */
  readonly shortcut?: AnswerShortcut | undefined;
}

type Arrived = Received & { readonly hooks: ResponderOptions };

/** RFC 1035 §4.1.1: QR, in octet 2. */
const isResponseBit = 0x80;

/** Questions that lead to questions (a CNAME out of one zone into another, and so on) end here. */
const maxLookupDepth = 10;

export function createResponder(options: ResponderOptions): Respond {
  return (bytes, client) => {
    const startedAtMs = performance.now();
    // Too short to hold an id to reply to; or itself a reply, and answering those is how loops between servers start.
    if (bytes.length < headerSizeBytes || ((bytes[2] as number) & isResponseBit) !== 0) return undefined;
    const received: Arrived = { hooks: options, client, startedAtMs, requestSizeBytes: bytes.length };
    const opcode = ((bytes[2] as number) >>> 3) & 0xf;
    if (opcode !== opcodes.QUERY && opcode !== opcodes.NOTIFY)
      return dropHeader(received, bytes, rcodes.NOTIMP);
    const message = hasAcceptableCounts(bytes) ? decodeOrUndefined(bytes) : undefined;
    const question = message?.questions[0];
    if (message === undefined || question === undefined) return dropHeader(received, bytes, rcodes.FORMERR);
    if (message.edns !== undefined && message.edns.version !== 0) {
      return drop(received, message, rcodes.BADVERS);
    }
    return respondTo(received, bytes, message, question);
  };
}

function respondTo(
  received: Arrived,
  bytes: Uint8Array,
  message: Message,
  question: Question,
): Response | Promise<Response> {
  const { hooks: options, client } = received;
  const router = options.router();
  const name = lowerName(question.name);
  // NOTIFY asks a secondary to fetch the zone again (RFC 1996); this server is nobody's secondary.
  const site = message.opcode === opcodes.QUERY ? router.siteFor(name, question.type) : undefined;
  if (site === undefined || !takesClass(site, question.class)) {
    return drop(received, message, rcodes.REFUSED, notServed(router));
  }
  const isWanted =
    site.answersAlike && client.protocol === "udp" && options.shortcut?.isWanted(bytes) === true;
  const provenance = isWanted ? new Provenance() : undefined;
  const query = queryFor(received, router, site, { message, question, name, depth: 0, provenance });
  const outcome = ask(options, site, query);
  if (!(outcome instanceof Promise)) return finish(received, site, query, outcome, bytes);
  const finishLate = (late: Outcome): Response => {
    site.work.end();
    // What comes later may be made of yesterday's cluster, and the query's octets are gone.
    return finish(received, site, query, late, undefined);
  };
  site.work.begin();
  return outcome.then(finishLate, error => finishLate(fault(options, query, error)));
}

function notServed({ zonesText }: Router): Reason {
  return because("zone-not-served", `this server answers for ${zonesText} only`);
}

interface Asked extends Pick<Query, "message" | "question" | "name" | "provenance"> {
  /** How many questions have led to this one. */
  readonly depth: number;
}

function queryFor(received: Arrived, router: Router, site: Site, asked: Asked): Query {
  const { hooks: options, client } = received;
  const { message, question, name, provenance, depth } = asked;
  return {
    message,
    question,
    name,
    client,
    zone: site.zone,
    zoneText: site.zoneText,
    server: options.server,
    metadata: site.collectsMetadata ? new Map() : undefined,
    provenance,
    lookup(next) {
      // Other plugins, maybe of another block, have a say in it.
      provenance?.isForThisQueryOnly();
      const nextName = lowerName(next.name);
      const nextSite = router.siteFor(nextName, next.type);
      if (depth >= maxLookupDepth) return failure(rcodes.SERVFAIL, "questions lead to questions without end");
      if (nextSite === undefined) return failure(rcodes.REFUSED);
      const nextMessage = { ...message, questions: [next] };
      const nextAsked = { message: nextMessage, question: next, name: nextName, depth: depth + 1 };
      const nextQuery = queryFor(received, router, nextSite, nextAsked);
      const outcome = ask(options, nextSite, nextQuery);
      if (!(outcome instanceof Promise)) return outcome;
      nextSite.work.add(outcome);
      return outcome.catch(error => fault(options, nextQuery, error));
    },
  };
}

/** The chain's outcome, which may reject with what a plugin throws. */
function ask(options: ResponderOptions, site: Site, query: Query): Outcome | Promise<Outcome> {
  try {
    return site.block.handle(query);
  } catch (error) {
    return fault(options, query, error);
  }
}

/** What a plugin throws is SERVFAIL to the client and a fault in the log. */
function fault(options: ResponderOptions, { question }: Query, error: unknown): Outcome {
  options.onFault();
  const { name, type } = question;
  options.log.error({ err: error, name: formatName(name), type }, "answering failed");
  return failure(rcodes.SERVFAIL);
}

/** `bytes` is the query, while it is there. */
function finish(
  received: Arrived,
  site: Site,
  query: Query,
  outcome: Outcome,
  bytes: Uint8Array | undefined,
): Response {
  const response = bytes === undefined ? undefined : prepareResponse(received, site, query, outcome, bytes);
  if (response !== undefined) return tellSent(received, site, query, outcome, response);
  const isToShuffle = query.provenance?.isShuffled === true && outcome.kind === "reply";
  const said = isToShuffle ? outcome.shuffled(Math.random) : outcome;
  return tellSent(received, site, query, said, encodeOutcome(received, query.message, said));
}

/** The response, when it was kept to be sent again. */
function prepareResponse(
  received: Arrived,
  site: Site,
  query: Query,
  outcome: Outcome,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const { provenance } = query;
  if (provenance?.isRepeatable !== true || outcome.kind !== "reply") return undefined;
  try {
    const response = replyBytes(query.message, received.client, outcome) as Uint8Array;
    const exchange = { ...exchangeOf(received, query, outcome, response), outcome, response };
    return received.hooks.shortcut?.prepare(bytes, site, exchange, provenance);
  } catch (error) {
    // What cannot be encoded is told of when it is encoded for the client alone.
    if (!(error instanceof WireError)) {
      received.hooks.onFault();
      received.hooks.log.error({ err: error }, "preparing a reply failed");
    }
    return undefined;
  }
}

function tellSent(
  received: Arrived,
  site: Site,
  query: Query,
  outcome: Outcome,
  response: Response,
): Response {
  const first = response instanceof Uint8Array ? response : response?.[0];
  const exchange = exchangeOf(received, query, outcome, first);
  tellListeners(site.listeners, exchange, received.hooks);
  return response;
}

function exchangeOf(
  { requestSizeBytes, startedAtMs }: Arrived,
  query: Query,
  outcome: Outcome,
  response: Uint8Array | undefined,
): Exchange {
  const durationMs = performance.now() - startedAtMs;
  return { query, outcome, rcode: rcodeOf(outcome), requestSizeBytes, response, durationMs };
}

function rcodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "reply":
    case "failure":
      return outcome.rcode;
    default:
      return rcodes.NOERROR;
  }
}

function encodeOutcome(received: Arrived, query: Message, outcome: Outcome): Response {
  const { hooks: options, client } = received;
  try {
    return replyBytes(query, client, outcome);
  } catch (error) {
    options.onFault();
    options.log.error(
      { err: error, plugin: "plugin" in outcome ? outcome.plugin : "" },
      "encoding a reply failed",
    );
    return replyBytes(query, client, failure(rcodes.SERVFAIL));
  }
}

function decodeOrUndefined(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** One question and no more of the rest than a query can mean: a SOA for IXFR or NOTIFY, OPT and TSIG. */
function hasAcceptableCounts(bytes: Uint8Array): boolean {
  return (
    uint16At(bytes, 4) === 1 && uint16At(bytes, 6) <= 1 && uint16At(bytes, 8) <= 1 && uint16At(bytes, 10) <= 2
  );
}
