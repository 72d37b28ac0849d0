/** The metrics of kube-proxy in mode nftables, under its names, so that dashboards and alerts keep working. */

import type { IPFamily } from "../cluster/objects.ts";
import type { Instruments } from "../observe/instruments.ts";

export interface FinishedSync {
  readonly family: IPFamily;
  /** Everything was built, or changes only. */
  readonly extent: "full" | "partial";
  readonly durationSeconds: number;
}

/** 1 ms to 16 s. */
const syncEdgesSeconds = Array.from({ length: 15 }, (_, doublings) => 0.001 * 2 ** doublings);

/** Those of the scalability objective for network programming: fine up to a minute, coarse up to five. */
const programmingEdgesSeconds = [
  ...[0.25, 0.5],
  ...evenly(1, 1, 59),
  ...evenly(60, 5, 12),
  ...evenly(120, 30, 7),
];

export class ProxyMetrics {
  readonly #nowMs: () => number;
  readonly #metrics: ReturnType<typeof register>;
  #pendingEndpointChanges = 0;
  #pendingServiceChanges = 0;

  constructor(instruments: Instruments, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#metrics = register(instruments);
    this.changesTaken();
  }

  endpointsChanged(): void {
    this.#metrics.endpointChanges.inc({});
    this.#metrics.endpointChangesPending.set({}, ++this.#pendingEndpointChanges);
  }

  serviceChanged(): void {
    this.#metrics.serviceChanges.inc({});
    this.#metrics.serviceChangesPending.set({}, ++this.#pendingServiceChanges);
  }

  /** A sync begins that covers every change so far. */
  changesTaken(): void {
    this.#pendingEndpointChanges = 0;
    this.#pendingServiceChanges = 0;
    this.#metrics.endpointChangesPending.set({}, 0);
    this.#metrics.serviceChangesPending.set({}, 0);
  }

  syncQueued(family: IPFamily): void {
    this.#metrics.lastQueued.set({ ip_family: family }, this.#nowMs() / 1000);
  }

  /** The rules of a family are in force. */
  syncSucceeded({ family, extent, durationSeconds }: FinishedSync): void {
    const labels = { ip_family: family };
    const { syncDuration, fullSyncDuration, partialSyncDuration, lastSync } = this.#metrics;
    syncDuration.observe(labels, durationSeconds);
    (extent === "full" ? fullSyncDuration : partialSyncDuration).observe(labels, durationSeconds);
    lastSync.set(labels, this.#nowMs() / 1000);
  }

  syncFailed(family: IPFamily): void {
    this.#metrics.syncFailures.inc({ ip_family: family });
  }

  /** What is no longer used could not be deleted. */
  cleanupFailed(family: IPFamily): void {
    this.#metrics.cleanupFailures.inc({ ip_family: family });
  }

  /** The rules show changes of endpoints that happened at these times, milliseconds since 1970. */
  programmed(family: IPFamily, triggeredAtMs: readonly number[]): void {
    for (const timeMs of triggeredAtMs) {
      // The time is of another machine's clock.
      const seconds = Math.max(0, this.#nowMs() - timeMs) / 1000;
      this.#metrics.networkProgramming.observe({ ip_family: family }, seconds);
    }
  }

  /** How many Service ports have endpoints, but none on this node, which is all they may use. */
  setPortsWithoutLocalEndpoints(family: IPFamily, policy: "internal" | "external", count: number): void {
    this.#metrics.noLocalEndpoints.set({ traffic_policy: policy, ip_family: family }, count);
  }

  healthzAnswered(status: number): void {
    this.#metrics.healthz.inc({ code: String(status) });
  }

  livezAnswered(status: number): void {
    this.#metrics.livez.inc({ code: String(status) });
  }

  conntrackCleaned(family: IPFamily, durationSeconds: number, deletedCount: number): void {
    this.#metrics.conntrackDuration.observe({ ip_family: family }, durationSeconds);
    this.#metrics.conntrackDeleted.inc({ ip_family: family }, deletedCount);
  }
}

const byFamily = ["ip_family"] as const;

function register(instruments: Instruments) {
  const counter = <Label extends string>(name: string, help: string, labels: readonly Label[]) =>
    instruments.counter(`kubeproxy_${name}`, help, labels);
  const gauge = <Label extends string>(name: string, help: string, labels: readonly Label[]) =>
    instruments.gauge(`kubeproxy_${name}`, help, labels);
  const duration = (name: string, help: string, edges: readonly number[]) =>
    instruments.histogram(`kubeproxy_${name}_seconds`, help, byFamily, edges);
  return {
    syncDuration: duration("sync_proxy_rules_duration", "Time to bring rules up to date.", syncEdgesSeconds),
    fullSyncDuration: duration(
      "sync_full_proxy_rules_duration",
      "Time to build all rules.",
      syncEdgesSeconds,
    ),
    partialSyncDuration: duration(
      "sync_partial_proxy_rules_duration",
      "Time to change the rules that changes of the cluster touch.",
      syncEdgesSeconds,
    ),
    lastSync: gauge(
      "sync_proxy_rules_last_timestamp_seconds",
      "Unix time at which rules were last brought up to date.",
      byFamily,
    ),
    lastQueued: gauge(
      "sync_proxy_rules_last_queued_timestamp_seconds",
      "Unix time of the last change that rules had to follow.",
      byFamily,
    ),
    networkProgramming: duration(
      "network_programming_duration",
      "Time from the change of a Service's endpoints until the rules show it.",
      programmingEdgesSeconds,
    ),
    endpointChangesPending: gauge(
      "sync_proxy_rules_endpoint_changes_pending",
      "Changes of endpoints that no sync has taken up.",
      [],
    ),
    endpointChanges: counter("sync_proxy_rules_endpoint_changes_total", "Changes of endpoints.", []),
    serviceChangesPending: gauge(
      "sync_proxy_rules_service_changes_pending",
      "Changes of Services that no sync has taken up.",
      [],
    ),
    serviceChanges: counter("sync_proxy_rules_service_changes_total", "Changes of Services.", []),
    noLocalEndpoints: gauge(
      "sync_proxy_rules_no_local_endpoints_total",
      "Service ports whose traffic policy is Local and that have endpoints on other nodes only.",
      ["traffic_policy", "ip_family"],
    ),
    syncFailures: counter(
      "sync_proxy_rules_nftables_sync_failures_total",
      "Transactions that nft refused.",
      byFamily,
    ),
    cleanupFailures: counter(
      "sync_proxy_rules_nftables_cleanup_failures_total",
      "Times that what is no longer used could not be deleted.",
      byFamily,
    ),
    healthz: counter("proxy_healthz_total", "Answers of /healthz by status.", ["code"]),
    livez: counter("proxy_livez_total", "Answers of /livez by status.", ["code"]),
    conntrackDuration: duration(
      "conntrack_reconciler_sync_duration",
      "Time to find and delete UDP flows of removed endpoints.",
      syncEdgesSeconds,
    ),
    conntrackDeleted: counter(
      "conntrack_reconciler_deleted_entries_total",
      "UDP flows of removed endpoints that were deleted.",
      byFamily,
    ),
  };
}

function evenly(start: number, step: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => start + i * step);
}
