/** The numbers of several processes, as one. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lastingCounts, type MetricSnapshot, scrapeTogether } from "../../src/observe/metric-registry.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { parseExposition } from "./exposition.ts";

/** A process that has counted so many. */
async function snapshot(queries: number): Promise<MetricSnapshot> {
  const metrics = new Metrics({ version: "1", revision: "" });
  for (let index = 0; index < queries; index++) {
    metrics.observe({
      ...{ server: "dns://:53", zone: ".", protocol: "udp", family: "1", type: 1, rcode: 0, plugin: "hosts" },
      ...{ isDnssecOk: false, requestSizeBytes: 40, responseSizeBytes: 60, durationSeconds: 0.001 },
    });
  }
  metrics.setEnabledPlugins([{ server: "dns://:53", zone: ".", plugin: "hosts" }]);
  metrics.gauge("coredns_cache_entries", "Entries.", ["type"]).set({ type: "success" }, 10 * queries);
  return structuredClone(await metrics.snapshot());
}

async function valuesIn(snapshots: readonly MetricSnapshot[]) {
  const families = parseExposition((await scrapeTogether(snapshots)).body);
  return (name: string) => {
    const family = families.get(name) ?? families.get(name.replace(/_(?:count|sum|bucket)$/, ""));
    return family?.samples.filter(sample => sample.name === name).map(({ value }) => value);
  };
}

describe("numbers of processes", () => {
  test("counters, histograms and entries add up, what all say alike counts once", async () => {
    const values = await valuesIn([await snapshot(2), await snapshot(3)]);
    assert.deepEqual(values("coredns_dns_requests_total"), [5]);
    assert.deepEqual(values("coredns_dns_request_duration_seconds_count"), [5]);
    assert.deepEqual(values("coredns_dns_request_duration_seconds_bucket")?.at(-1), 5);
    assert.deepEqual(values("coredns_dns_request_size_bytes_sum"), [200]);
    assert.deepEqual(values("coredns_cache_entries"), [50]);
    assert.deepEqual(values("coredns_build_info"), [1]);
    assert.deepEqual(values("coredns_plugin_enabled"), [1]);
    assert.equal(values("process_start_time_seconds")?.length, 1);
  });

  test("what a process has counted stays when it is gone, what it held does not", async () => {
    const lasting = await lastingCounts([await lastingCounts([await snapshot(2)]), await snapshot(3)]);
    const values = await valuesIn([await snapshot(4), lasting]);
    assert.deepEqual(values("coredns_dns_requests_total"), [9]);
    assert.deepEqual(values("coredns_dns_response_size_bytes_count"), [9]);
    assert.deepEqual(values("coredns_cache_entries"), [40]);
    assert.deepEqual(values("coredns_plugin_enabled"), [1]);
  });

  test("the page of one process is the same with and without being put together", async () => {
    const metrics = new Metrics({ version: "1", revision: "" });
    const names = (text: string) =>
      text.split("\n").filter(line => line.startsWith("#") || /^coredns_/.test(line));
    const alone = await metrics.scrape();
    const together = await scrapeTogether([await metrics.snapshot()]);
    assert.deepEqual(names(together.body), names(alone.body));
    assert.equal(together.contentType, alone.contentType);
  });
});
