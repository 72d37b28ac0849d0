/** One question on its way through the chain of plugins. */

import type { Message, Question } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { lowerName } from "../wire/name.ts";
import type { Outcome } from "./outcome.ts";
import type { Provenance } from "./provenance.ts";

/** Who asks, and how. */
export interface Client {
  readonly protocol: "udp" | "tcp" | "tls" | "https";
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly port: number;
  /** Where the query arrived; a wildcard address where the socket cannot tell. */
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** What plugins know of a query, by label (`kubernetes/service`); values are made when somebody reads them. */
export type Metadata = Map<string, () => string>;

export interface Query {
  /** As the client sent it, or as an outer plugin rewrote it; exactly one question. */
  readonly message: Message;
  readonly question: Question;
  /** The name asked for, in lower case. */
  readonly name: Name;
  readonly client: Client;
  /** The server block's zone that took the query, lower case. */
  readonly zone: Name;
  /** The `zone` label of metrics: that zone as text. */
  readonly zoneText: string;
  /** The `server` label of metrics, such as `dns://:53`. */
  readonly server: string;
  /** Undefined unless the block has `metadata`. */
  readonly metadata: Metadata | undefined;
  /** Where to note what the reply is made from; undefined when nobody wants to know. */
  readonly provenance?: Provenance | undefined;
  /**
   * Asks this server another question, as the same client would: it goes through the choice of zone and the whole
   * chain again. Ends with SERVFAIL when questions lead to questions too often.
   */
  lookup(question: Question): Outcome | Promise<Outcome>;
}

/** The same query with another message, which must have one question. */
export function withMessage(query: Query, message: Message): Query {
  const question = message.questions[0] as Question;
  return { ...query, message, question, name: lowerName(question.name) };
}

/** The same query with another question. */
export function withQuestion(query: Query, question: Question): Query {
  return withMessage(query, { ...query.message, questions: [question] });
}
