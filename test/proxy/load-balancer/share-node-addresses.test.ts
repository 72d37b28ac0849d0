import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../../src/cluster/objects.ts";
import { shareNodeAddresses } from "../../../src/proxy/load-balancer/share-node-addresses.ts";
import { port } from "../cluster-fixture.ts";
import { balanced } from "./pool-fixture.ts";

const nodes = [
  { name: "n1", addresses: ["192.0.2.1", "fd01::1"] },
  { name: "n2", addresses: ["192.0.2.2"] },
];
const ours = { loadBalancerWriter: "frontdesk" };
const all = { has: ["192.0.2.1", "192.0.2.2"], ...ours };

function share(services: readonly Service[], eligible = nodes): readonly string[] {
  return shareNodeAddresses(services, () => eligible)
    .map(({ service, addresses, problems }) =>
      [service.name, addresses.join(",") || "none", ...problems.map(({ reason }) => reason)].join(" "),
    )
    .sort();
}

for (const [what, services, expected] of [
  ["a Service has the addresses of all nodes", [balanced("a")], ["a 192.0.2.1,192.0.2.2"]],
  [
    "both families have their addresses, in the order of the Service",
    [balanced("a", { ipFamilies: ["IPv6", "IPv4"] })],
    ["a fd01::1,192.0.2.1,192.0.2.2"],
  ],
  [
    "a port that is taken keeps the younger Service pending",
    [balanced("a", { age: 2 }), balanced("b", { age: 1 })],
    ["a none AddressConflict", "b 192.0.2.1,192.0.2.2"],
  ],
  [
    "a port that is taken by a younger Service stays with it",
    [balanced("a", { age: 1 }), balanced("b", { age: 2, ...all })],
    ["a none AddressConflict", "b 192.0.2.1,192.0.2.2"],
  ],
  [
    "other protocols and other ports do not clash",
    [
      balanced("a"),
      balanced("b", { ports: [port("http", 80, "UDP")] }),
      balanced("c", { ports: [port("http", 81)] }),
    ],
    ["a 192.0.2.1,192.0.2.2", "b 192.0.2.1,192.0.2.2", "c 192.0.2.1,192.0.2.2"],
  ],
  [
    "other families do not clash",
    [balanced("a"), balanced("b", { ipFamilies: ["IPv6"] })],
    ["a 192.0.2.1,192.0.2.2", "b fd01::1"],
  ],
  [
    "a pending Service takes no port away from others",
    [
      balanced("a", { age: 1 }),
      balanced("b", { age: 2, ports: [port("http", 80), port("https", 443)] }),
      balanced("c", { age: 3, ports: [port("https", 443)] }),
    ],
    ["a 192.0.2.1,192.0.2.2", "b none AddressConflict", "c 192.0.2.1,192.0.2.2"],
  ],
  [
    "one node's address may be asked for, and no other",
    [
      balanced("a", { loadBalancerIP: "192.0.2.2" }),
      balanced("b", { loadBalancerIP: "192.0.2.3", ports: [port("", 81)] }),
    ],
    ["a 192.0.2.2", "b none AddressNotInPool"],
  ],
  [
    "what somebody else wrote is left alone, and what we wrote is taken back",
    [
      balanced("a", { has: ["192.0.2.1"], loadBalancerWriter: "cloud" }),
      balanced("b", { ...all, type: "ClusterIP" }),
    ],
    ["b none"],
  ],
] as const) {
  test(`shareNodeAddresses: ${what}`, () => {
    assert.deepEqual(share(services), expected);
  });
}

test("shareNodeAddresses without a node that can serve says which are looked for", () => {
  const note = (fields: Partial<Service>) =>
    shareNodeAddresses([balanced("a", fields)], () => [])[0]?.problems[0]?.note;
  assert.match(note({}) ?? "", /^no node that runs frontdesk has an InternalIP of IPv4$/);
  assert.match(note({ externalTrafficPolicy: "Local" }) ?? "", /^no node has a ready endpoint/);
});
