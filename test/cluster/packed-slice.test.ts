import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressKey } from "../../src/cluster/address-key.ts";
import type { Endpoint, EndpointSlice } from "../../src/cluster/objects.ts";
import { addressKeysOf, packSlice } from "../../src/cluster/packed-slice.ts";
import { arbitraryEndpoint } from "./arbitrary-endpoint.ts";

function sliceOf(endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    ...{ kind: "EndpointSlice", namespace: "shop", name: "web-1", resourceVersion: "7", serviceName: "web" },
    ...{
      isHeadless: true,
      imported: { serviceName: "web", cluster: "east" },
      addressType: "IPv4",
      endpoints,
    },
    ports: [{ name: "http", protocol: "TCP", port: 80 }],
    changeTriggeredAtMs: 1_700_000_000_000,
  };
}

test("a packed slice has the same endpoints, in the same order", () => {
  fc.assert(
    fc.property(fc.array(arbitraryEndpoint, { maxLength: 5 }), endpoints => {
      assert.deepEqual(packSlice(sliceOf(endpoints)).endpoints, endpoints);
    }),
  );
});

test("a packed slice is found by the same addresses, however they are read", () => {
  fc.assert(
    fc.property(fc.array(arbitraryEndpoint, { maxLength: 5 }), endpoints => {
      const keys = endpoints.flatMap(({ addresses }) => addresses.map(addressKey));
      assert.deepEqual(addressKeysOf(packSlice(sliceOf(endpoints))), keys);
      assert.deepEqual(addressKeysOf(sliceOf(endpoints)), keys);
    }),
    { numRuns: 500 },
  );
});

test("a packed slice has all other fields of the slice", () => {
  const slice = sliceOf([]);
  const packed = packSlice(slice);
  for (const field of Object.keys(slice) as (keyof EndpointSlice)[]) {
    assert.deepEqual(packed[field], slice[field], field);
  }
});

test("a packed slice forgets nodes and hints, which no name is made of", () => {
  const hints = { zones: ["a"], nodes: ["worker-1"] };
  const full: Endpoint = {
    ...{ addresses: ["10.0.0.1"], isReady: true, isServing: true, isTerminating: false, hostname: "" },
    ...{ nodeName: "worker-1", zone: "a", hints, targetRef: undefined },
  };
  assert.deepEqual(packSlice(sliceOf([full])).endpoints, [{ ...full, nodeName: "", hints: undefined }]);
});
