/** A registry of numbers that are scraped: prom-client lives behind this one file. */

import type { Metric } from "prom-client";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { CounterOf, GaugeOf, HistogramOf, Instruments, Labels } from "./instruments.ts";

export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

/** A metric that is asked for its samples at each scrape, instead of being told each value. */
export interface CollectedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: () => readonly unknown[];
}

/** Each sample wakes the process: the usual 10 ms would be most of what an idle server does. */
const eventLoopSamplingMs = 200;

/** All metrics of one process, the runtime's among them, in a registry of its own, so that two never meet in a test. */
export class MetricRegistry implements Instruments {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, CounterOf<string>>();

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: eventLoopSamplingMs });
  }

  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): CounterOf<Label> {
    const known = this.#counters.get(name);
    if (known !== undefined) return known;
    const counter = new FoldingCounter<Label>(name, help, labels, this.#registry);
    this.#counters.set(name, counter);
    return counter;
  }

  gauge<Label extends string>(name: string, help: string, labels: readonly Label[]): GaugeOf<Label> {
    const known = this.#registry.getSingleMetric(name) as Gauge<Label> | undefined;
    const gauge = known ?? new Gauge({ name, help, labelNames: labels, registers: [this.#registry] });
    return { set: (values, value) => gauge.set(values, value), remove: values => gauge.remove(values) };
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    buckets: readonly number[],
  ): HistogramOf<Label> {
    const known = this.#registry.getSingleMetric(name) as Histogram<Label> | undefined;
    const registers = [this.#registry];
    const histogram =
      known ?? new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers });
    return { observe: (values, value) => histogram.observe(values, value) };
  }

  collect({ name, help, type, samples }: CollectedMetric): void {
    const metric = { name, get: async () => ({ name, help, type, values: samples() }) };
    // The registry reads only these two members, but its types know nothing between Counter and Histogram.
    this.#registry.registerMetric(metric as unknown as Metric);
  }

  /** The text exposition format, version 0.0.4. */
  async scrape(): Promise<Scrape> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

/** Increments for labels that do not change are added up here, and told to prom-client at the next scrape. */
class FoldingCounter<Label extends string> implements CounterOf<Label> {
  readonly #counter: Counter<Label>;
  readonly #cells = new Map<string, Cell<Label>>();

  constructor(name: string, help: string, labels: readonly Label[], registry: Registry) {
    const collect = () => this.#fold();
    this.#counter = new Counter({ name, help, labelNames: labels, registers: [registry], collect });
  }

  inc(labels: Labels<Label>, by = 1): void {
    this.#counter.inc(labels, by);
  }

  at(labels: Labels<Label>): { inc(): void } {
    const key = JSON.stringify(labels);
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell = new Cell(labels);
    this.#cells.set(key, cell);
    return cell;
  }

  #fold(): void {
    for (const cell of this.#cells.values()) {
      if (cell.count > 0) this.#counter.inc(cell.labels, cell.count);
      cell.count = 0;
    }
  }
}

class Cell<Label extends string> {
  readonly labels: Labels<Label>;
  count = 0;

  constructor(labels: Labels<Label>) {
    this.labels = labels;
  }

  inc(): void {
    this.count++;
  }
}
