/**
 * The numbers of a DNS server.
 *
 * Names, labels and bucket edges are CoreDNS's (plugins prometheus and kubernetes), so that dashboards and alerts
 * keep working.
 */

import type { CountedQuery, Tally } from "../dns/plugins/plugin.ts";
import type { CounterOf, GaugeOf, HistogramOf } from "./instruments.ts";
import { MetricRegistry } from "./metric-registry.ts";
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

/** As client-go has them. */
const requestEdgesSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class Metrics extends MetricRegistry {
  readonly #queries = new QueryCounts();
  readonly #panics: CounterOf<never>;
  readonly #pluginEnabled: GaugeOf<"server" | "zone" | "view" | "name">;
  readonly #restCallDuration: HistogramOf<"verb" | "host">;
  readonly #restCallLimiterDuration: HistogramOf<"verb" | "host">;
  readonly #restCalls: CounterOf<"code" | "method" | "host">;
  #enabledPlugins: readonly EnabledPlugin[] = [];

  constructor(build: BuildInfo) {
    super();
    this.#publishBuild(build);
    for (const family of queryFamilies) {
      this.collect({ ...family, samples: () => this.#queries.samplesOf(family) });
    }
    this.#panics = this.counter(
      "coredns_panics_total",
      "Queries whose handling ended in an unexpected exception.",
      [],
    );
    this.#pluginEnabled = this.gauge(
      "coredns_plugin_enabled",
      "1 for each plugin that a server runs for a zone.",
      ["server", "zone", "view", "name"],
    );
    this.#restCallDuration = this.histogram(
      "coredns_kubernetes_rest_client_request_duration_seconds",
      "Time until the Kubernetes API answered.",
      ["verb", "host"],
      requestEdgesSeconds,
    );
    this.#restCallLimiterDuration = this.histogram(
      "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
      "Time that calls to the Kubernetes API were held back here: none are.",
      ["verb", "host"],
      requestEdgesSeconds,
    );
    this.#restCalls = this.counter(
      "coredns_kubernetes_rest_client_requests_total",
      "Calls to the Kubernetes API, by status code, method and host.",
      ["code", "method", "host"],
    );
  }

  /** Counts one query: see `query-counts.ts` for what it costs. */
  observe(query: CountedQuery): void {
    this.#queries.observe(query);
  }

  /** Counts queries that differ from this one in their duration and sizes only. */
  tallyOf(query: CountedQuery): Tally {
    return this.#queries.tallyOf(query);
  }

  panicObserved(): void {
    this.#panics.inc({});
  }

  restClientRequestObserved({ verb, host, code, method, durationSeconds }: ObservedRestCall): void {
    this.#restCallLimiterDuration.observe({ verb, host }, 0);
    this.#restCallDuration.observe({ verb, host }, durationSeconds);
    this.#restCalls.inc({ code, method, host });
  }

  /** The whole set: what an earlier call enabled and this one does not name is gone. */
  setEnabledPlugins(plugins: readonly EnabledPlugin[]): void {
    for (const plugin of this.#enabledPlugins) this.#pluginEnabled.remove(labelsOf(plugin));
    for (const plugin of plugins) this.#pluginEnabled.set(labelsOf(plugin), 1);
    this.#enabledPlugins = plugins;
  }

  /** The label is called goversion because dashboards group by that name; what it tells is the runtime's version. */
  #publishBuild({ version, revision }: BuildInfo): void {
    const info = this.gauge(
      "coredns_build_info",
      "Always 1; the labels tell version and revision of the program and the version of its runtime.",
      ["version", "revision", "goversion"],
    );
    info.set({ version, revision, goversion: `node${process.versions.node}` }, 1);
  }
}

function labelsOf({ server, zone, plugin }: EnabledPlugin) {
  return { server, zone, view: "", name: plugin };
}
