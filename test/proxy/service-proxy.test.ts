/** What the back ends are told, and when; what health and metrics say of it. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pino } from "pino";
import type { ClusterObject, IPFamily } from "../../src/cluster/objects.ts";
import { MetricRegistry } from "../../src/observe/metric-registry.ts";
import type { BackEnd, ServicePlans } from "../../src/proxy/back-end.ts";
import { BackEndError } from "../../src/proxy/back-end.ts";
import { ProxyHealth } from "../../src/proxy/health/proxy-health.ts";
import type { NodeState } from "../../src/proxy/node-state.ts";
import type { ProxySettings } from "../../src/proxy/plan/proxy-settings.ts";
import type { ServicePortPlan } from "../../src/proxy/plan/service-port-plan.ts";
import { ProxyMetrics } from "../../src/proxy/proxy-metrics.ts";
import { ServiceProxy } from "../../src/proxy/service-proxy.ts";
import { parseExposition } from "../observe/exposition.ts";
import { clusterOf, endpoint, service, slice } from "./cluster-fixture.ts";
import { plainSettings } from "./plain-settings.ts";

const families: readonly IPFamily[] = ["IPv4", "IPv6"];
const settings = plainSettings;

/** Keeps what it was told: `start default/a=10.0.0.1 default/b=`. Fails for the families in `failing`. */
class RecordedBackEnd implements BackEnd {
  readonly calls: string[] = [];
  failing: readonly IPFamily[] = [];
  repaired: readonly IPFamily[] = [];

  start(plans: ServicePlans): Promise<void> {
    return this.#note(`start ${describe(plans)}`);
  }

  update(changes: ServicePlans): Promise<void> {
    return this.#note(`update ${describe(changes)}`);
  }

  updateSettings({ serviceCIDRs }: ProxySettings): Promise<void> {
    return this.#note(`settings ${serviceCIDRs}`);
  }

  async repair(): Promise<readonly IPFamily[]> {
    await this.#note("repair");
    return this.repaired;
  }

  stop(): Promise<void> {
    return this.#note("stop");
  }

  cleanUp(): Promise<void> {
    return this.#note("clean up");
  }

  async #note(call: string): Promise<void> {
    await nextTurn();
    this.calls.push(call.trim());
    if (this.failing.length === 0) return;
    throw new BackEndError(new Map(this.failing.map(family => [family, new Error("refused")])));
  }
}

function describe(plans: ServicePlans): string {
  const endpointsOf = (plan: ServicePortPlan) => plan.clusterEndpoints.map(({ address }) => address);
  return [...plans].map(([key, ports]) => `${key}=${ports.flatMap(endpointsOf)}`).join(" ");
}

/** A proxy over these objects, with clocks that stand still until `tick`. */
function rig(context: TestContext, ...objects: readonly ClusterObject[]) {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const cluster = clusterOf(...objects);
  const backEnd = new RecordedBackEnd();
  const registry = new MetricRegistry();
  const shown: string[] = [];
  const state: { node: NodeState; nowMs: number } = {
    node: { view: { name: "n1", zone: "a", addresses: [] }, settings },
    nowMs: 1_000_000,
  };
  const health = new ProxyHealth(60_000, () => state.nowMs);
  const proxy = new ServiceProxy({
    cluster,
    families,
    backEnds: [backEnd],
    settings,
    nodeState: () => state.node,
    programmed: new Map(
      families.map(family => [
        family,
        {
          show: services => void shown.push(...Array.from(services, ([key]) => `${family} ${key}`)),
          setNodePortAddresses: () => {},
          close: async () => {},
        },
      ]),
    ),
    health,
    metrics: new ProxyMetrics(registry),
    syncPeriodMs: 30_000,
    log: pino({ level: "silent" }),
  });
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await nextTurn();
  };
  const metric = async (name: string, family: IPFamily) => {
    const samples = parseExposition((await registry.scrape()).body).get(name)?.samples ?? [];
    return samples.find(({ labels }) => labels.ip_family === family)?.value;
  };
  const tick = async (ms: number) => {
    context.mock.timers.tick(ms);
    await settled();
  };
  return { cluster, backEnd, proxy, shown, state, health, settled, metric, tick };
}

