import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/proxy/load-balancer/lease.ts";
import {
  firstLeaderLease,
  memberLease,
  memberLeaseName,
  readLease,
} from "../../../src/proxy/load-balancer/lease.ts";
import { LeaseView } from "../../../src/proxy/load-balancer/lease-view.ts";

function rig() {
  const clock = { nowMs: 1_000_000 };
  return { clock, view: new LeaseView(() => clock.nowMs) };
}

let version = 0;

function member(nodeName: string, fields: Partial<Lease> = {}): Lease {
  const tenure = { nodeName, durationSeconds: 5, nowMs: 0 };
  return { ...readLease(memberLease(tenure, [])), resourceVersion: String(++version), ...fields };
}

function namesIn(view: LeaseView): string {
  return view
    .members()
    .map(({ holder }) => holder)
    .join(" ");
}

test("a Lease is read back as it was written", () => {
  const tenure = { nodeName: "n1", durationSeconds: 5, nowMs: 0 };
  const { addresses, role, holder, durationMs } = readLease(memberLease(tenure, ["192.0.2.1", "fd01::1"]));
  assert.deepEqual([addresses, role, holder, durationMs], [["192.0.2.1", "fd01::1"], "member", "n1", 5000]);
  assert.equal(readLease(firstLeaderLease(tenure)).role, "leader");
  assert.deepEqual(readLease(memberLease(tenure, [])).addresses, []);
});

test("LeaseView member counts for its duration after its last change was seen, whatever its own clock says", () => {
  const { clock, view } = rig();
  view.replaceAll([member("n1"), member("n2")]);
  clock.nowMs += 4_000;
  view.apply(member("n1"));
  assert.equal(namesIn(view), "n1 n2");
  clock.nowMs += 1_000;
  assert.equal(namesIn(view), "n1");
  clock.nowMs += 4_000;
  assert.equal(namesIn(view), "");
});

test("LeaseView member that is told of again unchanged is not prolonged", () => {
  const { clock, view } = rig();
  const lease = member("n1");
  view.replaceAll([lease]);
  clock.nowMs += 4_000;
  view.apply(lease);
  clock.nowMs += 1_000;
  assert.equal(namesIn(view), "");
});

test("LeaseView member that leaves is gone at once", () => {
  const { view } = rig();
  view.replaceAll([member("n1"), member("n2"), member("n3")]);
  view.remove(memberLeaseName("n1"));
  view.apply(member("n2", { holder: "" }));
  assert.equal(namesIn(view), "n3");
});

test("LeaseView that hears nothing lets nobody expire, and gives everybody the whole time afterwards", () => {
  const { clock, view } = rig();
  view.replaceAll([member("n1"), member("n2")]);
  clock.nowMs += 1_000;
  view.apply(member("n1"));
  view.cutOff();
  clock.nowMs += 3_600_000;
  assert.equal(namesIn(view), "n1 n2");
  view.replaceAll([member("n1"), member("n2")]);
  clock.nowMs += 4_999;
  assert.equal(namesIn(view), "n1 n2");
  clock.nowMs += 1;
  assert.equal(namesIn(view), "");
});

test("LeaseView before anything was heard knows nobody", () => {
  const { view } = rig();
  assert.equal(namesIn(view), "");
  assert.equal(view.isHeld(memberLeaseName("n1")), false);
});

test("LeaseView members long gone are those whose Lease expired so long ago", () => {
  const { clock, view } = rig();
  view.replaceAll([member("n1"), member("n2")]);
  clock.nowMs += 60_000;
  view.apply(member("n2"));
  const gone = () => view.membersGoneFor(60_000).map(({ holder }) => holder);
  assert.deepEqual(gone(), []);
  clock.nowMs += 5_000;
  assert.deepEqual(gone(), ["n1"]);
});
