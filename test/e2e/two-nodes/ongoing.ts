/** What goes on at some place while the cluster changes. */

import assert from "node:assert/strict";
import { until } from "../../support/until.ts";
import type { ConversationReport, LoadReport } from "./activities.ts";
import type { AgentOrders } from "./agent.ts";
import type { Question } from "./encounters.ts";
import { podAt, routeOf } from "./encounters.ts";
import type { Laboratory } from "./laboratory.ts";
import type { RemoteProcess } from "./remote-process.ts";

/** The patience is less than the time after which a first packet that was lost would be sent again. */
const loadPatienceMs = 900;
const connectionsPerSecond = 25;

/** Ends them; every connection must have been answered, and by these Pods, each at least once. */
export async function endLoads(loads: readonly OngoingLoad[], pods: readonly string[]): Promise<void> {
  const answered = await Promise.all(loads.map(load => load.endWithoutFailure()));
  for (const one of answered) assert.deepEqual(one, pods);
}

/** Something that an agent does until it is told to stop. */
class Ongoing {
  readonly question: Question;
  protected readonly agent: RemoteProcess<AgentOrders>;
  /** By which the agent knows it. */
  protected readonly number: number;

  constructor(question: Question, agent: RemoteProcess<AgentOrders>, number: number) {
    this.question = question;
    this.agent = agent;
    this.number = number;
  }

  end(): Promise<void> {
    return this.agent.ask("stop", this.number);
  }
}

/** New connections without pause. */
export class OngoingLoad extends Ongoing {
  static async begin(laboratory: Laboratory, question: Question): Promise<OngoingLoad> {
    const { from, ...route } = routeOf(question);
    const attempt = { ...route, protocol: question.protocol, patienceMs: loadPatienceMs };
    const agent = laboratory.agent(from);
    const number = await agent.ask("load", { attempt, perSecond: connectionsPerSecond, limit: 100 });
    return new OngoingLoad(question, agent, number);
  }

  report(): Promise<LoadReport> {
    return this.agent.ask("loaded", this.number);
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
    await this.end();
    assert.deepEqual(failures, [], `besides ${answerCount} answers, ${JSON.stringify(this.question)}`);
    return Object.keys(endpoints)
      .map(address => podAt(this.question.family, address))
      .sort();
  }
}

/** One TCP connection, or one flow of datagrams from one source port. */
export class OngoingConversation extends Ongoing {
  /** Resolves after the first answer. */
  static async begin(laboratory: Laboratory, question: Question): Promise<OngoingConversation> {
    const { from, ...route } = routeOf(question);
    const agent = laboratory.agent(from);
    const number = await agent.ask(question.protocol === "TCP" ? "converse" : "flow", route);
    const conversation = new OngoingConversation(question, agent, number);
    await conversation.untilAnswered();
    return conversation;
  }

  report(): Promise<ConversationReport> {
    return this.agent.ask("conversation", this.number);
  }

  /** Until something that was said from now on has been answered; returns by which Pod. */
  async untilAnswered(): Promise<string> {
    const before = await this.report();
    const answered = await until(`an answer, ${JSON.stringify(this.question)}`, async () => {
      const now = await this.report();
      if (now.failure !== undefined) throw new Error(`${now.failure}, ${JSON.stringify(this.question)}`);
      return now.answerCount >= before.answerCount + 3 && now;
    });
    return podAt(this.question.family, answered.endpoint);
  }

  async untilAnsweredBy(pod: string, endpointPort?: number): Promise<void> {
    const what = `${pod} ${endpointPort ?? ""} in ${JSON.stringify(this.question)}`;
    await until(what, async () => {
      const report = await this.report();
      const isPort = endpointPort === undefined || report.endpointPort === endpointPort;
      return podAt(this.question.family, report.endpoint) === pod && isPort;
    });
  }

  /** Until what is said stays without answers: of ten last words, none. */
  async untilSilent(): Promise<void> {
    let before = await this.report();
    await until(`silence, ${JSON.stringify(this.question)}`, async () => {
      const now = await this.report();
      if (now.answerCount > before.answerCount) before = now;
      return now.sentCount >= before.sentCount + 10;
    });
  }
}
