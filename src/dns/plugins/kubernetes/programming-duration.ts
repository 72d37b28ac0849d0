/**
 * How late DNS is, as Kubernetes measures it (SIG Scalability, "DNS programming latency"): from the change of endpoints,
 * which the writer of a slice has noted in it, until this server answers by it.
 */

import type { EndpointSlice, Service } from "../../../cluster/objects.ts";
import type { Change, Cluster } from "../../../cluster/store.ts";
import type { HistogramOf, Instruments } from "../plugin.ts";

/** A millisecond to a quarter of an hour and more. */
const buckets = Array.from({ length: 20 }, (_, exponent) => 0.001 * 2 ** exponent);

/** Measures every change of a slice of a known Service from now on. Returns the function that ends it. */
export function measureProgramming(cluster: Cluster, instruments: Instruments): () => void {
  const histogram = instruments.histogram(
    "coredns_kubernetes_dns_programming_duration_seconds",
    "Time from the change of a Service's endpoints until queries are answered by it.",
    ["service_kind"],
    buckets,
  );
  return cluster.onChange(change => measureChange(cluster, histogram, change));
}

function measureChange(cluster: Cluster, histogram: HistogramOf<"service_kind">, change: Change): void {
  if (change.kind !== "EndpointSlice" || !cluster.isSynced("EndpointSlice")) return;
  const slice = (change.after ?? change.before) as EndpointSlice;
  const service = cluster.service(slice.namespace, slice.serviceName);
  if (slice.changeTriggeredAtMs === undefined || service === undefined) return;
  // The annotation is of another machine's clock.
  const seconds = Math.max(0, Date.now() - slice.changeTriggeredAtMs) / 1000;
  histogram.observe({ service_kind: kindOf(service) }, seconds);
}

/** CoreDNS names all three and takes every headless Service for one with a selector. */
function kindOf({ isHeadless, selector }: Service): string {
  if (!isHeadless) return "cluster_ip";
  return selector === undefined ? "headless_without_selector" : "headless_with_selector";
}
