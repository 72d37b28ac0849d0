import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Endpoint, EndpointSlice } from "../../../src/cluster/objects.ts";
import { endpointKey, usableEndpoints } from "../../../src/proxy/plan/usable-endpoints.ts";
import { endpoint, endpointOfPod, slice } from "../cluster-fixture.ts";

const http = { name: "http", protocol: "TCP" } as const;

function usable(slices: readonly EndpointSlice[], family: "IPv4" | "IPv6" = "IPv4"): string[] {
  return usableEndpoints(slices, http, family).map(endpointKey);
}

const unready = { isReady: false, isServing: false };
const draining = { isReady: false, isServing: true, isTerminating: true };

const cases: Readonly<Record<string, [readonly EndpointSlice[], readonly string[]]>> = {
  "ready endpoints are used": [
    [slice("web", ["10.2.0.1", endpoint("10.2.0.2", unready)])],
    ["10.2.0.1:8080"],
  ],
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
  "port numbers come from each slice": [
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
  "leading zeros in an address are decimal": [[slice("web", ["010.002.0.08"])], ["10.2.0.8:8080"]],
  "draining endpoints are used when none is ready": [
    [slice("web", [endpoint("10.2.0.1", draining), endpoint("10.2.0.2", unready)])],
    ["10.2.0.1:8080"],
  ],
  "draining endpoints are not used while one is ready": [
    [slice("web", [endpoint("10.2.0.1", draining), "10.2.0.2"])],
    ["10.2.0.2:8080"],
  ],
  "serving endpoint that neither is ready nor terminates is not used": [
    [slice("web", [endpoint("10.2.0.1", { isReady: false, isServing: true })])],
    [],
  ],
  "terminating endpoint that no longer serves is not used": [
    [slice("web", [endpoint("10.2.0.1", { ...unready, isTerminating: true })])],
    [],
  ],
  "endpoint in two slices counts once": [
    [slice("web", ["10.2.0.1"], { name: "a" }), slice("web", ["10.2.0.1"], { name: "b" })],
    ["10.2.0.1:8080"],
  ],
  "record of a new Pod beats that of the terminating one which had its address": [
    [
      slice("web", [endpoint("10.2.0.1", unready)], { name: "a" }),
      slice("web", [endpoint("10.2.0.1", draining)], { name: "b" }),
    ],
    [],
  ],
};

describe("usableEndpoints", () => {
  for (const [name, [slices, expected]] of Object.entries(cases)) {
    test(name, () => {
      assert.deepEqual(usable(slices), expected);
      assert.deepEqual(usable([...slices].reverse()), expected);
    });
  }

  test("IPv6 address in any spelling is one endpoint", () => {
    const slices = [slice("web", ["fd00:0:0::1", "FD00::1", "fd00::1%lo"], { addressType: "IPv6" })];
    assert.deepEqual(usable(slices, "IPv6"), ["fd00::1:8080"]);
  });

  test("endpoint carries the name of its Pod, and of nothing else", () => {
    const node = endpoint("10.2.0.2", { targetRef: { kind: "Node", namespace: "", name: "n1" } });
    const found = usableEndpoints([slice("web", [endpointOfPod("10.2.0.1", "web-0"), node])], http, "IPv4");
    assert.deepEqual(
      found.map(one => one.podName),
      ["web-0", undefined],
    );
  });
});

// Few addresses and ports, so that records of one endpoint meet.
const anyEndpoint: fc.Arbitrary<Endpoint> = fc
  .record({
    address: fc.constantFrom("10.2.0.1", "10.2.0.2", "10.2.0.10", "10.02.0.1", "fd00::1", "web.example"),
    isReady: fc.boolean(),
    isServing: fc.boolean(),
    isTerminating: fc.boolean(),
    podName: fc.constantFrom("a", "b"),
  })
  .map(({ address, podName, ...conditions }) => ({ ...endpointOfPod(address, podName), ...conditions }));
const anySlice: fc.Arbitrary<EndpointSlice> = fc
  .record({
    endpoints: fc.array(anyEndpoint, { maxLength: 4 }),
    addressType: fc.constantFrom("IPv4", "IPv4", "IPv6", "FQDN"),
    ports: fc.array(
      fc.record({
        name: fc.constantFrom("http", "https"),
        protocol: fc.constantFrom("TCP", "UDP"),
        port: fc.constantFrom(undefined, 0, 80, 8080),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ endpoints, ...fields }) => slice("web", endpoints, fields));

describe("usableEndpoints for any slices", () => {
  test("result is the same in every order of slices and endpoints", () => {
    fc.assert(
      fc.property(fc.array(anySlice, { maxLength: 5 }), slices => {
        const reversed = slices.map(one => ({ ...one, endpoints: [...one.endpoints].reverse() })).reverse();
        assert.deepEqual(usableEndpoints(reversed, http, "IPv4"), usableEndpoints(slices, http, "IPv4"));
      }),
    );
  });

  test("result is distinct, sorted and made of records in matching slices", () => {
    fc.assert(
      fc.property(fc.array(anySlice, { maxLength: 5 }), slices => {
        const found = usable(slices);
        const listed = slices
          .filter(one => one.addressType === "IPv4")
          .flatMap(one =>
            one.ports
              .filter(slicePort => slicePort.name === "http" && slicePort.protocol === "TCP")
              .flatMap(slicePort =>
                one.endpoints.map(e => `${e.addresses[0]?.replace("02", "2")}:${slicePort.port}`),
              ),
          );
        assert.deepEqual(found, [...new Set(found)].sort());
        assert.deepEqual(
          found.filter(key => !listed.includes(key)),
          [],
        );
      }),
    );
  });
});
