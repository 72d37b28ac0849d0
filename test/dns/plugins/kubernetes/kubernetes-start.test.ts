/** How `kubernetes` starts: what it asks for, how long it waits, what it says meanwhile. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { kubernetes } from "../../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { readSearchList } from "../../../../src/dns/plugins/kubernetes/search-list.ts";
import type { ClusterRequest, Layer, OpenCluster, PluginHost } from "../../../../src/dns/plugins/plugin.ts";
import { PluginStartError } from "../../../../src/dns/plugins/plugin.ts";
import { storeOf } from "../../zone/zone-case.ts";

interface Start {
  readonly lines: readonly string[];
  readonly requests: readonly ClusterRequest[];
  run(): Promise<Layer>;
}

function prepare(options: string, open: (request: ClusterRequest) => OpenCluster): Start {
  const files = { read: () => undefined, glob: () => [] };
  const text = `. {\n kubernetes cluster.local set.local {\n ${options}\n }\n}`;
  const blocks = parseCorefile({ file: "Corefile", text, files, environment: {} });
  const config = planCorefile(blocks, { plugins: [kubernetes], others: {} }).blocks[0]?.entries[0]?.config;
  const lines: string[] = [];
  const requests: ClusterRequest[] = [];
  const host: PluginHost = {
    log: pino(
      { base: null },
      { write: line => lines.push(`${pino.levels.labels[JSON.parse(line).level]} ${JSON.parse(line).msg}`) },
    ),
    at: { file: "Corefile", line: 2, column: 2 },
    zones: [[]],
    path: name => `/root/${name}`,
    now: () => 0,
    queries: { observe: () => {}, tallyOf: () => ({ count: () => {} }) },
    writeLogLine: () => {},
    instruments: {
      counter: () => ({ inc: () => {}, at: () => ({ inc: () => {} }) }),
      gauge: () => ({ set: () => {}, remove: () => {} }),
      histogram: () => ({ observe: () => {}, at: () => ({ observe: () => {} }) }),
    },
    openCluster: async request => {
      requests.push(request);
      return open(request);
    },
  };
  return { lines, requests, run: async () => (await kubernetes.start?.(config, host)) as Layer };
}

function syncedCluster(): OpenCluster {
  return { cluster: storeOf([]), missing: () => [], synced: Promise.resolve(), close: () => {} };
}

const requestCases: readonly (readonly [options: string, request: Partial<ClusterRequest>])[] = [
  ["ttl 5", { access: undefined, kinds: ["Namespace", "Service", "EndpointSlice"] }],
  ["pods verified", { kinds: ["Namespace", "Service", "EndpointSlice", "Pod"] }],
  ["noendpoints", { kinds: ["Namespace", "Service"] }],
  ["multicluster set.local", { kinds: ["Namespace", "Service", "EndpointSlice", "ServiceImport"] }],
  [
    "noendpoints\n multicluster set.local",
    { kinds: ["Namespace", "Service", "ServiceImport", "EndpointSlice"] },
  ],
  ["labels a in (b, c)\n namespace_labels d", { labelSelector: "a in (b, c)", namespaceLabelSelector: "d" }],
  ["kubeconfig file admin", { access: { kubeconfig: "/root/file", context: "admin" } }],
  [
    "endpoint https://api:6443\n tls c k a",
    { access: { endpoint: "https://api:6443", tls: { cert: "/root/c", key: "/root/k", ca: "/root/a" } } },
  ],
];
for (const [options, expected] of requestCases) {
  test(`"${options.replaceAll("\n", ";")}" asks the API server for what it needs`, async () => {
    const start = prepare(options, syncedCluster);
    await start.run();
    assert.deepEqual({ ...start.requests[0], ...expected }, start.requests[0]);
  });
}

test("a cluster that is synced lets the server start at once and ready", async () => {
  const start = prepare("startup_timeout 1h", syncedCluster);
  const layer = await start.run();
  assert.deepEqual(layer.notReady?.(), []);
  assert.deepEqual(start.lines, []);
});

test("waiting is said every half second, then the server starts, says what is missing, and is ready later", async (t: TestContext) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  let missing: readonly string[] = ["waiting for services: listing"];
  let isClosed = false;
  const opened = Promise.withResolvers<void>();
  const start = prepare("startup_timeout 1100ms", () => {
    setImmediate(opened.resolve);
    return { cluster: storeOf([], []), missing: () => missing, synced, close: () => (isClosed = true) };
  });
  const running = start.run();
  await opened.promise;
  t.mock.timers.tick(1100);
  const layer = await running;
  t.mock.timers.tick(5_000);
  assert.equal(start.lines.length, 3, "waiting is over");
  assert.deepEqual(
    start.lines.slice(0, 2),
    Array(2).fill("info waiting for Kubernetes API before starting server"),
  );
  assert.match(
    start.lines[2] ?? "",
    /^warn starting server with unsynced Kubernetes API; .*: waiting for services/,
  );
  assert.deepEqual(layer.notReady?.(), missing);
  missing = [];
  resolve();
  await synced;
  await new Promise(setImmediate);
  assert.match(start.lines[3] ?? "", /^info .*synced/);
  assert.deepEqual(layer.notReady?.(), []);
  missing = ["services: the API server is gone"];
  assert.deepEqual(layer.notReady?.(), [], "what has been ready stays so");
  await layer.close?.();
  assert.ok(isClosed);
});

test("no way to an API server ends the start at the directive's place", async () => {
  const start = prepare("ttl 5", () => {
    throw Object.assign(new Error("x"), { what: "no such file", remedy: "pass one" });
  });
  await assert.rejects(start.run(), (error: unknown) => {
    assert.ok(error instanceof PluginStartError);
    assert.deepEqual([error.at.line, error.what, error.remedy], [2, "no such file", "pass one"]);
    return true;
  });
});

test("the search list of a resolv.conf is the last that is written, names that are none left out", async t => {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-search-"));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, "resolv.conf");
  await writeFile(
    file,
    "domain old.test\nnameserver 10.0.0.1\nsearch Corp.Example a..b example.org.\noptions x\n",
  );
  assert.deepEqual(await readSearchList(file), [
    ["corp", "example"],
    ["example", "org"],
  ]);
  assert.deepEqual(await readSearchList(join(directory, "none")), []);
});
