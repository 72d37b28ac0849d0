/** What goes on at some place while the cluster changes. */

import assert from "node:assert/strict";
import type { ConversationReport, LoadReport } from "./activities.ts";
import { addressOf } from "./addresses.ts";
import { wayInto } from "./cluster-objects.ts";
import type { Question } from "./encounters.ts";
import { podAt } from "./encounters.ts";
import type { Laboratory } from "./laboratory.ts";
import { until } from "./until.ts";

/** The patience is less than the time after which a first packet that was lost would be sent again. */
const loadPatienceMs = 950;
const connectionsPerSecond = 25;

/** Ends them; every connection must have been answered, and by these Pods, each at least once. */
export async function endLoads(loads: readonly OngoingLoad[], pods: readonly string[]): Promise<void> {
  const answered = await Promise.all(loads.map(load => load.endWithoutFailure()));
  for (const one of answered) assert.deepEqual(one, pods);
}

/** New connections without pause. */
export class OngoingLoad {
  readonly #laboratory: Laboratory;
  readonly #question: Question;
  readonly #number: number;

  private constructor(laboratory: Laboratory, question: Question, number: number) {
    this.#laboratory = laboratory;
    this.#question = question;
    this.#number = number;
  }

  static async begin(laboratory: Laboratory, question: Question): Promise<OngoingLoad> {
    const { family, protocol, number, from = "pod-1a", way = "cluster-ip" } = question;
    const source = addressOf(family, from);
    const attempt = { protocol, source, ...wayInto(family, number, way), patienceMs: loadPatienceMs };
    const id = await laboratory
      .agent(from)
      .ask("load", { attempt, perSecond: connectionsPerSecond, limit: 100 });
    return new OngoingLoad(laboratory, question, id);
  }

  report(): Promise<LoadReport> {
    return this.#laboratory.agent(this.#question.from ?? "pod-1a").ask("loaded", this.#number);
  }

  /** Until as many more connections have been answered. */
  async untilAnswered(count: number): Promise<void> {
    const goal = (await this.report()).answerCount + count;
    await until(`${goal} answers`, async () => (await this.report()).answerCount >= goal);
  }

  /** Ends it; every connection must have been answered. Returns the Pods that did. */
  async endWithoutFailure(): Promise<readonly string[]> {
    // Longer than the patience: those that have no answer yet get one, or fail.
    await this.untilAnswered(1.2 * connectionsPerSecond);
    const { answerCount, failures, endpoints } = await this.report();
    await this.#laboratory.agent(this.#question.from ?? "pod-1a").ask("stop", this.#number);
    assert.deepEqual(failures, [], `besides ${answerCount} answers, ${JSON.stringify(this.#question)}`);
    return Object.keys(endpoints)
      .map(address => podAt(this.#question.family, address))
      .sort();
  }
}

/** One TCP connection, or one flow of datagrams from one source port. */
export class OngoingConversation {
  readonly #laboratory: Laboratory;
  readonly #question: Question;
  readonly #number: number;

  private constructor(laboratory: Laboratory, question: Question, number: number) {
    this.#laboratory = laboratory;
    this.#question = question;
    this.#number = number;
  }

  /** Resolves after the first answer. */
  static async begin(laboratory: Laboratory, question: Question): Promise<OngoingConversation> {
    const { family, protocol, number, from = "pod-1a", way = "cluster-ip" } = question;
    const order = { source: addressOf(family, from), ...wayInto(family, number, way) };
    const id = await laboratory.agent(from).ask(protocol === "TCP" ? "converse" : "flow", order);
    const conversation = new OngoingConversation(laboratory, question, id);
    await conversation.untilAnswered();
    return conversation;
  }

  report(): Promise<ConversationReport> {
    return this.#laboratory.agent(this.#question.from ?? "pod-1a").ask("conversation", this.#number);
  }

  /** Until something that was said from now on has been answered; returns by which Pod. */
  async untilAnswered(): Promise<string> {
    const before = await this.report();
    const answered = await until(`an answer, ${JSON.stringify(this.#question)}`, async () => {
      const now = await this.report();
      if (now.failure !== undefined) throw new Error(`${now.failure}, ${JSON.stringify(this.#question)}`);
      return now.answerCount >= before.answerCount + 3 && now;
    });
    return podAt(this.#question.family, answered.endpoint);
  }

  async untilAnsweredBy(pod: string, endpointPort?: number): Promise<void> {
    const what = `${pod} ${endpointPort ?? ""} in ${JSON.stringify(this.#question)}`;
    await until(what, async () => {
      const report = await this.report();
      const isPort = endpointPort === undefined || report.endpointPort === endpointPort;
      return podAt(this.#question.family, report.endpoint) === pod && isPort;
    });
  }

  /** Until what is said stays without answers: of ten last words, none. */
  async untilSilent(): Promise<void> {
    let before = await this.report();
    await until(`silence, ${JSON.stringify(this.#question)}`, async () => {
      const now = await this.report();
      if (now.answerCount > before.answerCount) before = now;
      return now.sentCount >= before.sentCount + 10;
    });
  }

  end(): Promise<void> {
    return this.#laboratory.agent(this.#question.from ?? "pod-1a").ask("stop", this.#number);
  }
}
