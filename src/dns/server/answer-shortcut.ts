/** The shortcut of one UDP listener: replies that were made once are sent again, as long as they would be made again. */

import type { Reply } from "../plugins/outcome.ts";
import type { Exchange } from "../plugins/plugin.ts";
import type { Provenance } from "../plugins/provenance.ts";
import { decodeMessage } from "../wire/decode.ts";
import type { Question } from "../wire/message.ts";
import { PlainQuery } from "./plain-query.ts";
import { prepareAnswer } from "./prepare-answer.ts";
import type { FirstExchange, PreparedAnswer } from "./prepared-answer.ts";
import type { PreparedAnswers } from "./prepared-answers.ts";
import type { Site } from "./router.ts";
import { type Arrival, maxShortcutOctets, type Shortcut } from "./shortcut.ts";
import type { FaultHooks } from "./tell-listeners.ts";
import { tellListeners } from "./tell-listeners.ts";

export interface ShortcutOptions extends FaultHooks {
  /** May be shared with other listeners. */
  readonly prepared: PreparedAnswers;
  /** Milliseconds on the plugins' clock. */
  readonly nowMs?: () => number;
}

/** Looking at the clock costs a tenth of an answer: one in so many is timed, the others count as long as that one. */
const timedEach = 16;

export class AnswerShortcut implements Shortcut {
  readonly #options: ShortcutOptions;
  readonly #answers: PreparedAnswers;
  readonly #nowMs: () => number;
  readonly #query: PlainQuery;
  /** The tag of the query that the last call of `answer` has left, if its reply is to be kept. */
  #wanted = none;
  #untilTimed = 1;
  #durationNs = 0;

  constructor(options: ShortcutOptions) {
    this.#options = options;
    this.#answers = options.prepared;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#query = new PlainQuery(options.prepared.nextSeed());
  }

  answer(
    octets: Buffer,
    start: number,
    end: number,
    out: Buffer,
    outStart: number,
    arrival: Arrival,
  ): number {
    const query = this.#query;
    this.#wanted = none;
    if (!query.read(octets, start, end)) return 0;
    const prepared = this.#answers.find(query.hash);
    if (prepared === undefined) return this.#miss(octets, start, end, false);
    // Made anew for each client, it would not be kept.
    if (query.hasCapitals && !prepared.isOfAnySpelling) return 0;
    const isTimed = prepared.hearers.length > 0 || --this.#untilTimed <= 0;
    const startedAtMs = isTimed || prepared.isTimed ? this.#nowMs() : 0;
    if (
      !prepared.isCurrent(startedAtMs) ||
      !prepared.write(query, octets, start, out, outStart, startedAtMs)
    ) {
      return this.#miss(octets, start, end, true);
    }
    if (isTimed) {
      this.#untilTimed = timedEach;
      this.#durationNs = Math.round((this.#nowMs() - startedAtMs) * 1e6);
    }
    prepared.count(this.#durationNs, end - start);
    const { sizeBytes } = prepared;
    if (prepared.first !== undefined) {
      const query = octets.subarray(start, end);
      this.#tell(prepared, prepared.first, query, out.subarray(outStart, outStart + sizeBytes), arrival);
    }
    return sizeBytes;
  }

  /** `isKnown`: there is a reply, which is not of use any more or for another question of the same hash. */
  #miss(octets: Uint8Array, start: number, end: number, isKnown: boolean): 0 {
    if (isKnown || this.#answers.isAskedAgain(this.#query.hash)) this.#wanted = tagOf(octets, start, end);
    return 0;
  }

  /**
   * Whether it is worth knowing what the reply to this query is made from, since it is asked again and again. Asked
   * about the query that `answer` has just left to others.
   */
  isWanted(octets: Uint8Array): boolean {
    return tagOf(octets, 0, octets.length) === this.#wanted;
  }

  /**
   * Keeps the reply to a query that is wanted. Gives it with its addresses in random order where that was left to do;
   * undefined when it is not kept.
   */
  prepare(
    octets: Uint8Array,
    site: Site,
    exchange: Exchange & { readonly outcome: Reply; readonly response: Uint8Array },
    provenance: Provenance,
  ): Uint8Array | undefined {
    const query = this.#query;
    if (!query.read(octets, 0, octets.length)) return undefined;
    const prepared = prepareAnswer(query, site, exchange, provenance);
    if (prepared === undefined) return undefined;
    this.#answers.put(query.hash, prepared);
    const response = Buffer.allocUnsafe(maxShortcutOctets);
    prepared.write(query, octets, 0, response, 0, this.#nowMs());
    return response.subarray(0, prepared.sizeBytes);
  }

  #tell(
    { hearers, rcode }: PreparedAnswer,
    first: FirstExchange,
    octets: Uint8Array,
    response: Uint8Array,
    arrival: Arrival,
  ): void {
    const message = decodeMessage(octets);
    const question = message.questions[0] as Question;
    const query = { ...first.query, message, question, client: arrival.client() };
    const durationMs = this.#durationNs / 1e6;
    const exchange: Exchange = {
      ...{ query, outcome: first.outcome, rcode, requestSizeBytes: octets.length, response, durationMs },
    };
    tellListeners(hearers, exchange, this.#options);
  }
}

const none = -1;

/** Enough to tell a query from the one before: its id and its size. */
function tagOf(octets: Uint8Array, start: number, end: number): number {
  return ((octets[start] as number) << 24) | ((octets[start + 1] as number) << 16) | (end - start);
}
