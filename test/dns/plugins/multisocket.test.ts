import assert from "node:assert/strict";
import { test } from "node:test";
import { multisocket } from "../../../src/dns/plugins/multisocket.ts";
import { readWord } from "./read-word.ts";

for (const [directive, count, sentence] of [
  ["multisocket", undefined, "one process for each processor"],
  ["multisocket 1", 1, "one process"],
  ["multisocket 1024", 1024, "1024 processes"],
] as const) {
  test(`${directive} asks for ${sentence}`, () => {
    const { config, findings, sentences } = readWord(multisocket, directive);
    assert.deepEqual(config, { count, at: { file: "Corefile", line: 2, column: 1 } });
    assert.deepEqual(findings, []);
    assert.deepEqual(sentences, [`All server blocks are answered by ${sentence}, which share the ports.`]);
  });
}

for (const [directive, finding] of [
  ["multisocket 0", "2:13 COREFILE_VALUE"],
  ["multisocket 1025", "2:13 COREFILE_VALUE"],
  ["multisocket two", "2:13 COREFILE_VALUE"],
  ["multisocket 2 3", "2:15 COREFILE_ARGUMENTS"],
  ["multisocket 2 {\n option\n}", "2:1 COREFILE_SYNTAX"],
  ["multisocket 2\nmultisocket 2", "3:1 COREFILE_DUPLICATE"],
] as const) {
  test(`${JSON.stringify(directive)} is ${finding.split(" ")[1]}`, () => {
    assert.deepEqual(readWord(multisocket, directive).findings, [finding]);
  });
}