const [a, b] = [service("a", { clusterIPs: ["10.96.0.1"] }), service("b", { clusterIPs: ["10.96.0.2"] })];

test("a start tells the back end of all Services, a change of the changed ones only", async context => {
  const { cluster, backEnd, proxy, settled } = rig(context, a, b, slice("a", ["10.0.0.1"]));
  await proxy.start();
  cluster.apply(slice("b", ["10.0.0.2"]));
  await settled();
  assert.deepEqual(backEnd.calls, ["start default/a=10.0.0.1 default/b=", "update default/b=10.0.0.2"]);
});

test("changes of one turn of the event loop are one update", async context => {
  const { cluster, backEnd, proxy, settled } = rig(context, a, b);
  await proxy.start();
  cluster.apply(slice("a", ["10.0.0.1"]));
  cluster.apply(slice("a", ["10.0.0.3"]));
  cluster.apply(slice("b", ["10.0.0.2"]));
  await settled();
  assert.deepEqual(backEnd.calls.slice(1), ["update default/a=10.0.0.3 default/b=10.0.0.2"]);
});

test("a Service that is deleted is told with no plans", async context => {
  const { cluster, backEnd, proxy, settled } = rig(context, a, b);
  await proxy.start();
  cluster.remove("Service", "default/a");
  await settled();
  assert.deepEqual(backEnd.calls.slice(1), ["update default/a="]);
});

test("a cluster without Services makes its rules all the same", async context => {
  const { backEnd, proxy } = rig(context);
  await proxy.start();
  assert.deepEqual(backEnd.calls, ["start"]);
});

test("a start that fails is made again, with what has changed since", async context => {
  const { cluster, backEnd, proxy, settled, tick } = rig(context, a, b);
  backEnd.failing = families;
  const started = proxy.start();
  await settled();
  cluster.apply(slice("b", ["10.0.0.2"]));
  backEnd.failing = [];
  await tick(1_000);
  assert.deepEqual(backEnd.calls.slice(1), ["start default/a= default/b=10.0.0.2"]);
  await started;
});

test("a start that fails is made good soon after a change, though the pause has become long", async context => {
  const { cluster, backEnd, proxy, settled, tick } = rig(context, a);
  backEnd.failing = families;
  void proxy.start();
  await settled();
  for (const seconds of [1, 2, 4, 8]) await tick(seconds * 1_000);
  assert.equal(backEnd.calls.length, 5);
  backEnd.failing = [];
  cluster.apply(slice("a", ["10.0.0.1"]));
  await tick(1_000);
  assert.deepEqual(backEnd.calls.slice(5), ["start default/a=10.0.0.1"]);
});

test("settings that have changed before the start, or while it failed, are told after it", async context => {
  const { backEnd, proxy, state, settled, tick } = rig(context, a);
  const withCIDRs = (...serviceCIDRs: string[]) => ({
    ...state.node,
    settings: { ...settings, serviceCIDRs },
  });
  state.node = withCIDRs("10.96.0.0/16");
  backEnd.failing = families;
  const started = proxy.start();
  await settled();
  state.node = withCIDRs("10.96.0.0/16", "10.97.0.0/16");
  backEnd.failing = [];
  await tick(1_000);
  await started;
  assert.deepEqual(backEnd.calls, [
    "start default/a=",
    "start default/a=",
    "settings 10.96.0.0/16,10.97.0.0/16",
  ]);
});

