import assert from "node:assert/strict";
import { test } from "node:test";
import { trim } from "../../../src/cluster/trim.ts";
import { nodeViewOf } from "../../../src/proxy/plan/node-view.ts";

const address = (type: string, text: string) => ({ type, address: text });

for (const [what, addresses, expected] of [
  [
    "internal addresses of both families",
    [address("InternalIP", "192.0.2.1"), address("InternalIP", "2001:db8:0::1")],
    ["192.0.2.1", "2001:db8::1"],
  ],
  [
    "an external address of a family with an internal one",
    [address("ExternalIP", "203.0.113.1"), address("InternalIP", "192.0.2.1")],
    ["192.0.2.1"],
  ],
  [
    "an external address of a family without an internal one",
    [address("InternalIP", "192.0.2.1"), address("ExternalIP", "2001:db8::1")],
    ["192.0.2.1", "2001:db8::1"],
  ],
  ["a host name alone", [address("Hostname", "n1")], []],
] as const) {
  test(`nodeViewOf a node with ${what} has ${JSON.stringify(expected)}`, () => {
    const node = trim("Node", { metadata: { name: "n1" }, status: { addresses } });
    assert.deepEqual(nodeViewOf("n1", node), { name: "n1", zone: undefined, addresses: expected });
  });
}

test("nodeViewOf a node with a zone label has the zone", () => {
  const labels = { "topology.kubernetes.io/zone": "zone-a" };
  assert.equal(nodeViewOf("n1", trim("Node", { metadata: { name: "n1", labels } })).zone, "zone-a");
});

test("nodeViewOf a node that is not there yet has its name alone", () => {
  assert.deepEqual(nodeViewOf("n1", undefined), { name: "n1", zone: undefined, addresses: [] });
});
