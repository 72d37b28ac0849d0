import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndpointSlice } from "../../../src/cluster/objects.ts";
import { candidateEndpoints } from "../../../src/proxy/plan/candidate-endpoints.ts";
import { endpoint, endpointOfPod, slice } from "../cluster-fixture.ts";

const http = { name: "http", protocol: "TCP" } as const;

function keys(slices: readonly EndpointSlice[], family: "IPv4" | "IPv6" = "IPv4"): string[] {
  return candidateEndpoints(slices, http, family, "n1").map(({ key }) => key);
}

const cases: Readonly<Record<string, [readonly EndpointSlice[], readonly string[]]>> = {
  "endpoints are sorted as text": [
    [slice("web", ["10.2.0.2", "10.2.0.10"])],
    ["10.2.0.10:8080", "10.2.0.2:8080"],
  ],
  "slice port of another name or protocol is no match": [
    [
      slice("web", ["10.2.0.1"], { ports: [{ name: "", protocol: "TCP", port: 8080 }] }),
      slice("web", ["10.2.0.2"], { ports: [{ name: "http", protocol: "UDP", port: 8080 }] }),
    ],
    [],
  ],
  "port numbers come from each slice, as with a named target port that differs by Pod": [
    [
      slice("web", ["10.2.0.1"]),
      slice("web", ["10.2.0.2"], { ports: [{ name: "http", protocol: "TCP", port: 9090 }] }),
    ],
    ["10.2.0.1:8080", "10.2.0.2:9090"],
  ],
  "slice port without a number is ignored": [
    [
      slice("web", ["10.2.0.1"], { ports: [{ name: "http", protocol: "TCP", port: undefined }] }),
      slice("web", ["10.2.0.2"], { ports: [{ name: "http", protocol: "TCP", port: 0 }] }),
    ],
    [],
  ],
  "only the first address of an endpoint counts": [
    [slice("web", [endpoint("10.2.0.1", { addresses: ["10.2.0.1", "10.2.0.2"] })])],
    ["10.2.0.1:8080"],
  ],
  "endpoint without an address, or with a name for one, is ignored": [
    [slice("web", [endpoint("", { addresses: [] }), endpoint("web.example")])],
    [],
  ],
  "slices of another address type are ignored": [
    [slice("web", ["fd00::1"], { addressType: "IPv6" }), slice("web", ["10.2.0.1"], { addressType: "FQDN" })],
    [],
  ],
  "slices of headless Services are ignored": [[slice("web", ["10.2.0.1"], { isHeadless: true })], []],
  "leading zeros in an address are decimal": [[slice("web", ["010.002.0.08"])], ["10.2.0.8:8080"]],
  "endpoint in two slices counts once": [
    [slice("web", ["10.2.0.1"], { name: "a" }), slice("web", ["10.2.0.1"], { name: "b" })],
    ["10.2.0.1:8080"],
  ],
};

describe("candidateEndpoints", () => {
  for (const [name, [slices, expected]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(keys(slices), expected));
  }

  test("IPv6 address in any spelling is one endpoint", () => {
    const slices = [slice("web", ["fd00:0:0::1", "FD00::1", "fd00::1%lo"], { addressType: "IPv6" })];
    assert.deepEqual(keys(slices, "IPv6"), ["fd00::1:8080"]);
  });

  test("endpoint carries the name of its Pod, and of nothing else", () => {
    const node = endpoint("10.2.0.2", { targetRef: { kind: "Node", namespace: "", name: "n1" } });
    const found = candidateEndpoints(
      [slice("web", [endpointOfPod("10.2.0.1", "web-0"), node])],
      http,
      "IPv4",
      "",
    );
    assert.deepEqual(
      found.map(({ usable }) => usable.podName),
      ["web-0", undefined],
    );
  });

  for (const [nodeName, here, expected] of [
    ["n1", "n1", true],
    ["n1", "n2", false],
    ["", "n1", false],
    ["", "", false],
  ] as const) {
    test(`endpoint on node "${nodeName}" seen from "${here}" is ${expected ? "local" : "remote"}`, () => {
      const slices = [slice("web", [endpoint("10.2.0.1", { nodeName })])];
      const [found] = candidateEndpoints(slices, http, "IPv4", here);
      assert.equal(found?.usable.isLocal, expected);
    });
  }
});

describe("candidateEndpoints with one address and port in two slices", () => {
  test("record of two in the same condition is chosen by name in either order", () => {
    const slices = ["web-1", "web-0"].map(name => slice("web", [endpointOfPod("10.2.0.1", name)], { name }));
    for (const ordered of [slices, slices.toReversed()]) {
      const found = candidateEndpoints(ordered, http, "IPv4", "n1");
      assert.deepEqual(
        found.map(({ usable }) => usable.podName),
        ["web-0"],
      );
    }
  });

  const unready = { isReady: false, isServing: false };
  const draining = { isReady: false, isServing: true, isTerminating: true };
  const rivals = { ready: {}, unready, draining, readyTerminating: { isTerminating: true } };

  for (const [winner, loser] of [
    ["ready", "unready"],
    ["ready", "draining"],
    ["ready", "readyTerminating"],
    ["unready", "draining"],
    ["unready", "readyTerminating"],
    ["readyTerminating", "draining"],
  ] as const) {
    test(`${winner} record beats the ${loser} one in either order`, () => {
      const slices = [winner, loser].map(name =>
        slice("web", [endpoint("10.2.0.1", rivals[name])], { name }),
      );
      for (const ordered of [slices, slices.toReversed()]) {
        const [found, ...more] = candidateEndpoints(ordered, http, "IPv4", "n1");
        assert.deepEqual(found?.record, endpoint("10.2.0.1", rivals[winner]));
        assert.deepEqual(more, []);
      }
    });
  }
});
