import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { ClusterConnections } from "../../src/cli/cluster-connections.ts";
import type { ClusterRequest } from "../../src/dns/plugins/plugin.ts";
import type { ObservedRestCall } from "../../src/observe/metrics.ts";
import { TestApiServer } from "../support/api-server.ts";
import { namespace, service } from "../support/cluster-fixtures.ts";

const timeout = 10_000;
const request: ClusterRequest = { access: undefined, kinds: ["Service", "Namespace"] };

interface Rig {
  readonly api: TestApiServer;
  readonly clusters: ClusterConnections;
  readonly calls: readonly ObservedRestCall[];
  readonly kubeconfig: string;
  /** Lists of this resource that the API server was asked for. */
  lists(resource: string): number;
  when(condition: () => boolean): Promise<void>;
}

async function start(context: TestContext): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-clusters-"));
  const api = await TestApiServer.start();
  context.after(async () => {
    await api.close();
    await rm(directory, { recursive: true });
  });
  api.load([namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })]);
  const kubeconfig = await api.writeKubeconfig(directory);
  const calls: ObservedRestCall[] = [];
  const clusters = new ClusterConnections({
    kubeconfig,
    context: undefined,
    onRequest: call => void calls.push(call),
    log: pino({ level: "silent" }),
  });
  return {
    api,
    clusters,
    calls,
    kubeconfig,
    lists: resource =>
      api.requests.filter(one => one.verb === "list" && one.resource?.name === resource).length,
    when: async condition => {
      while (!condition()) await delay(1);
    },
  };
}

test("equal wishes share one store and one set of lists, from one block or from several", {
  timeout,
}, async context => {
  const { clusters, lists } = await start(context);
  const [first, second] = await Promise.all([clusters.open(request), clusters.open({ ...request })]);
  const third = await clusters.open(request);
  await third.synced;
  assert.equal(first.cluster, second.cluster);
  assert.equal(first.cluster, third.cluster);
  assert.equal(lists("services"), 1);
  assert.equal(first.cluster.service("shop", "web")?.name, "web");
  for (const one of [first, second, third]) one.close();
  await clusters.closed();
});

for (const [what, other] of [
  ["other kinds", { kinds: ["Service"] }],
  ["a selector", { labelSelector: "team=shop" }],
  ["a selector of namespaces", { namespaceLabelSelector: "team=shop" }],
] as const satisfies readonly (readonly [string, Partial<ClusterRequest>])[]) {
  test(`a wish with ${what} has a store of its own`, { timeout }, async context => {
    const { clusters, lists } = await start(context);
    const [one, another] = [await clusters.open(request), await clusters.open({ ...request, ...other })];
    await Promise.all([one.synced, another.synced]);
    assert.notEqual(one.cluster, another.cluster);
    assert.equal(lists("services"), 2);
    one.close();
    another.close();
    await clusters.closed();
  });
}

test("it stays open as long as one of its users does, and the watches end with the last", {
  timeout,
}, async context => {
  const { clusters, api, when } = await start(context);
  const [first, second] = [await clusters.open(request), await clusters.open(request)];
  await when(() => api.watches().length === 2);
  first.close();
  await clusters.closed();
  api.put(service("shop", "late", { clusterIPs: ["10.96.0.11"], ports: ["http 80"] }));
  await when(() => second.cluster.service("shop", "late") !== undefined);
  second.close();
  await clusters.closed();
  await when(() => api.watches().length === 0);
});

test("a wish after the last user is gone is a new connection", { timeout }, async context => {
  const { clusters, lists } = await start(context);
  const before = await clusters.open(request);
  await before.synced;
  before.close();
  const after = await clusters.open(request);
  await after.synced;
  assert.notEqual(before.cluster, after.cluster);
  assert.equal(lists("services"), 2);
  after.close();
  await clusters.closed();
});

test("what is not loaded is named with the API server's words, until it is", { timeout }, async context => {
  const { clusters, api, when } = await start(context);
  const allow = api.fail(
    ({ resource }) => resource?.name === "services",
    { type: "status", code: 403, message: "not for you" },
    Number.POSITIVE_INFINITY,
  );
  const open = await clusters.open(request);
  let isSynced = false;
  void open.synced.then(() => {
    isSynced = true;
  });
  await when(() => /^waiting for services: 403 .*not for you$/.test(open.missing().join()));
  assert.deepEqual(clusters.missing(), open.missing());
  assert.equal(isSynced, false);
  allow();
  await open.synced;
  assert.deepEqual(open.missing(), []);
  open.close();
  assert.deepEqual(clusters.missing(), []);
  await clusters.closed();
});

test("calls to the API server are observed with method, host and code", { timeout }, async context => {
  const { clusters, calls, api } = await start(context);
  const open = await clusters.open(request);
  await open.synced;
  const [call] = calls;
  assert.deepEqual(
    [call?.method, call?.verb, call?.code, call?.host],
    ["GET", "GET", "200", new URL(api.url).host],
  );
  open.close();
  await clusters.closed();
});

test("an attempt that fails does not stand in the way of the next", { timeout }, async context => {
  const { kubeconfig, clusters } = await start(context);
  const elsewhere: ClusterRequest = {
    ...request,
    access: { kubeconfig: `${kubeconfig}.moved`, context: undefined },
  };
  await assert.rejects(clusters.open(elsewhere), /kubeconfig\.moved/);
  await copyFile(kubeconfig, `${kubeconfig}.moved`);
  const open = await clusters.open(elsewhere);
  await open.synced;
  open.close();
  await clusters.closed();
});
