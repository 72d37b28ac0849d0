/**
 * The numbers that are scraped: prom-client lives behind this one file.
 *
 * Names, labels and bucket edges are CoreDNS's (plugins prometheus and kubernetes), so that dashboards and alerts
 * keep working. Of CoreDNS's set one family is missing on purpose: `…rest_client_rate_limiter_duration_seconds`,
 * since our list and watch calls pass no rate limiter.
 */

import type { Metric } from "prom-client";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ObservedQuery, QueryFamily } from "./query-counts.ts";
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

/** From 1 ms, doubling, to nine minutes. */
const programmingEdgesSeconds = Array.from({ length: 20 }, (_, doublings) => 0.001 * 2 ** doublings);

/** All metrics of one process, in a registry of their own, so that two never meet in a test. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #queries = new QueryCounts();
  readonly #panics: Counter;
  readonly #enabledPlugins: Gauge<"server" | "zone" | "view" | "name">;
  readonly #programmingDuration: Histogram<"service_kind">;
  readonly #restCallDuration: Histogram<"verb" | "host">;
  readonly #restCalls: Counter<"code" | "method" | "host">;

  constructor(build: BuildInfo) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
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
    this.#programmingDuration = new Histogram({
      name: "coredns_kubernetes_dns_programming_duration_seconds",
      help: "Time from the change of a Service's endpoints until queries are answered by it.",
      labelNames: ["service_kind"],
      buckets: programmingEdgesSeconds,
      registers,
    });
    this.#restCallDuration = new Histogram({
      name: "coredns_kubernetes_rest_client_request_duration_seconds",
      help: "Time until the Kubernetes API answered.",
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

  /** Counts one query. The only one of these on the per-query path: see `query-counts.ts` for what it costs. */
  queryObserved(query: ObservedQuery): void {
    this.#queries.observe(query);
  }

  panicObserved(): void {
    this.#panics.inc();
  }

  /** `seconds` since `endpoints.kubernetes.io/last-change-trigger-time`; only after the first sync, or it measures the start. */
  programmingDurationObserved(serviceKind: "cluster_ip" | "headless_with_selector", seconds: number): void {
    this.#programmingDuration.observe({ service_kind: serviceKind }, seconds);
  }

  restClientRequestObserved({ verb, host, code, method, durationSeconds }: ObservedRestCall): void {
    this.#restCallDuration.observe({ verb, host }, durationSeconds);
    this.#restCalls.inc({ code, method, host });
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
