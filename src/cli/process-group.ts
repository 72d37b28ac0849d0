/**
 * Processes that answer on the same ports (`multisocket`): the kernel gives each client's queries to one of them. The
 * first is the one that was started; it answers like the others, starts them and shows the pages of all.
 *
 * Each follows the API server on its own. With 10 000 Services of 10 endpoints, one that is told by another what is new
 * took 102 instead of 136 MiB of its own, and 1.4 instead of 2.1 s of CPU to start (a prototype; heaps sized as in the
 * image). Most of what a process holds are the objects, which event loops cannot share, and a query costs the same. For that
 * quarter the first process would pack each change once for each of the others, on the loop that answers queries, and its
 * troubles would be everybody's. So none needs another to be right, and any of them may end.
 */

import type { Logger } from "pino";
import type { MetricRegistry, MetricSnapshot, MetricState, Scrape } from "../observe/metric-registry.ts";
import { lastingCounts, scrapeTogether } from "../observe/metric-registry.ts";
import type { GroupPlan } from "./group-messages.ts";
import { GroupPlace } from "./group-place.ts";

export interface ProcessGroupOptions {
  /** Of this process. */
  readonly metrics: Pick<MetricRegistry, "snapshot">;
  readonly log: Logger;
}

export class ProcessGroup {
  readonly #options: ProcessGroupOptions;
  #places: readonly GroupPlace[] = [];
  /** Their processes finish what is under way, and are not followed by others. */
  #leaving: readonly GroupPlace[] = [];
  /** Counted by processes that are gone. */
  #lasting: Promise<MetricSnapshot> = Promise.resolve([]);
  #earlierRestarts = 0;

  constructor(options: ProcessGroupOptions) {
    this.#options = options;
  }

  /**
   * `count` processes, this one among them, serve by this plan. Resolves when those do that served before; for a moment
   * some answer by the new plan and some by the one before.
   */
  async follow(plan: GroupPlan, count: number): Promise<void> {
    const { log } = this.#options;
    const surplus = this.#places.filter(({ number }) => number > count);
    const staying = this.#places.filter(({ number }) => number <= count);
    const onGone = (counted: MetricSnapshot) => this.#keep(counted);
    const added = Array.from({ length: count - 1 - staying.length }, (_, index) => {
      const number = staying.length + 2 + index;
      return new GroupPlace({ number, log, onGone }, plan, count);
    });
    this.#places = [...staying, ...added];
    this.#leaving = surplus;
    await Promise.all([
      ...surplus.map(place => place.end(0)),
      ...staying.map(place => place.follow(plan, count)),
    ]);
    this.#leaving = [];
    this.#earlierRestarts += sum(surplus.map(({ restarts }) => restarts));
  }

  /** What the other processes wait for, one line each. */
  async notReady(): Promise<readonly string[]> {
    const reasons = await Promise.all(
      this.#places.map(async place =>
        (await place.notReady()).map(reason => `process ${place.number}: ${reason}`),
      ),
    );
    return reasons.flat();
  }

  /** The numbers of all processes. */
  async scrape(): Promise<Scrape> {
    const lasting = this.#lasting;
    const places = [...this.#places, ...this.#leaving];
    // Now: what a leaving place adds is soon among the earlier ones.
    const restarts = this.#earlierRestarts + sum(places.map(place => place.restarts));
    const snapshots = await Promise.all([
      this.#options.metrics.snapshot(),
      ...places.map(place => place.metrics()),
    ]);
    const requests = snapshots.map((snapshot, index) => ({
      labels: { process: String(places[index - 1]?.number ?? 1) },
      value: requestsIn(snapshot),
    }));
    return scrapeTogether([...snapshots, await lasting, this.#ownMetrics(places, restarts, requests)]);
  }

  /** Ends all others. Resolves with the worst exit code, as far as this program has one for it. */
  async end(lameduckMs: number): Promise<number> {
    const ends = await Promise.all(this.#places.map(place => place.end(lameduckMs)));
    return Math.max(0, ...ends.map(how => (typeof how === "number" ? how : 1)));
  }

  #keep(counted: MetricSnapshot): void {
    this.#lasting = this.#lasting.then(before => lastingCounts([before, counted]));
  }

  #ownMetrics(
    places: readonly GroupPlace[],
    restarts: number,
    requests: MetricState["values"],
  ): MetricSnapshot {
    const serving = 1 + places.filter(({ isServing }) => isServing).length;
    return [
      {
        name: "frontdesk_dns_processes",
        help: "Processes that answer on the same ports.",
        type: "gauge",
        aggregator: "sum",
        values: [{ labels: {}, value: serving }],
      },
      {
        name: "frontdesk_dns_process_restarts_total",
        help: "Processes started in the place of one that had ended.",
        type: "counter",
        aggregator: "sum",
        values: [{ labels: {}, value: restarts }],
      },
      {
        name: "frontdesk_dns_process_requests_total",
        help: "DNS requests by process: the kernel gives all queries from one port of a client to the same.",
        type: "counter",
        aggregator: "sum",
        values: requests,
      },
    ];
  }
}

function requestsIn(snapshot: MetricSnapshot): number {
  const requests = snapshot.find(({ name }) => name === "coredns_dns_requests_total");
  return sum(requests?.values.map(({ value }) => value) ?? []);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
