/**
 * The numbers that are scraped: prom-client lives behind this one file.
 *
 * Names, labels and bucket edges are CoreDNS's (plugins prometheus and kubernetes), so that dashboards and alerts
 * keep working.
 */

import type { Metric } from "prom-client";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { CountedQuery } from "../dns/plugins/plugin.ts";
import type { CounterOf, GaugeOf, HistogramOf, Instruments } from "./instruments.ts";
import type { QueryFamily } from "./query-counts.ts";
import { QueryCounts, queryFamilies } from "./query-counts.ts";

export interface BuildInfo {
  readonly version: string;
  /** The commit the program was built from; "" when it is not known. */
  readonly revision: string;
}

export interface EnabledPlugin {
  readonly server: string;
  readonly zone: string;
  readonly plugin: string;
}

/** One call to the Kubernetes API, watches included: these count when their headers have arrived. */
export interface ObservedRestCall {
  readonly verb: string;
  /** Host and port of the API server. */
  readonly host: string;
  /** Status code as text, or `<error>` when there was no answer. */
  readonly code: string;
  readonly method: string;
  readonly durationSeconds: number;
}

export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

/** Each sample wakes the process: the usual 10 ms would be most of what an idle server does. */
const eventLoopSamplingMs = 200;

/** All metrics of one process, in a registry of their own, so that two never meet in a test. */
export class Metrics implements Instruments {
  readonly #registry = new Registry();
  readonly #queries = new QueryCounts();
  readonly #panics: Counter;
  readonly #enabledPlugins: Gauge<"server" | "zone" | "view" | "name">;
  readonly #restCallDuration: Histogram<"verb" | "host">;
  readonly #restCallLimiterDuration: Histogram<"verb" | "host">;
  readonly #restCalls: Counter<"code" | "method" | "host">;

  constructor(build: BuildInfo) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: eventLoopSamplingMs });
    this.#publishBuild(build);
    for (const family of queryFamilies) this.#registry.registerMetric(countedMetric(family, this.#queries));
    this.#panics = new Counter({
      name: "coredns_panics_total",
      help: "Queries whose handling ended in an unexpected exception.",
      registers,
    });
    this.#enabledPlugins = new Gauge({
      name: "coredns_plugin_enabled",
      help: "1 for each plugin that a server runs for a zone.",
      labelNames: ["server", "zone", "view", "name"],
      registers,
    });
    this.#restCallDuration = new Histogram({
      name: "coredns_kubernetes_rest_client_request_duration_seconds",
      help: "Time until the Kubernetes API answered.",
      labelNames: ["verb", "host"],
      registers,
    });
    this.#restCallLimiterDuration = new Histogram({
      name: "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
      help: "Time that calls to the Kubernetes API were held back here: none are.",
      labelNames: ["verb", "host"],
      registers,
    });
    this.#restCalls = new Counter({
      name: "coredns_kubernetes_rest_client_requests_total",
      help: "Calls to the Kubernetes API, by status code, method and host.",
      labelNames: ["code", "method", "host"],
      registers,
    });
  }

  /** Counts one query: see `query-counts.ts` for what it costs. */
  observe(query: CountedQuery): void {
    this.#queries.observe(query);
  }

  panicObserved(): void {
    this.#panics.inc();
  }

  restClientRequestObserved({ verb, host, code, method, durationSeconds }: ObservedRestCall): void {
    this.#restCallLimiterDuration.observe({ verb, host }, 0);
    this.#restCallDuration.observe({ verb, host }, durationSeconds);
    this.#restCalls.inc({ code, method, host });
  }

  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): CounterOf<Label> {
    const known = this.#registry.getSingleMetric(name) as Counter<Label> | undefined;
    const counter = known ?? new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
    return { inc: (values, by = 1) => counter.inc(values, by) };
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

  /** The whole set: what an earlier call enabled and this one does not name is gone. */
  setEnabledPlugins(plugins: readonly EnabledPlugin[]): void {
    this.#enabledPlugins.reset();
    for (const { server, zone, plugin } of plugins) {
      this.#enabledPlugins.set({ server, zone, view: "", name: plugin }, 1);
    }
  }

  /** The text exposition format, version 0.0.4. */
  async scrape(): Promise<Scrape> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  /** The label is called goversion because dashboards group by that name; what it tells is the runtime's version. */
  #publishBuild({ version, revision }: BuildInfo): void {
    const info = new Gauge({
      name: "coredns_build_info",
      help: "Always 1; the labels tell version and revision of the program and the version of its runtime.",
      labelNames: ["version", "revision", "goversion"],
      registers: [this.#registry],
    });
    info.set({ version, revision, goversion: `node${process.versions.node}` }, 1);
  }
}

/** A metric that the registry asks for its samples, instead of one that is told each value. */
function countedMetric(family: QueryFamily, counts: QueryCounts): Metric {
  const { name, help, type } = family;
  const metric = { name, get: async () => ({ name, help, type, values: counts.samplesOf(family) }) };
  // The registry reads only these two members, but its types know nothing between Counter and Histogram.
  return metric as unknown as Metric;
}
