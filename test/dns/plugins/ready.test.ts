import assert from "node:assert/strict";
import { test } from "node:test";
import { ready } from "../../../src/dns/plugins/ready.ts";
import { readWord } from "./read-word.ts";

for (const [directive, config] of [
  ["ready", { address: ":8181", monitor: "until-ready" }],
  ["ready 127.0.0.1:81", { address: "127.0.0.1:81", monitor: "until-ready" }],
  ["ready {\n monitor until-ready\n}", { address: ":8181", monitor: "until-ready" }],
  ["ready :81 {\n monitor continuously\n}", { address: ":81", monitor: "continuously" }],
] as const) {
  test(`${JSON.stringify(directive)} is read`, () => {
    assert.deepEqual(readWord(ready, directive).config, config);
    assert.deepEqual(readWord(ready, directive).findings, []);
  });
}

for (const [directive, ...findings] of [
  ["ready :81 :82", "2:11 COREFILE_ARGUMENTS"],
  ["ready 81", "2:7 COREFILE_VALUE"],
  ["ready {\n monitor always\n}", "3:10 COREFILE_VALUE"],
  ["ready {\n monitor\n}", "3:2 COREFILE_ARGUMENTS"],
  ["ready {\n watch continuously\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
  ["ready\nready", "3:1 COREFILE_DUPLICATE"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(ready, directive).findings, findings);
  });
}

test("it is explained with the address, and whether it is asked again and again", () => {
  assert.deepEqual(readWord(ready, "ready :81").sentences, [
    "Says on http://:81/ready whether everything is loaded.",
  ]);
  assert.deepEqual(readWord(ready, "ready :81 {\n monitor continuously\n}").sentences, [
    "Says on http://:81/ready whether everything is loaded, and whether it still is.",
  ]);
});
