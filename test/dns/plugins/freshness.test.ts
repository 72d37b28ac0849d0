import assert from "node:assert/strict";
import { test } from "node:test";
import { Freshness } from "../../../src/dns/plugins/freshness.ts";

test("marks are current until one of their keys is touched, whatever else is", () => {
  const freshness = new Freshness();
  const marks = freshness.mark(["web", "db", "web"]);
  freshness.touch("lab");
  assert.ok(freshness.isCurrent(marks));
  freshness.touch("db");
  assert.ok(!freshness.isCurrent(marks));
  assert.ok(freshness.isCurrent(freshness.mark(["web", "db"])));
});

test("marks of nothing stay current, and all others end when everything is touched", () => {
  const freshness = new Freshness();
  const none = freshness.mark([]);
  const some = freshness.mark(["web"]);
  freshness.touchAll();
  assert.deepEqual(
    [none, some].map(marks => freshness.isCurrent(marks)),
    [true, false],
  );
});

test("keys that were never marked cost nothing to touch, and are known from then on", () => {
  const freshness = new Freshness(1);
  freshness.touch("web");
  const marks = freshness.mark(["web"]);
  assert.ok(freshness.isCurrent(marks));
  freshness.touch("anything");
  assert.ok(!freshness.isCurrent(marks));
});
