/** What is counted of queries does not depend on the way they take. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { errors } from "../../../src/dns/plugins/errors.ts";
import { kubernetes } from "../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { loadbalance } from "../../../src/dns/plugins/loadbalance/loadbalance.ts";
import { prometheus } from "../../../src/dns/plugins/prometheus.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { startRig } from "../plugins/rig.ts";
import { Answering, loadedStore } from "./answering.ts";

const questions = [
  ["web.shop.svc.cluster.local. A", {}],
  ["WEB.shop.svc.cluster.local. A", {}],
  ["web.shop.svc.cluster.local. AAAA", { edns: { isDnssecOk: true } }],
  ["web.shop.svc.cluster.local. HTTPS", { edns: { udpSizeBytes: 4096 } }],
  ["nobody.shop.svc.cluster.local. A", {}],
  ["cluster.local. AXFR", {}],
  ["www.example.net. A", {}],
] as const;

async function countedLines(usesShortcut: boolean): Promise<{ lines: readonly string[]; hits: number }> {
  const metrics = new Metrics({ version: "1", revision: "" });
  const store = loadedStore([
    fixtures.namespace("shop"),
    fixtures.service("shop", "web", { clusterIPs: ["10.96.0.1"] }),
  ]);
  const corefile = ". {\n prometheus\n errors\n loadbalance\n kubernetes cluster.local\n}";
  const plugins = [prometheus, errors, loadbalance, kubernetes];
  const rig = await startRig(corefile, { plugins, store, queries: metrics });
  const answering = new Answering(rig, { usesShortcut });
  for (let round = 0; round < 40; round++) {
    for (const [question, options] of questions) await answering.ask(buildQuery(question, options));
  }
  await rig.close();
  const { body } = await metrics.scrape();
  // How long it took is the one thing that may differ.
  const isCompared = (line: string) =>
    line.startsWith("coredns_dns_") && !/duration_seconds_(sum|bucket)/.test(line);
  return { lines: body.split("\n").filter(isCompared).toSorted(), hits: answering.hits };
}

test("counters and sizes are the same with the shortcut and without it", async () => {
  const [quick, plain] = [await countedLines(true), await countedLines(false)];
  assert.deepEqual(quick.lines, plain.lines);
  // Four of the questions have a reply that is kept; one is asked in two spellings.
  assert.deepEqual([quick.hits, plain.hits], [5 * 40 - 4 * 2, 0]);
});

test("each query that takes the shortcut has a duration", async () => {
  const { lines } = await countedLines(true);
  const count = 'coredns_dns_request_duration_seconds_count{server="dns://:53",zone=".",view=""} 280';
  assert.ok(lines.includes(count), lines.join("\n"));
});
