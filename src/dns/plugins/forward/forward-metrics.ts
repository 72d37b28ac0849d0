/** The metrics of `forward`, under the names that CoreDNS gives them. */

import type { Instruments } from "../plugin.ts";

/** 0.25 ms to 8.2 s. */
const durationEdgesSeconds = Array.from({ length: 16 }, (_, doublings) => 0.00025 * 2 ** doublings);

const proxyLabels = ["proxy_name", "to"] as const;

export type ForwardMetrics = ReturnType<typeof forwardMetrics>;

export function forwardMetrics(instruments: Instruments) {
  return {
    healthcheckBroken: instruments.counter(
      "coredns_forward_healthcheck_broken_total",
      "Queries that came while all upstreams were down.",
      [],
    ),
    maxConcurrentRejects: instruments.counter(
      "coredns_forward_max_concurrent_rejects_total",
      "Queries refused because max_concurrent were under way.",
      [],
    ),
    requestDuration: instruments.histogram(
      "coredns_proxy_request_duration_seconds",
      "Time from a query to an upstream's reply.",
      [...proxyLabels, "rcode"],
      durationEdgesSeconds,
    ),
    healthcheckFailures: instruments.counter(
      "coredns_proxy_healthcheck_failures_total",
      "Health checks that got no reply.",
      proxyLabels,
    ),
    connectionHits: instruments.counter(
      "coredns_proxy_conn_cache_hits_total",
      "Exchanges over a connection that was open already.",
      [...proxyLabels, "proto"],
    ),
    connectionMisses: instruments.counter(
      "coredns_proxy_conn_cache_misses_total",
      "Exchanges that opened a connection.",
      [...proxyLabels, "proto"],
    ),
  };
}
