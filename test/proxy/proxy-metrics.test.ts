import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MetricRegistry } from "../../src/observe/metric-registry.ts";
import { ProxyMetrics } from "../../src/proxy/proxy-metrics.ts";
import { type ExposedFamily, parseExposition } from "../observe/exposition.ts";

const nowMs = 1_767_000_000_500;

/** The families under kubeproxy_ after something was measured. */
async function familiesAfter(measure: (metrics: ProxyMetrics) => void): Promise<Map<string, ExposedFamily>> {
  const registry = new MetricRegistry();
  measure(new ProxyMetrics(registry, () => nowMs));
  const families = parseExposition((await registry.scrape()).body);
  return new Map([...families].filter(([name]) => name.startsWith("kubeproxy_")));
}

function measureEverything(metrics: ProxyMetrics): void {
  metrics.serviceChanged();
  metrics.endpointsChanged();
  metrics.syncQueued("IPv4");
  metrics.syncSucceeded({ family: "IPv4", extent: "full", durationSeconds: 0.5 });
  metrics.syncSucceeded({ family: "IPv4", extent: "partial", durationSeconds: 0.01 });
  metrics.syncFailed("IPv6");
  metrics.cleanupFailed("IPv6");
  metrics.programmed("IPv4", [nowMs - 1500]);
  metrics.setPortsWithoutLocalEndpoints("IPv4", "internal", 3);
  metrics.healthzAnswered(200);
  metrics.livezAnswered(503);
  metrics.conntrackCleaned("IPv4", 0.02, 7);
}

function describeFamily({ name, type, samples }: ExposedFamily): string {
  const labels = new Set(samples.flatMap(sample => Object.keys(sample.labels)).filter(one => one !== "le"));
  const edges = new Set(samples.map(({ labels }) => labels.le).filter(edge => edge && edge !== "+Inf"));
  return [name, type, [...labels].join() || "-", [...edges].join() || "-"].join(" ");
}

function sampleValue(families: Map<string, ExposedFamily>, name: string, labels = ""): number | undefined {
  const family = [...families.values()].find(one => name.startsWith(one.name));
  const matches = (found: Readonly<Record<string, string>>) => Object.values(found).join() === labels;
  return family?.samples.find(sample => sample.name === name && matches(sample.labels))?.value;
}

test("ProxyMetrics export names, types, labels and edges of kube-proxy, and nothing else", async () => {
  const list = readFileSync(new URL("kubeproxy-metrics.txt", import.meta.url), "utf8");
  const contract = list.split("\n").filter(line => line !== "" && !line.startsWith("#"));
  const families = await familiesAfter(measureEverything);
  assert.deepEqual([...families.values()].map(describeFamily).sort(), contract.sort());
});

test("ProxyMetrics tell what was measured", async () => {
  const families = await familiesAfter(measureEverything);
  const value = (name: string, labels?: string) => sampleValue(families, `kubeproxy_${name}`, labels);
  assert.deepEqual(
    [
      value("sync_proxy_rules_duration_seconds_count", "IPv4"),
      value("sync_full_proxy_rules_duration_seconds_sum", "IPv4"),
      value("sync_partial_proxy_rules_duration_seconds_sum", "IPv4"),
      value("sync_proxy_rules_last_timestamp_seconds", "IPv4"),
      value("network_programming_duration_seconds_sum", "IPv4"),
      value("sync_proxy_rules_no_local_endpoints_total", "internal,IPv4"),
      value("conntrack_reconciler_deleted_entries_total", "IPv4"),
      value("proxy_livez_total", "503"),
    ],
    [2, 0.5, 0.01, nowMs / 1000, 1.5, 3, 7, 1],
  );
});

test("ProxyMetrics changes are pending until a sync takes them and are counted for good", async () => {
  const names = [
    "kubeproxy_sync_proxy_rules_endpoint_changes_pending",
    "kubeproxy_sync_proxy_rules_endpoint_changes_total",
    "kubeproxy_sync_proxy_rules_service_changes_pending",
    "kubeproxy_sync_proxy_rules_service_changes_total",
  ];
  const change = (metrics: ProxyMetrics) => {
    metrics.endpointsChanged();
    metrics.endpointsChanged();
    metrics.serviceChanged();
  };
  const before = await familiesAfter(change);
  const after = await familiesAfter(metrics => {
    change(metrics);
    metrics.changesTaken();
  });
  assert.deepEqual(
    [before, after].map(families => names.map(name => sampleValue(families, name))),
    [
      [2, 2, 1, 1],
      [0, 2, 0, 1],
    ],
  );
});

test("ProxyMetrics programmed with a clock ahead of ours measures no negative time", async () => {
  const families = await familiesAfter(metrics => metrics.programmed("IPv6", [nowMs + 5000]));
  assert.equal(sampleValue(families, "kubeproxy_network_programming_duration_seconds_sum", "IPv6"), 0);
});
