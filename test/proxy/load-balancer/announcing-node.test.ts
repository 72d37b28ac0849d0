import assert from "node:assert/strict";
import { test } from "node:test";
import { announcingNode } from "../../../src/proxy/load-balancer/announcing-node.ts";
import { nodesWithEndpoints } from "../../../src/proxy/load-balancer/nodes-with-endpoints.ts";
import { endpoint, slice } from "../cluster-fixture.ts";

const addresses = Array.from({ length: 300 }, (_, index) => `192.0.2.${index}`);

test("announcingNode without any node is none", () => {
  assert.equal(announcingNode("192.0.2.1", []), undefined);
});

test("announcingNode shares addresses out evenly, whatever the order of the nodes", () => {
  const counts = new Map<string, number>();
  for (const address of addresses) {
    const name = announcingNode(address, ["n1", "n2", "n3"]) ?? "";
    assert.equal(announcingNode(address, ["n3", "n1", "n2"]), name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const name of ["n1", "n2", "n3"]) assert.ok((counts.get(name) ?? 0) > 60, name);
});

test("announcingNode moves only the addresses of a node that goes", () => {
  for (const address of addresses) {
    const before = announcingNode(address, ["n1", "n2", "n3"]);
    if (before !== "n2") assert.equal(announcingNode(address, ["n1", "n3"]), before);
  }
});

const terminating = { isReady: false, isServing: true, isTerminating: true };
for (const [what, endpoints, expected] of [
  ["ready endpoints", [endpoint("10.0.0.1", { nodeName: "n1" }), endpoint("10.0.0.2")], ["n1"]],
  [
    "ready endpoints before serving ones",
    [endpoint("10.0.0.1", { nodeName: "n1" }), endpoint("10.0.0.2", { nodeName: "n2", ...terminating })],
    ["n1"],
  ],
  [
    "serving endpoints for want of ready ones",
    [endpoint("10.0.0.2", { nodeName: "n2", ...terminating })],
    ["n2"],
  ],
  [
    "no endpoint that can serve",
    [endpoint("10.0.0.1", { nodeName: "n1", isReady: false, isServing: false })],
    [],
  ],
] as const) {
  test(`nodesWithEndpoints of ${what} are ${expected.join() || "none"}`, () => {
    assert.deepEqual([...nodesWithEndpoints([slice("web", endpoints)], "IPv4")], expected);
    assert.deepEqual([...nodesWithEndpoints([slice("web", endpoints)], "IPv6")], []);
  });
}
