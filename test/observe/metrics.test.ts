import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CountedQuery } from "../../src/dns/plugins/plugin.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import type { ExposedFamily, ExposedSample } from "./exposition.ts";
import { parseExposition } from "./exposition.ts";
import { metricContracts } from "./metric-contracts.ts";

const query: CountedQuery = {
  server: "dns://:53",
  zone: "cluster.local.",
  protocol: "udp",
  family: "1",
  type: 1,
  rcode: 0,
  isDnssecOk: false,
  requestSizeBytes: 65,
  responseSizeBytes: 110,
  durationSeconds: 0.0001,
  plugin: "kubernetes",
};

/** What plugins count, they register themselves; the whole list is held by the metrics of the conformance suite. */
const contract = metricContracts.filter(({ name }) =>
  /^coredns_(?:build|panics|plugin|dns_(?!https)|kubernetes_rest)/.test(name),
);

async function scrape(metrics: Metrics): Promise<Map<string, ExposedFamily>> {
  return parseExposition((await metrics.scrape()).body);
}

function newMetrics(): Metrics {
  return new Metrics({ version: "0.1.0", revision: "abc123" });
}

/** Everything counted once, so that every family has at least one series. */
function busyMetrics(): Metrics {
  const metrics = newMetrics();
  metrics.observe({ ...query, isDnssecOk: true });
  metrics.panicObserved();
  metrics.setEnabledPlugins([{ server: "dns://:53", zone: "cluster.local.", plugin: "kubernetes" }]);
  metrics.restClientRequestObserved({
    verb: "GET",
    host: "10.96.0.1:443",
    code: "200",
    method: "GET",
    durationSeconds: 0.02,
  });
  return metrics;
}

function valuesOf(family: ExposedFamily | undefined, wanted: Record<string, string>, name = family?.name) {
  const isWanted = (sample: ExposedSample) =>
    sample.name === name && Object.entries(wanted).every(([label, value]) => sample.labels[label] === value);
  return family?.samples.filter(isWanted).map(sample => sample.value);
}

test("metrics keep CoreDNS's names, types, labels and bucket edges", async () => {
  const families = await scrape(busyMetrics());
  for (const { name, type, labels, edges } of contract) {
    const family = families.get(name);
    assert.ok(family, `${name} is missing`);
    assert.equal(family.type, type, name);
    assert.notEqual(family.samples.length, 0, `${name} has no series`);
    for (const sample of family.samples) {
      const expected = sample.name.endsWith("_bucket") ? [...labels, "le"] : labels;
      assert.deepEqual(Object.keys(sample.labels).sort(), [...expected].sort(), sample.name);
    }
    const buckets = family.samples.filter(sample => sample.name === `${name}_bucket`);
    assert.deepEqual(
      buckets.map(sample => sample.labels.le),
      type === "histogram" ? [...edges, "+Inf"] : [],
      name,
    );
  }
});

test("metrics export nothing under coredns_ that CoreDNS has not", async () => {
  const names = [...(await scrape(busyMetrics())).keys()].filter(name => name.startsWith("coredns_"));
  assert.deepEqual(names.sort(), contract.map(line => line.name).sort());
});

test("metrics tell memory, processor time and version of the process", async () => {
  const families = await scrape(newMetrics());
  assert.ok(families.has("process_resident_memory_bytes"));
  assert.ok(families.has("process_cpu_seconds_total"));
  const build = { version: "0.1.0", revision: "abc123", goversion: `node${process.versions.node}` };
  assert.deepEqual(families.get("coredns_build_info")?.samples, [
    { name: "coredns_build_info", labels: build, value: 1 },
  ]);
});