test("an update that fails is repeated after longer and longer pauses, up to the sync period", async context => {
  const { cluster, backEnd, proxy, settled, tick } = rig(context, a);
  await proxy.start();
  backEnd.failing = families;
  cluster.apply(slice("a", ["10.0.0.1"]));
  await settled();
  const attempts: number[] = [];
  for (let second = 1; second <= 95; second++) {
    const before = backEnd.calls.length;
    await tick(1_000);
    if (backEnd.calls.length > before) attempts.push(second);
  }
  // The looks at the rules every 30 s hasten an attempt.
  assert.deepEqual(attempts.slice(0, 4), [1, 3, 7, 15]);
  assert.ok(attempts.every((second, index) => second - (attempts[index - 1] ?? 0) <= 30));
  assert.ok(attempts.length < 12);
});

test("a family that fails is counted and not shown; the other is, and both are after the repetition", async context => {
  const { cluster, backEnd, proxy, shown, settled, metric, tick } = rig(context, a);
  await proxy.start();
  shown.length = 0;
  backEnd.failing = ["IPv6"];
  cluster.apply(slice("a", ["10.0.0.1"]));
  await settled();
  assert.deepEqual(shown, ["IPv4 default/a"]);
  const failures = "kubeproxy_sync_proxy_rules_nftables_sync_failures_total";
  assert.equal(await metric(failures, "IPv4"), undefined);
  assert.equal(await metric(failures, "IPv6"), 1);
  backEnd.failing = [];
  await tick(1_000);
  assert.deepEqual(shown, ["IPv4 default/a", "IPv6 default/a"]);
});

test("health suffers when a change has waited too long, and no longer once it is in force", async context => {
  const { cluster, backEnd, proxy, state, health, settled, tick } = rig(context, a);
  await proxy.start();
  backEnd.failing = families;
  cluster.apply(slice("a", ["10.0.0.1"]));
  await settled();
  state.nowMs += 59_999;
  assert.equal(health.report().isHealthy, true);
  state.nowMs += 1;
  assert.equal(health.report().isHealthy, false);
  backEnd.failing = [];
  await tick(1_000);
  assert.equal(health.report().isHealthy, true);
});

test("health suffers when rules that somebody took away cannot be put back", async context => {
  const { backEnd, proxy, state, health, tick } = rig(context, a);
  await proxy.start();
  backEnd.failing = families;
  await tick(30_000);
  state.nowMs += 60_000;
  assert.equal(health.report().isHealthy, false);
});

test("another zone of the node plans all Services anew", async context => {
  const near = endpoint("10.0.0.1", { hints: { zones: ["a"], nodes: [] } });
  const far = endpoint("10.0.0.2", { hints: { zones: ["b"], nodes: [] } });
  const { backEnd, proxy, state, tick } = rig(context, a, slice("a", [near, far]));
  await proxy.start();
  state.node = { ...state.node, view: { ...state.node.view, zone: "b" } };
  await tick(1_000);
  assert.deepEqual(backEnd.calls, ["start default/a=10.0.0.1", "update default/a=10.0.0.2"]);
});

test("a new ServiceCIDR changes the settings at once and no Service", async context => {
  const { cluster, backEnd, proxy, state, settled } = rig(context, a);
  await proxy.start();
  state.node = { ...state.node, settings: { ...settings, serviceCIDRs: ["10.96.0.0/12"] } };
  cluster.apply({ kind: "ServiceCIDR", name: "more", resourceVersion: "1", cidrs: ["10.96.0.0/12"] });
  await settled();
  assert.deepEqual(backEnd.calls.slice(1), ["settings 10.96.0.0/12"]);
});

test("rules are looked after once in a sync period", async context => {
  const { backEnd, proxy, tick } = rig(context, a);
  await proxy.start();
  await tick(30_000);
  await tick(30_000);
  assert.deepEqual(backEnd.calls.slice(1), ["repair", "repair"]);
});

test("after a stop nothing is done any more", async context => {
  const { cluster, backEnd, proxy, tick } = rig(context, a);
  await proxy.start();
  await proxy.stop();
  cluster.apply(slice("a", ["10.0.0.1"]));
  await tick(60_000);
  assert.deepEqual(backEnd.calls.slice(1), ["stop"]);
});
