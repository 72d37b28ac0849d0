/** One place in the group: a process, and another one when that has ended unasked. */

import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { Backoff } from "../cluster/api/backoff.ts";
import type { MetricSnapshot } from "../observe/metric-registry.ts";
import type { GroupPlan } from "./group-messages.ts";
import { MemberProcess } from "./member-process.ts";

export interface GroupPlaceOptions {
  /** From 2 on. */
  readonly number: number;
  readonly log: Logger;
  /** Hears what a process had counted that is gone. */
  readonly onGone: (counted: MetricSnapshot) => void;
}

const backoffTimes = { initialMs: 200, maxMs: 30_000 };
/** Who has served for so long did not end because of how it started. */
const provenMs = 10_000;
/** Beyond lameduck: what is under way takes five seconds at most. */
const endGraceMs = 8_000;

export class GroupPlace {
  readonly #options: GroupPlaceOptions;
  readonly #backoff = new Backoff(backoffTimes, Math.random);
  readonly #running: Promise<number | string>;
  #plan: GroupPlan;
  /** Of processes in the group. */
  #count: number;
  #member: MemberProcess | undefined;
  #servesSinceMs: number | undefined;
  #isEnding = false;
  /** Ends the time between two processes. */
  #pause = new AbortController();
  #restarts = 0;

  constructor(options: GroupPlaceOptions, plan: GroupPlan, count: number) {
    this.#options = options;
    this.#plan = plan;
    this.#count = count;
    this.#running = this.#run();
  }

  get number(): number {
    return this.#options.number;
  }

  get isServing(): boolean {
    return this.#servesSinceMs !== undefined;
  }

  /** Processes that have taken the place of one that had ended. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when queries are answered by this plan, or there is no process that answers any. */
  async follow(plan: GroupPlan, count: number): Promise<void> {
    this.#plan = plan;
    this.#count = count;
    const member = this.#member;
    // Nobody notices when one that is still loading begins again.
    if (member === undefined) this.#pause.abort();
    else if (!this.isServing) member.kill();
    else await this.#serve(member);
  }

  async notReady(): Promise<readonly string[]> {
    if (this.#member === undefined) return ["it has ended and is started again"];
    return this.#member.notReady();
  }

  async metrics(): Promise<MetricSnapshot> {
    return (await this.#member?.metrics()) ?? [];
  }

  /** Resolves with the exit code of its process, or with what else has ended it; 0 when there is none. */
  async end(lameduckMs: number): Promise<number | string> {
    this.#isEnding = true;
    this.#pause.abort();
    const member = this.#member;
    member?.end(lameduckMs);
    const killing = setTimeout(() => member?.kill(), lameduckMs + endGraceMs);
    const how = await this.#running;
    clearTimeout(killing);
    return how;
  }

  async #run(): Promise<number | string> {
    const { number, onGone } = this.#options;
    while (!this.#isEnding) {
      const plan = this.#plan;
      let member: MemberProcess;
      try {
        member = new MemberProcess(number, this.#count);
      } catch (error) {
        // Of some of what may be missing, memory for one, the system tells at once.
        await this.#pauseAfter(undefined, (error as Error).message);
        continue;
      }
      this.#member = member;
      void this.#serve(member);
      const how = await member.ended;
      const servedSinceMs = this.#servesSinceMs;
      this.#member = undefined;
      this.#servesSinceMs = undefined;
      onGone(member.counted);
      if (this.#isEnding) return how;
      const isObsolete = servedSinceMs === undefined && this.#plan !== plan;
      if (!isObsolete) await this.#pauseAfter(member.processId, how, servedSinceMs);
    }
    return 0;
  }

  /** Without a process id it never came to be. */
  async #pauseAfter(
    processId: number | undefined,
    how: number | string,
    servedSinceMs = Infinity,
  ): Promise<void> {
    const { number, log } = this.#options;
    this.#restarts += 1;
    if (performance.now() - servedSinceMs > provenMs) this.#backoff.reset();
    const pauseMs = this.#backoff.next();
    const what = processId === undefined ? "a process cannot be started" : `process ${processId} has ended`;
    const why = typeof how === "number" ? `exit code ${how}` : how;
    const next = `the others go on, and another is started in ${(pauseMs / 1_000).toFixed(1)} s`;
    log.warn({ process: number }, `${what} (${why}); ${next}`);
    this.#pause = new AbortController();
    await delay(pauseMs, undefined, { signal: this.#pause.signal }).catch(() => {});
  }

  async #serve(member: MemberProcess): Promise<void> {
    const { number, log } = this.#options;
    try {
      await member.serve(this.#plan);
      if (!this.isServing) log.info({ process: number }, `process ${member.processId} answers, too`);
      this.#servesSinceMs ??= performance.now();
    } catch (error) {
      // How it has ended tells more, and is told.
      if (this.#member !== member) return;
      log.error({ process: number }, `process ${member.processId} cannot serve: ${(error as Error).message}`);
      member.end(0);
    }
  }
}