test("histograms of any load are cumulative and end in their count", async () => {
  const loads = fc.array(
    fc.record({
      protocol: fc.constantFrom("udp" as const, "tcp" as const),
      durationSeconds: fc.double({ min: 0, max: 20, noNaN: true }),
      requestSizeBytes: fc.nat(70_000),
      responseSizeBytes: fc.nat(70_000),
    }),
    { minLength: 1, maxLength: 30 },
  );
  const check = async (load: readonly Partial<CountedQuery>[]) => {
    const metrics = newMetrics();
    for (const part of load) metrics.observe({ ...query, ...part });
    const families = await scrape(metrics);
    const values = load.map(part => part.durationSeconds as number);
    assertHistogram(families.get("coredns_dns_request_duration_seconds"), {}, values);
    for (const proto of ["udp", "tcp"]) {
      const sizes = load.filter(part => part.protocol === proto).map(part => part.requestSizeBytes as number);
      assertHistogram(families.get("coredns_dns_request_size_bytes"), { proto }, sizes);
    }
  };
  await fc.assert(fc.asyncProperty(loads, check), { numRuns: 30 });
});

/** Compares with the definition: a bucket counts the values that are not above its edge. */
function assertHistogram(
  family: ExposedFamily | undefined,
  labels: Record<string, string>,
  values: readonly number[],
): void {
  assert.ok(family);
  const buckets = family.samples.filter(
    ({ name, labels: found }) =>
      name.endsWith("_bucket") && Object.entries(labels).every(([key, value]) => found[key] === value),
  );
  for (const { labels: found, value } of buckets) {
    const edge = found.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(found.le);
    assert.equal(value, values.filter(one => one <= edge).length, `${family.name} le=${found.le}`);
  }
  const count = values.length === 0 ? [] : [values.length];
  assert.deepEqual(valuesOf(family, labels, `${family.name}_count`), count);
  const [sum = 0] = valuesOf(family, labels, `${family.name}_sum`) ?? [];
  assert.ok(Math.abs(sum - values.reduce((a, b) => a + b, 0)) < 1e-6);
}

test("requests are counted by server, zone, protocol, family and type", async () => {
  const metrics = newMetrics();
  metrics.observe(query);
  metrics.observe(query);
  metrics.observe({ ...query, protocol: "tcp" });
  metrics.observe({ ...query, family: "2", type: 28 });
  metrics.observe({ ...query, zone: "." });
  metrics.observe({ ...query, server: "dns://:1053" });
  const requests = (await scrape(metrics)).get("coredns_dns_requests_total");
  const common = { server: "dns://:53", zone: "cluster.local.", view: "" };
  assert.deepEqual(valuesOf(requests, { ...common, proto: "udp", family: "1", type: "A" }), [2]);
  assert.deepEqual(valuesOf(requests, { ...common, proto: "tcp", family: "1", type: "A" }), [1]);
  assert.deepEqual(valuesOf(requests, { ...common, proto: "udp", family: "2", type: "AAAA" }), [1]);
  assert.deepEqual(valuesOf(requests, { zone: "." }), [1]);
  assert.deepEqual(valuesOf(requests, { server: "dns://:1053" }), [1]);
  assert.equal(requests?.samples.length, 5);
});

for (const [type, label] of [
  [33, "SRV"],
  [50, "NSEC3"],
  [65, "HTTPS"],
  [255, "ANY"],
  [0, "other"],
  [13, "other"],
  [256, "other"],
  [65535, "other"],
] as const) {
  test(`request of type ${type} is labelled ${label}`, async () => {
    const metrics = newMetrics();
    metrics.observe({ ...query, type });
    const [sample] = (await scrape(metrics)).get("coredns_dns_requests_total")?.samples ?? [];
    assert.equal(sample?.labels.type, label);
  });
}

test("responses are counted by rcode as text and by plugin", async () => {
  const metrics = newMetrics();
  for (const rcode of [0, 0, 3, 16, 4000]) metrics.observe({ ...query, rcode });
  metrics.observe({ ...query, rcode: 2, plugin: "" });
  const responses = (await scrape(metrics)).get("coredns_dns_responses_total");
  const found = responses?.samples.map(({ labels, value }) => `${labels.plugin} ${labels.rcode} ${value}`);
  assert.deepEqual(found, [
    "kubernetes NOERROR 2",
    "kubernetes NXDOMAIN 1",
    "kubernetes BADVERS 1",
    "kubernetes RCODE4000 1",
    " SERVFAIL 1",
  ]);
});

test("requests with the DNSSEC OK bit are counted apart", async () => {
  const metrics = newMetrics();
  metrics.observe(query);
  metrics.observe({ ...query, isDnssecOk: true });
  const requests = (await scrape(metrics)).get("coredns_dns_do_requests_total");
  assert.deepEqual(valuesOf(requests, { zone: "cluster.local." }), [1]);
});

