/** A registry of numbers that are scraped: prom-client lives behind this one file. */

import type { Metric } from "prom-client";
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { BucketCounts, bucketSamples, type Sample } from "./bucket-counts.ts";
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

/** All values of one registry at one moment; can be sent to another process. */
export type MetricSnapshot = readonly MetricState[];

export interface MetricState {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly MetricSample[];
  /** How values of several processes become one, in prom-client's words. */
  readonly aggregator?: string;
}

interface MetricSample {
  /** Where it differs from the metric's. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
}

/**
 * What several processes say of one thing, and therefore counts once. All else that does not say itself how it is put
 * together adds up: queries, sockets, entries of caches, memory.
 */
const countedOnce: ReadonlySet<string> = new Set([
  "coredns_build_info",
  "coredns_plugin_enabled",
  "coredns_reload_version_info",
  "coredns_hosts_entries",
  "coredns_hosts_reload_timestamp_seconds",
  "process_start_time_seconds",
]);

/** Each sample wakes the process: the usual 10 ms would be most of what an idle server does. */
const eventLoopSamplingMs = 200;

/** All metrics of one process, the runtime's among them, in a registry of its own, so that two never meet in a test. */
export class MetricRegistry implements Instruments {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, CounterOf<string>>();
  readonly #histograms = new Map<string, HistogramOf<string>>();

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
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    const histogram = new Histogram(name, labels, buckets);
    this.#histograms.set(name, histogram);
    this.collect({ name, help, type: "histogram", samples: () => histogram.samples() });
    return histogram;
  }

  collect({ name, help, type, samples }: CollectedMetric): void {
    const metric = { name, get: async () => ({ name, help, type, values: samples(), aggregator: "sum" }) };
    // The registry reads only these two members, but its types know nothing between Counter and Histogram.
    this.#registry.registerMetric(metric as unknown as Metric);
  }

  /** The text exposition format, version 0.0.4. */
  async scrape(): Promise<Scrape> {
    return scrapeOf(this.#registry);
  }

  async snapshot(): Promise<MetricSnapshot> {
    return (await this.#registry.getMetricsAsJSON()) as unknown as MetricSnapshot;
  }
}

/** The numbers of several processes on one page; where only one counts, it is the first's. */
export function scrapeTogether(snapshots: readonly MetricSnapshot[]): Promise<Scrape> {
  return scrapeOf(together(snapshots));
}

/** What processes that are gone have counted: a sum that goes on without it would look like a counter set to zero. */
export async function lastingCounts(snapshots: readonly MetricSnapshot[]): Promise<MetricSnapshot> {
  const lasting = (await together(snapshots).getMetricsAsJSON()) as unknown as MetricSnapshot;
  return lasting.filter(({ name, type }) => type !== "gauge" && !countedOnce.has(name));
}

function together(snapshots: readonly MetricSnapshot[]): Registry {
  const withAggregators = snapshots.map(metrics =>
    metrics.map(metric => (countedOnce.has(metric.name) ? { ...metric, aggregator: "first" } : metric)),
  );
  return AggregatorRegistry.aggregate(withAggregators);
}

async function scrapeOf(registry: Registry): Promise<Scrape> {
  return { contentType: registry.contentType, body: await registry.metrics() };
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

/** prom-client's own makes a key of the labels for each value: a microsecond, and half a KiB of garbage. */
class Histogram<Label extends string> implements HistogramOf<Label> {
  readonly #name: string;
  readonly #labelNames: readonly Label[];
  readonly #edges: readonly number[];
  readonly #byLabels = new Map<string, { readonly labels: Labels<Label>; readonly counts: BucketCounts }>();

  constructor(name: string, labels: readonly Label[], edges: readonly number[]) {
    this.#name = name;
    this.#labelNames = labels;
    this.#edges = edges;
    // There from the beginning, as CoreDNS has it.
    if (labels.length === 0) this.at({} as Labels<Label>);
  }

  observe(labels: Labels<Label>, value: number): void {
    this.at(labels).observe(value);
  }

  at(labels: Labels<Label>): BucketCounts {
    // In the order of the names: the same labels in another are the same series.
    const key = JSON.stringify(this.#labelNames.map(label => labels[label]));
    const known = this.#byLabels.get(key);
    if (known !== undefined) return known.counts;
    const counts = new BucketCounts(this.#edges);
    this.#byLabels.set(key, { labels, counts });
    return counts;
  }

  samples(): readonly Sample[] {
    const all = [...this.#byLabels.values()];
    return all.flatMap(({ labels, counts }) => [...bucketSamples(this.#name, labels, counts)]);
  }
}
