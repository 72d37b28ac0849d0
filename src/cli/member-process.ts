/** Another process of the group, as the first one sees it. */

import { type ChildProcess, fork } from "node:child_process";
import { getHeapStatistics } from "node:v8";
import type { MetricSnapshot } from "../observe/metric-registry.ts";
import type { Answer, GroupPlan, Request } from "./group-messages.ts";
import { memberVariable } from "./group-messages.ts";

/** Pages have to come in time even when one process does not answer. */
const answerTimeoutMs = 1_000;
const askIntervalMs = 5_000;
/** It is asked this often in vain, then it hangs. A list of the whole cluster holds an event loop for a second or two. */
const maxUnanswered = 3;

export class MemberProcess {
  readonly processId: number | undefined;
  /** Resolves when it is gone: with its exit code, or what else ended it. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #watch: NodeJS.Timeout;
  #lastId = 0;
  #unanswered = 0;
  #isHanging = false;
  #counted: MetricSnapshot = [];

  /** Starts this program once more, as the process of this number among so many. Throws the system's error. */
  constructor(number: number, count: number) {
    const [, program = "", ...words] = process.argv;
    this.#child = fork(program, words, {
      env: { ...process.env, [memberVariable]: String(number) },
      execArgv: [...process.execArgv, ...shareOfHeap(count)],
      serialization: "advanced",
      // Standard input may have been the Corefile; nothing is left of it.
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.processId = this.#child.pid;
    this.#child.on("message", message => this.#hear(message as Answer));
    this.ended = this.#untilEnded();
    this.#watch = setInterval(() => this.#look(), askIntervalMs).unref();
    void this.ended.then(() => this.#giveUp());
  }

  /** Resolves when it serves by the plan; rejects when it cannot, or ends. */
  async serve(plan: GroupPlan): Promise<void> {
    await this.#ask({ ask: "serve", plan });
  }

  /** What it waits for, one line each. */
  async notReady(): Promise<readonly string[]> {
    const asking = this.#ask({ ask: "notReady" }) as Promise<readonly string[]>;
    return (await inTime(asking)) ?? ["it does not answer"];
  }

  /** All that it has counted; what it told last when it does not answer in time. */
  async metrics(): Promise<MetricSnapshot> {
    const counted = await inTime(this.#ask({ ask: "metrics" }) as Promise<MetricSnapshot>);
    if (counted !== undefined) this.#counted = counted;
    return this.#counted;
  }

  /** What it had counted when it last told. */
  get counted(): MetricSnapshot {
    return this.#counted;
  }

  /** It finishes what is under way, after the time of grace for its clients. */
  end(lameduckMs: number): void {
    this.#send({ ask: "end", lameduckMs });
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #untilEnded(): Promise<number | string> {
    const heardAll = new Promise(resolve => this.#child.on("disconnect", resolve));
    const how = await new Promise<number | string>(resolve => {
      this.#child.on("error", error => resolve(error.message));
      this.#child.on("exit", (code, signal) => resolve(code ?? (this.#isHanging ? "it hung" : `${signal}`)));
    });
    if (this.#child.connected) await heardAll;
    return how;
  }

  #ask(request: Request): Promise<unknown> {
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(this.#send(request), asked);
    return asked.promise;
  }

  #send(request: Request): number {
    const id = ++this.#lastId;
    // That the other side is gone, or has never been there, is known by its end.
    if (this.#child.connected) this.#child.send({ id, request }, () => {});
    return id;
  }

  #hear(answer: Answer): void {
    this.#unanswered = 0;
    if ("counted" in answer) {
      this.#counted = answer.counted;
      return;
    }
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if ("problem" in answer) asked?.reject(new Error(answer.problem));
    else asked?.resolve(answer.value);
  }

  #look(): void {
    if (this.#unanswered === maxUnanswered) {
      this.#isHanging = true;
      this.kill();
    }
    this.#unanswered += 1;
    this.#ask({ ask: "notReady" }).catch(() => {});
  }

  #giveUp(): void {
    clearInterval(this.#watch);
    for (const asked of this.#asked.values()) asked.reject(new Error("the process has ended"));
    this.#asked.clear();
  }
}

/** Undefined when there is no answer in time, or none at all. */
async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), answerTimeoutMs);
  const first = await Promise.race([answer.catch(() => undefined), late.promise]);
  clearTimeout(timer);
  return first;
}

/**
 * Where somebody has sized the heap for one process, the others get their share of that: the limit of a container is
 * for all of them together. The first process has its own already.
 */
function shareOfHeap(count: number): readonly string[] {
  const given = [process.env.NODE_OPTIONS ?? "", ...process.execArgv].join(" ");
  const percentages = [...given.matchAll(/--max[-_]old[-_]space[-_]size[-_]percentage[= ]([\d.]+)/g)];
  const percentage = Number(percentages.at(-1)?.[1] ?? NaN);
  if (percentage > 0) return [`--max-old-space-size-percentage=${percentage / count}`];
  if (!/--max[-_]old[-_]space[-_]size[= ]/.test(given)) return [];
  const limitMiB = getHeapStatistics().heap_size_limit / 2 ** 20;
  return [`--max-old-space-size=${Math.floor(limitMiB / count)}`];
}
