import assert from "node:assert/strict";
import { test } from "node:test";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import { healthPageOf } from "../../../src/proxy/health/health-pages.ts";
import { ProxyHealth } from "../../../src/proxy/health/proxy-health.ts";

const timeoutMs = 60_000;
const startedAtMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const fineNode = { isTerminating: false, taintKeys: ["node.kubernetes.io/unschedulable"] };

type Step = readonly [afterMs: number, what: "queued" | "updated" | "asked", family?: IPFamily];

/** The state after these steps, each some time after the one before. */
function healthAfter(...steps: readonly Step[]): ProxyHealth {
  let nowMs = startedAtMs;
  const health = new ProxyHealth(timeoutMs, () => nowMs);
  for (const [afterMs, what, family = "IPv4"] of steps) {
    nowMs += afterMs;
    if (what !== "asked") health[what](family);
  }
  return health;
}

interface Asked {
  readonly path?: string;
  readonly node?: { readonly isTerminating: boolean; readonly taintKeys: readonly string[] } | undefined;
}

function ask(health: ProxyHealth, { path = "/healthz", ...rest }: Asked = {}) {
  const node = "node" in rest ? rest.node : fineNode;
  const answered: unknown[] = [];
  const page = healthPageOf(path, { health, node: () => node, onAnswered: (...one) => answered.push(one) });
  return { ...page, answered };
}

test("/healthz of a proxy whose families are up to date is kube-proxy's page to the letter", () => {
  const health = healthAfter([0, "updated", "IPv6"], [1000, "updated", "IPv4"], [500, "asked"]);
  assert.deepEqual(ask(health), {
    status: 200,
    headers: { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff" },
    body: '{"lastUpdated":"2026-01-02T03:04:07.178Z","currentTime":"2026-01-02T03:04:07.178Z","nodeEligible":true,"healthy":true,"status":{"IPv4":{"lastUpdated":"2026-01-02T03:04:06.678Z","healthy":true},"IPv6":{"lastUpdated":"2026-01-02T03:04:05.678Z","healthy":true}}}',
    answered: [["healthz", 200]],
  });
});

test("/healthz of a proxy whose IPv6 half is late names that half and the last update of any", () => {
  const health = healthAfter(
    [0, "updated", "IPv6"],
    [0, "queued", "IPv6"],
    [1000, "updated", "IPv4"],
    [timeoutMs, "asked"],
  );
  const { status, body } = ask(health);
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(body), {
    lastUpdated: "2026-01-02T03:04:06.678Z",
    currentTime: "2026-01-02T03:05:06.678Z",
    nodeEligible: true,
    healthy: false,
    status: {
      IPv4: { lastUpdated: "2026-01-02T03:04:06.678Z", healthy: true },
      IPv6: { lastUpdated: "2026-01-02T03:04:05.678Z", healthy: false },
    },
  });
});

test("/livez has everything but the node's eligibility", () => {
  const health = healthAfter([0, "updated"]);
  const { status, body, answered } = ask(health, { path: "/livez", node: undefined });
  assert.deepEqual([status, answered], [200, [["livez", 200]]]);
  assert.deepEqual(Object.keys(JSON.parse(body)), ["lastUpdated", "currentTime", "healthy", "status"]);
});

test("/healthz before any family has reported is healthy and has no status", () => {
  const { status, body } = ask(healthAfter([0, "queued"], [10 * timeoutMs, "asked"]));
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(JSON.parse(body)), ["lastUpdated", "currentTime", "nodeEligible", "healthy"]);
});

test("a path that does not exist is answered 404 and counted as no probe", () => {
  const { status, body, answered } = ask(healthAfter(), { path: "/" });
  assert.deepEqual([status, body, answered], [404, "404 page not found\n", []]);
});

for (const [what, steps, isHealthy] of [
  ["just started", [[0, "updated"]], true],
  [
    "idle for a day",
    [
      [0, "updated"],
      [86_400_000, "asked"],
    ],
    true,
  ],
  [
    "with a change waiting for less than the limit",
    [
      [0, "updated"],
      [0, "queued"],
      [timeoutMs - 1, "asked"],
    ],
    true,
  ],
  [
    "with a change waiting for the limit",
    [
      [0, "updated"],
      [0, "queued"],
      [timeoutMs, "asked"],
    ],
    false,
  ],
  [
    "with changes that keep coming and none done",
    [
      [0, "updated"],
      [0, "queued"],
      [timeoutMs / 2, "queued"],
      [timeoutMs / 2, "asked"],
    ],
    false,
  ],
  [
    "with a late change that was done since",
    [
      [0, "updated"],
      [0, "queued"],
      [2 * timeoutMs, "updated"],
      [0, "asked"],
    ],
    true,
  ],
  [
    "with a new change after one that was done",
    [
      [0, "queued"],
      [timeoutMs, "updated"],
      [timeoutMs, "queued"],
      [1, "asked"],
    ],
    true,
  ],
] as readonly (readonly [string, readonly Step[], boolean])[]) {
  test(`/healthz and /livez of a proxy ${what} are ${isHealthy ? 200 : 503}`, () => {
    const health = healthAfter(...steps);
    const statuses = ["/healthz", "/livez"].map(path => ask(health, { path }).status);
    assert.deepEqual(statuses, isHealthy ? [200, 200] : [503, 503]);
  });
}

for (const [what, node] of [
  ["unknown", undefined],
  ["being deleted", { ...fineNode, isTerminating: true }],
  ["about to be removed by the autoscaler", { ...fineNode, taintKeys: ["ToBeDeletedByClusterAutoscaler"] }],
] as const) {
  test(`/healthz on a node that is ${what} is 503 though healthy, and /livez is 200`, () => {
    const health = healthAfter([0, "updated"]);
    const { status, body } = ask(health, { node });
    const { healthy, nodeEligible } = JSON.parse(body);
    assert.deepEqual([status, healthy, nodeEligible], [503, true, false]);
    assert.equal(ask(health, { node, path: "/livez" }).status, 200);
  });
}