test("enabled plugins set anew replace the earlier set", async () => {
  const metrics = newMetrics();
  const server = "dns://:53";
  metrics.setEnabledPlugins([
    { server, zone: ".", plugin: "cache" },
    { server, zone: ".", plugin: "log" },
  ]);
  metrics.setEnabledPlugins([{ server, zone: ".", plugin: "log" }]);
  const enabled = (await scrape(metrics)).get("coredns_plugin_enabled");
  assert.deepEqual(
    enabled?.samples.map(sample => sample.labels),
    [{ server, zone: ".", view: "", name: "log" }],
  );
});

test("label value with quote, backslash and newline survives the exposition", async () => {
  const metrics = newMetrics();
  const zone = 'a"b\\c\nd.';
  metrics.observe({ ...query, zone });
  const [sample] = (await scrape(metrics)).get("coredns_dns_requests_total")?.samples ?? [];
  assert.equal(sample?.labels.zone, zone);
});

test("increments at labels that do not change are added to all others, scrape by scrape", async () => {
  const metrics = newMetrics();
  const labels = { server: "dns://:53" };
  const hits = metrics.counter("hits_total", "Hits.", ["server"]);
  const atServer = hits.at(labels);
  const hitsNow = async () => (await scrape(metrics)).get("hits_total")?.samples.map(({ value }) => value);
  assert.deepEqual(await hitsNow(), []);
  atServer.inc();
  atServer.inc();
  hits.inc(labels, 5);
  // A reload asks for the same metric, and goes on counting.
  metrics
    .counter("hits_total", "Hits.", ["server"])
    .at({ ...labels })
    .inc();
  assert.deepEqual(await hitsNow(), [8]);
  atServer.inc();
  assert.deepEqual(await hitsNow(), [9]);
});

test("a query tallied as one of a kind is counted like any other", async () => {
  const [tallied, observed] = [newMetrics(), newMetrics()];
  const tally = tallied.tallyOf({ ...query, isDnssecOk: true });
  for (let count = 0; count < 3; count += 1) {
    tally.count(100_000, query.requestSizeBytes, query.responseSizeBytes);
    observed.observe({ ...query, isDnssecOk: true });
  }
  const linesOf = async (metrics: Metrics) =>
    (await metrics.scrape()).body.split("\n").filter(line => line.startsWith("coredns_dns_"));
  assert.deepEqual(await linesOf(tallied), await linesOf(observed));
});

test("labels in another order are the same series", async () => {
  const metrics = newMetrics();
  const durations = metrics.histogram("one_seconds", "Some.", ["to", "from"], [1]);
  durations.observe({ to: "a", from: "b" }, 1);
  durations.observe({ from: "b", to: "a" }, 1);
  const one = (await scrape(metrics)).get("one_seconds");
  assert.deepEqual(valuesOf(one, { to: "a" }, "one_seconds_count"), [2]);
});

test("a histogram counts by labels, whichever way it is told, and without labels is there from the beginning", async () => {
  const metrics = newMetrics();
  metrics.histogram("empty_seconds", "Nothing yet.", [], [1]);
  const durations = metrics.histogram("one_seconds", "Some.", ["to"], [1, 2]);
  const cell = metrics.histogram("one_seconds", "Some.", ["to"], [1, 2]).at({ to: "a" });
  durations.observe({ to: "a" }, 1);
  cell.observe(1.5);
  cell.observe(5);
  durations.observe({ to: "b" }, 0.5);
  const families = await scrape(metrics);
  const one = families.get("one_seconds");
  assert.deepEqual(valuesOf(one, { to: "a" }, "one_seconds_bucket"), [1, 2, 3]);
  assert.deepEqual(valuesOf(one, { to: "a" }, "one_seconds_sum"), [7.5]);
  assert.deepEqual(valuesOf(one, { to: "b" }, "one_seconds_count"), [1]);
  assert.deepEqual(valuesOf(families.get("empty_seconds"), {}, "empty_seconds_bucket"), [0, 0]);
});
