/**
 * Query bytes → reply bytes: everything a listener needs to know of DNS.
 *
 * RFC 1035 §4.1.1 and §7.3 (what is acceptable), RFC 6891 (EDNS), RFC 8914 (reasons on the wire). Where the RFCs
 * leave a choice it is CoreDNS's, which takes it from the Go DNS library: clients in clusters are used to it. Client
 * options are not echoed, which CoreDNS does: an echoed COOKIE is an error to clients that check (RFC 7873 §5.3).
 */

import type { Logger } from "pino";
import type { Outcome } from "../plugins/outcome.ts";
import { andThen, failure } from "../plugins/outcome.ts";
import type { Exchange } from "../plugins/plugin.ts";
import type { Client, Query } from "../plugins/query.ts";
import { decodeHeader, decodeMessage } from "../wire/decode.ts";
import { extendedErrorOption } from "../wire/ede.ts";
import { encodeMessage } from "../wire/encode.ts";
import type { EdnsOption, Header, Message, Question } from "../wire/message.ts";
import { opcodes, rcodes } from "../wire/message.ts";
import { formatName, lowerName } from "../wire/name.ts";
import { WireError } from "../wire/wire-error.ts";
import type { Reason } from "../zone/reason.ts";
import { because, extendedErrorCodeOf } from "../zone/reason.ts";
import type { Response } from "./reply-bytes.ts";
import { replyBytes } from "./reply-bytes.ts";
import type { Router, Site } from "./router.ts";
import { takesClass } from "./router.ts";

/**
 * Makes the response to one query, at once where it can. Never throws and never rejects. The query's bytes are not
 * kept; the response is the caller's.
 */
export type Respond = (query: Uint8Array, client: Client) => Response | Promise<Response>;

/** A query that no plugin saw: refused, malformed or not a question. */
export type Dropped = Omit<Exchange, "query" | "outcome"> & {
  readonly client: Client;
  /** Undefined when the query could not be read. */
  readonly message: Message | undefined;
};

export interface ResponderOptions {
  /** The choice of server block; another one from one query to the next when the configuration changes. */
  readonly router: () => Router;
  /** The `server` label of metrics, such as `dns://:53`. */
  readonly server: string;
  readonly onDropped: (dropped: Dropped) => void;
  /** Hears what went wrong inside the server; the client gets SERVFAIL. */
  readonly onFault: () => void;
  readonly log: Logger;
}

/** Questions that lead to questions (a CNAME out of one zone into another, and so on) end here. */
const maxLookupDepth = 10;

export function createResponder(options: ResponderOptions): Respond {
  return (bytes, client) => {
    const startedAtMs = performance.now();
    // Too short to hold an id to reply to; or itself a reply, and answering those is how loops between servers start.
    const header = bytes.length < 12 ? undefined : decodeHeader(bytes);
    if (header === undefined || header.isResponse) return undefined;
    const arrival: Arrival = { options, client, startedAtMs, requestSizeBytes: bytes.length };
    if (header.opcode !== opcodes.QUERY && header.opcode !== opcodes.NOTIFY) {
      return dropHeader(arrival, header, rcodes.NOTIMP);
    }
    const message = hasAcceptableCounts(header) ? decodeOrUndefined(bytes) : undefined;
    const question = message?.questions[0];
    if (message === undefined || question === undefined) return dropHeader(arrival, header, rcodes.FORMERR);
    if (message.edns !== undefined && message.edns.version !== 0) {
      return drop(arrival, message, rcodes.BADVERS, undefined);
    }
    return respondTo(arrival, message, question);
  };
}

interface Arrival {
  readonly options: ResponderOptions;
  readonly client: Client;
  readonly startedAtMs: number;
  readonly requestSizeBytes: number;
}

function respondTo(arrival: Arrival, message: Message, question: Question): Response | Promise<Response> {
  const router = arrival.options.router();
  // NOTIFY asks a secondary to fetch the zone again (RFC 1996); this server is nobody's secondary.
  const site = message.opcode === opcodes.QUERY ? router.siteFor(question) : undefined;
  if (site === undefined || !takesClass(site, question.class)) {
    return drop(arrival, message, rcodes.REFUSED, notServed(router));
  }
  const query = queryFor(arrival, router, site, message, 0);
  return andThen(ask(arrival.options, site, query), outcome => finish(arrival, site, query, outcome));
}

