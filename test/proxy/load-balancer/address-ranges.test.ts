import assert from "node:assert/strict";
import { test } from "node:test";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { AddressRanges } from "../../../src/proxy/load-balancer/address-ranges.ts";
import { PoolSyntaxError, parsePool } from "../../../src/proxy/load-balancer/address-ranges.ts";

function rangesOf(text: string): AddressRanges {
  const pool = parsePool(text);
  assert.ok(pool !== "node");
  return pool;
}

function addressesOf(pool: AddressRanges, family: IPFamily): readonly string[] {
  return Array.from({ length: Number(pool.size(family)) }, (_, slot) => pool.at(family, BigInt(slot)));
}

for (const [text, v4, v6] of [
  ["192.0.2.8/30", ["192.0.2.9", "192.0.2.10"], []],
  ["192.0.2.8/31", ["192.0.2.8", "192.0.2.9"], []],
  ["192.0.2.8/32", ["192.0.2.8"], []],
  ["192.0.2.254-192.0.3.1", ["192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1"], []],
  ["fd01::/126", [], ["fd01::1", "fd01::2", "fd01::3"]],
  ["fd01::7/128", [], ["fd01::7"]],
  [" 192.0.2.9 - 192.0.2.10 , fd01:0:0::a-fd01::b ", ["192.0.2.9", "192.0.2.10"], ["fd01::a", "fd01::b"]],
  [
    "192.0.2.5-192.0.2.6,192.0.2.1-192.0.2.2,192.0.2.2-192.0.2.5",
    [1, 2, 3, 4, 5, 6].map(n => `192.0.2.${n}`),
    [],
  ],
] as const) {
  test(`pool ${text} has the addresses ${[...v4, ...v6].join(", ")}`, () => {
    const pool = rangesOf(text);
    assert.deepEqual([addressesOf(pool, "IPv4"), addressesOf(pool, "IPv6")], [v4, v6]);
    for (const address of [...v4, ...v6]) assert.ok(pool.holds(address), address);
  });
}

test("pool of networks does not hold their first and last IPv4 addresses nor anything outside", () => {
  const pool = rangesOf("192.0.2.0/24,fd01::/64");
  for (const address of ["192.0.2.0", "192.0.2.255", "192.0.3.1", "fd01::", "fd02::1", "web.example", ""]) {
    assert.ok(!pool.holds(address), address);
  }
  assert.ok(pool.holds("fd01:0:0:0:ffff:ffff:ffff:ffff"));
  assert.equal(pool.size("IPv6"), 2n ** 64n - 1n);
  assert.equal(String(pool), "192.0.2.0/24,fd01::/64");
});

test("pool node is the nodes' own addresses", () => {
  assert.equal(parsePool(" node "), "node");
});

for (const [text, what] of [
  ["", '"" is neither a network nor a range of addresses'],
  ["nodes", '"nodes" is neither a network nor a range of addresses'],
  ["192.0.2.1", '"192.0.2.1" is neither a network nor a range of addresses'],
  ["192.0.2.0/33", '"192.0.2.0/33" is neither a network nor a range of addresses'],
  ["192.0.2.9-192.0.2.1", '"192.0.2.9-192.0.2.1" is neither a network nor a range of addresses'],
  ["192.0.2.1-fd01::1", '"192.0.2.1-fd01::1" is neither a network nor a range of addresses'],
  ["192.0.2.0/24,", '"" is neither a network nor a range of addresses'],
  ["127.0.0.0/24", '"127.0.0.0/24" holds loopback addresses'],
  ["0.0.0.0/0", '"0.0.0.0/0" holds unspecified addresses'],
  ["223.255.255.1-224.0.0.9", '"223.255.255.1-224.0.0.9" holds multicast or reserved addresses'],
  ["fe80::/64", '"fe80::/64" holds link-local addresses'],
] as const) {
  test(`pool "${text}" is refused: ${what}`, () => {
    assert.throws(
      () => parsePool(text),
      (error: unknown) => {
        assert.ok(error instanceof PoolSyntaxError);
        assert.equal(error.what, what);
        assert.match(error.remedy, /192\.0\.2\.128\/25/);
        return true;
      },
    );
  });
}
