import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { goTags } from "../../../src/cluster/manifest/scalar-tags.ts";

for (const [texts, type] of [
  [
    ["e1", "E5", ".e3", "+e1", "-e5", ".", "._5", "_5", "_", "+", "1e", "1.2.3", "0x", "1e999", "12:30:45"],
    "string",
  ],
  [["2026-11-01", "0o8", "0o", "v1", "10.0.0.1", ".5_0", "e", "-.", "+."], "string"],
  [
    ["1e1", "1.", ".5", "-.5", "+1.5", "1_000", "1E-3", "0x1F", "0b11", "0o17", "017", "089", "0_", "3.14"],
    "number",
  ],
  [["yes", "No", "on", "true", "FALSE"], "boolean"],
] as const) {
  for (const text of texts) {
    test(`the scalar ${text} is a ${type}`, () => {
      const value: unknown = parse(text, { version: "1.1", customTags: goTags });
      assert.equal(typeof value, type);
      if (type === "string") assert.equal(value, text);
      assert.ok(!Number.isNaN(value));
    });
  }
}

for (const [text, expected] of [
  ["0o17", 15],
  ["017", 15],
  ["-017", -15],
  ["0_", 0],
  ["0", 0],
  ["089", 89],
  ["1_000", 1000],
  ["1e3", 1000],
  [".5", 0.5],
  ["-1.5e1", -15],
  ["!!int 80", 80],
  ["!!str 80", "80"],
] as const) {
  test(`the scalar ${text} is ${expected}`, () => {
    assert.equal(parse(text, { version: "1.1", customTags: goTags }), expected);
  });
}
