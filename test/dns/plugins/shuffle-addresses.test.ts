import assert from "node:assert/strict";
import { test } from "node:test";
import { shuffleAddresses } from "../../../src/dns/plugins/shuffle-addresses.ts";
import type { RecordData, ResourceRecord } from "../../../src/dns/wire/record.ts";

function record(data: RecordData): ResourceRecord {
  return { name: ["web"], class: 1, ttlSeconds: 5, data };
}

const alias = record({ type: "CNAME", target: ["db"] });
const addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(address => record({ type: "A", address }));

test("every order of three addresses is equally likely", () => {
  const seen = new Map<string, number>();
  const rounds = 6000;
  for (let round = 0; round < rounds; round += 1) {
    const order = shuffleAddresses(addresses, Math.random).map(one => addresses.indexOf(one));
    seen.set(order.join(), (seen.get(order.join()) ?? 0) + 1);
  }
  assert.equal(seen.size, 6);
  // A fair draw leaves these bounds about once in 10^20 runs.
  for (const [order, count] of seen) assert.ok(Math.abs(count - rounds / 6) < 280, `${order}: ${count}`);
});

test("records other than addresses keep their places", () => {
  const [shuffledAlias, ...others] = shuffleAddresses([alias, ...addresses], Math.random);
  assert.equal(shuffledAlias, alias);
  assert.deepEqual(new Set(others), new Set(addresses));
});

test("the records given are left as they are", () => {
  const given = [...addresses];
  shuffleAddresses(given, () => 0);
  assert.deepEqual(given, addresses);
});

test("addresses of one family keep to the places of their family", () => {
  const sixth = record({ type: "AAAA", address: "fd00::6" });
  const [first, second, third] = addresses as [ResourceRecord, ResourceRecord, ResourceRecord];
  const shuffled = shuffleAddresses([first, sixth, second, third], () => 0);
  assert.equal(shuffled[1], sixth);
  assert.deepEqual(shuffled, [second, sixth, third, first]);
});

test("an alias behind an address comes to the front", () => {
  const [address] = addresses as [ResourceRecord];
  assert.deepEqual(shuffleAddresses([address, alias], Math.random), [alias, address]);
});

test("records without anything to reorder are given back as they are", () => {
  const [address] = addresses as [ResourceRecord];
  const given = [alias, address];
  assert.equal(shuffleAddresses(given, Math.random), given);
});
