import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint } from "../../../src/cluster/objects.ts";
import { trim } from "../../../src/cluster/trim.ts";
import { writeMessage } from "../../support/write-protobuf.ts";
import { arbitraryEndpoint } from "../arbitrary-endpoint.ts";
import { readBinaryList } from "./read-binary-list.ts";
import { writeList, writeSlice } from "./write-binary.ts";

function readSlices(slices: readonly (readonly Endpoint[])[]): readonly (readonly Endpoint[])[] {
  const octets = writeList(
    "7",
    "",
    slices.map(endpoints => writeSlice("shop", endpoints)),
  );
  return readBinaryList(octets, "EndpointSlice").items.map(raw => trim("EndpointSlice", raw).endpoints);
}

test("endpoints in Protocol Buffers are read as they were written, in the same order", () => {
  const slices = fc.array(fc.array(arbitraryEndpoint, { maxLength: 5 }), { maxLength: 3 });
  fc.assert(fc.property(slices, expected => assert.deepEqual(readSlices(expected), expected)));
});

test("a slice with a thousand endpoints has them all", () => {
  const endpoint = (index: number): Endpoint => ({
    ...{
      addresses: [`10.0.${index >> 8}.${index & 255}`],
      hostname: `web-${index}`,
      nodeName: "",
      zone: "a",
    },
    ...{ isReady: index % 2 === 0, isServing: true, isTerminating: false, hints: undefined },
    targetRef: { kind: "Pod", namespace: "shop", name: `web-${index}-${"x".repeat(60)}` },
  });
  const expected = Array.from({ length: 1000 }, (_, index) => endpoint(index));
  assert.deepEqual(readSlices([expected, []]), [expected, []]);
});

test("an endpoint with a field that is longer than what it is in is an error, whatever comes behind it", () => {
  const conditions = Buffer.from([18, 2, 24, 0x80, 1, 10, 1, 0x61]);
  const target = Buffer.from([10, 1, 0x61, 34, 2, 26, 3, 0x61, 0x61, 0x61]);
  const address = Buffer.from([10, 5]);
  for (const broken of [conditions, target, address]) {
    const slice = writeMessage({ 1: writeMessage({ 3: "shop" }), 2: broken, 5: "x".repeat(100) });
    assert.throws(
      () => readBinaryList(writeList("7", "", [slice]), "EndpointSlice"),
      /longer than its message/,
    );
  }
});
