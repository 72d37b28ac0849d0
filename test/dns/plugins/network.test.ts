import assert from "node:assert/strict";
import { test } from "node:test";
import { matcherOf, parseNetwork } from "../../../src/dns/plugins/network.ts";

for (const [cidr, inside, outside] of [
  ["10.1.2.3/8", "10.255.0.1", "11.0.0.1"],
  ["10.0.0.1/32", "::ffff:10.0.0.1", "10.0.0.2"],
  ["0.0.0.0/0", "192.0.2.1", "2001:db8::1"],
  ["::/0", "2001:db8::1", "192.0.2.1"],
  ["::/0", "fe80::1%eth0", "::ffff:192.0.2.1"],
  ["fd00::/8", "fd12::1", "fe80::1"],
  ["::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1"],
  ["::ffff:a00:0/104", "10.9.9.9", "::a00:1"],
] as const) {
  test(`${cidr} holds ${inside}, not ${outside}`, () => {
    const network = parseNetwork(cidr);
    assert.ok(network);
    const isInside = matcherOf([network]);
    assert.deepEqual([isInside(inside), isInside(outside)], [true, false]);
  });
}

for (const text of [
  "10.0.0.0",
  "10.0.0.0/33",
  "10.0.0/8",
  "fd00::/129",
  "fd00::%1/8",
  "10.0.0.0/8/8",
  "10.0.0.0/",
  "/8",
]) {
  test(`${text} is no network`, () => {
    assert.equal(parseNetwork(text), undefined);
  });
}