function notServed({ zonesText }: Router): Reason {
  return because("zone-not-served", `this server answers for ${zonesText} only`);
}

function queryFor(arrival: Arrival, router: Router, site: Site, message: Message, depth: number): Query {
  const { options, client } = arrival;
  const question = message.questions[0] as Question;
  return {
    message,
    question,
    name: lowerName(question.name),
    client,
    zone: site.zone,
    zoneText: site.zoneText,
    server: options.server,
    metadata: site.collectsMetadata ? new Map() : undefined,
    lookup: next => {
      const nextSite = router.siteFor(next);
      if (depth >= maxLookupDepth) return failure(rcodes.SERVFAIL, "questions lead to questions without end");
      if (nextSite === undefined) return failure(rcodes.REFUSED);
      const nextMessage = { ...message, questions: [next] };
      return ask(options, nextSite, queryFor(arrival, router, nextSite, nextMessage, depth + 1));
    },
  };
}

/** The chain's outcome; what a plugin throws is SERVFAIL to the client and a fault in the log. */
function ask(options: ResponderOptions, site: Site, query: Query): Outcome | Promise<Outcome> {
  const fault = (error: unknown): Outcome => {
    options.onFault();
    const { name, type } = query.question;
    options.log.error({ err: error, name: formatName(name), type }, "answering failed");
    return failure(rcodes.SERVFAIL);
  };
  try {
    const outcome = site.block.handle(query);
    if (!(outcome instanceof Promise)) return outcome;
    const safe = outcome.catch(fault);
    site.work.add(safe);
    return safe;
  } catch (error) {
    return fault(error);
  }
}

function finish(arrival: Arrival, site: Site, query: Query, outcome: Outcome): Response {
  const response = encodeOutcome(arrival, query.message, outcome);
  const first = response instanceof Uint8Array ? response : response?.[0];
  const exchange: Exchange = {
    query,
    outcome,
    rcode: rcodeOf(outcome),
    requestSizeBytes: arrival.requestSizeBytes,
    response: first,
    durationMs: performance.now() - arrival.startedAtMs,
  };
  for (const listener of site.listeners) tell(arrival.options, () => listener.sent(exchange));
  return response;
}

/** Who counts and logs must not cost the client its answer. */
function tell({ onFault, log }: ResponderOptions, hear: () => void): void {
  try {
    hear();
  } catch (error) {
    onFault();
    log.error({ err: error }, "counting or logging a query failed");
  }
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

function encodeOutcome(arrival: Arrival, query: Message, outcome: Outcome): Response {
  const { options, client } = arrival;
  try {
    return replyBytes(query, client, outcome, optionsOf);
  } catch (error) {
    options.onFault();
    options.log.error(
      { err: error, plugin: "plugin" in outcome ? outcome.plugin : "" },
      "encoding a reply failed",
    );
    return replyBytes(query, client, failure(rcodes.SERVFAIL), optionsOf);
  }
}

function optionsOf(reason: Reason | undefined): readonly EdnsOption[] {
  if (reason === undefined) return [];
  return [extendedErrorOption(extendedErrorCodeOf(reason), `${reason.code}: ${reason.text}`)];
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

/** A reply without sections, for a query whose body is not to be trusted. */
function dropHeader(arrival: Arrival, header: Header, rcode: number): Response {
  const noSections = { questions: [], answers: [], authorities: [], additionals: [], edns: undefined };
  const flags = {
    isAuthoritative: false,
    isTruncated: false,
    recursionAvailable: false,
    authenticData: false,
  };
  const message = { ...header, ...flags, ...noSections, isResponse: true, rcode };
  return tellDropped(arrival, undefined, rcode, encodeMessage(message, 512));
}

function drop(arrival: Arrival, message: Message, rcode: number, reason: Reason | undefined): Response {
  const outcome = failure(rcode, undefined, reason);
  const response = replyBytes(message, arrival.client, outcome, optionsOf);
  return tellDropped(arrival, message, rcode, response as Uint8Array);
}

function tellDropped(
  { options, client, requestSizeBytes, startedAtMs }: Arrival,
  message: Message | undefined,
  rcode: number,
  response: Uint8Array,
): Response {
  const durationMs = performance.now() - startedAtMs;
  tell(options, () => options.onDropped({ client, message, rcode, requestSizeBytes, response, durationMs }));
  return response;
}
