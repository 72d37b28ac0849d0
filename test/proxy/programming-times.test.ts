import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../src/cluster/objects.ts";
import { ProgrammingTimes } from "../../src/proxy/programming-times.ts";
import { clusterOf, service, slice } from "./cluster-fixture.ts";

const startedAtMs = 1000;

/** Times of both families after each version of the slices was applied in turn, "remove" removing `web-abcde`. */
function timesAfter(...versions: readonly (EndpointSlice | "remove")[]) {
  const times = new ProgrammingTimes(startedAtMs);
  const cluster = clusterOf(service("web", {}));
  cluster.onChange(change => times.changed(change));
  for (const version of versions) {
    if (version === "remove") cluster.remove("EndpointSlice", "default/web-abcde");
    else cluster.apply(version);
  }
  return [times.take("IPv4"), times.take("IPv6"), times.take("IPv4")];
}

function changedAt(
  changeTriggeredAtMs: number | undefined,
  fields: Partial<EndpointSlice> = {},
): EndpointSlice {
  return slice("web", [], { changeTriggeredAtMs, ...fields });
}

for (const [what, versions, expected] of [
  ["two changes", [changedAt(2000), changedAt(3000)], [2000, 3000]],
  ["two slices", [changedAt(2000), changedAt(3000, { name: "web-2" })], [2000, 3000]],
  ["a change from before the start", [changedAt(startedAtMs)], []],
  ["a change without a time", [changedAt(undefined)], []],
  ["a slice that changed again for another reason", [changedAt(2000), changedAt(2000)], [2000]],
  ["a slice that was removed", [changedAt(2000), changedAt(2500, { name: "web-2" }), "remove"], []],
  ["a slice of a headless Service", [changedAt(2000, { isHeadless: true })], []],
  ["a slice of no Service", [changedAt(2000, { serviceName: "" })], []],
] as const) {
  test(`ProgrammingTimes take after ${what} gives ${expected.join(" and ") || "nothing"}, once`, () => {
    assert.deepEqual(timesAfter(...versions), [expected, [], []]);
  });
}

test("ProgrammingTimes take gives each family its own", () => {
  const six = changedAt(3000, { name: "web-6", addressType: "IPv6" });
  assert.deepEqual(timesAfter(changedAt(2000), six), [[2000], [3000], []]);
});
