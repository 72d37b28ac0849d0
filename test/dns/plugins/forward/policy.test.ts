import assert from "node:assert/strict";
import { test } from "node:test";
import { policyOf } from "../../../../src/dns/plugins/forward/policy.ts";

const upstreams = ["a", "b", "c"];

test("round_robin begins with the second and keeps the others as written", () => {
  const policy = policyOf("round_robin", Math.random);
  const orders = Array.from({ length: 4 }, () => policy(upstreams).join(""));
  assert.deepEqual(orders, ["bac", "cab", "abc", "bac"]);
});

test("sequential always begins with the first", () => {
  const policy = policyOf("sequential", Math.random);
  assert.deepEqual([policy(upstreams), policy(upstreams)], [upstreams, upstreams]);
});

test("random gives every order of three equally often", () => {
  const policy = policyOf("random", Math.random);
  const seen = new Map<string, number>();
  const rounds = 6_000;
  for (let round = 0; round < rounds; round += 1) {
    const order = policy(upstreams).join("");
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 6);
  // A fair draw leaves these bounds about once in 10^20 runs.
  for (const [order, count] of seen) assert.ok(Math.abs(count - rounds / 6) < 280, `${order}: ${count}`);
  assert.deepEqual(upstreams, ["a", "b", "c"]);
});

for (const name of ["random", "round_robin", "sequential"] as const) {
  test(`${name} with one upstream or none gives just that`, () => {
    const policy = policyOf(name, Math.random);
    assert.deepEqual([policy(["a"]), policy(["a"]), policy([])], [["a"], ["a"], []]);
  });
}
