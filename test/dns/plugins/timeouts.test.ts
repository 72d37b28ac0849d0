import assert from "node:assert/strict";
import { test } from "node:test";
import { timeouts } from "../../../src/dns/plugins/timeouts.ts";
import { readWord } from "./read-word.ts";

for (const [directive, config] of [
  ["timeouts {\n read 5s\n}", { firstQueryMs: 5_000 }],
  ["timeouts {\n idle 1m\n write 2\n}", { idleMs: 60_000, writeMs: 2_000 }],
  ["timeouts {\n read 24h\n maxtcpqueries 100\n}", { firstQueryMs: 86_400_000, maxQueries: 100 }],
] as const) {
  test(`${JSON.stringify(directive)} is read`, () => {
    assert.deepEqual(readWord(timeouts, directive).config, config);
    assert.deepEqual(readWord(timeouts, directive).findings, []);
  });
}

for (const [directive, ...findings] of [
  ["timeouts", "2:1 COREFILE_ARGUMENTS"],
  ["timeouts {\n}", "2:1 COREFILE_ARGUMENTS"],
  ["timeouts 5s {\n read 5s\n}", "2:10 COREFILE_ARGUMENTS"],
  ["timeouts {\n read\n}", "3:2 COREFILE_ARGUMENTS"],
  ["timeouts {\n read 999ms\n idle 25h\n}", "3:7 COREFILE_VALUE", "4:7 COREFILE_VALUE"],
  ["timeouts {\n write soon\n}", "3:8 COREFILE_VALUE"],
  ["timeouts {\n maxtcpqueries 0\n}", "3:16 COREFILE_VALUE"],
  ["timeouts {\n reads 5s\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(timeouts, directive).findings, findings);
  });
}

test("it is explained in sentences with units", () => {
  const directive = "timeouts {\n read 5s\n idle 1m\n write 2s\n maxtcpqueries 100\n}";
  assert.deepEqual(readWord(timeouts, directive).sentences, [
    "Ends connections that bring no first query within 5 s, or bring no further one within 60 s, or take no answer within 2 s.",
    "Answers 100 queries of a TCP or TLS connection, then ends it.",
  ]);
  assert.deepEqual(readWord(timeouts, "timeouts {\n idle 1m\n}").sentences, [
    "Ends connections that bring no further one within 60 s.",
  ]);
});
