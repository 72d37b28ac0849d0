import assert from "node:assert/strict";
import { test } from "node:test";
import { reload } from "../../../src/dns/plugins/reload.ts";
import { readWord } from "./read-word.ts";

for (const [directive, intervalMs, jitterMs] of [
  ["reload", 30_000, 15_000],
  ["reload 2s", 2_000, 1_000],
  ["reload 1m", 60_000, 15_000],
  ["reload 1m 1s", 60_000, 1_000],
  ["reload 10s 9s", 10_000, 5_000],
] as const) {
  test(`${directive} looks every ${intervalMs} ms, give or take half of ${jitterMs} ms`, () => {
    const { config, findings } = readWord(reload, directive);
    assert.deepEqual(config, { intervalMs, jitterMs });
    assert.deepEqual(findings, []);
  });
}

for (const [directive, ...findings] of [
  ["reload 1999ms", "2:8 COREFILE_VALUE"],
  ["reload 2s 999ms", "2:11 COREFILE_VALUE"],
  ["reload often", "2:8 COREFILE_VALUE"],
  ["reload 2s 1s 1s", "2:14 COREFILE_ARGUMENTS"],
] as const) {
  test(`${directive} is found wrong at its place`, () => {
    assert.deepEqual(readWord(reload, directive).findings, findings);
  });
}

test("it is explained with the interval", () => {
  assert.deepEqual(readWord(reload, "reload 1m").sentences, [
    "Reads the Corefile again about every 60 s; one with mistakes changes nothing.",
  ]);
});
