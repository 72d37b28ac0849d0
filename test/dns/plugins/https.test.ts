import assert from "node:assert/strict";
import { test } from "node:test";
import { https } from "../../../src/dns/plugins/https.ts";
import { readWord } from "./read-word.ts";

for (const [directive, maxConnections, sentence] of [
  ["https", 200, "Takes at most 200 connections for DNS over HTTPS at a time."],
  ["https {\n max_connections 3\n}", 3, "Takes at most 3 connections for DNS over HTTPS at a time."],
  ["https {\n max_connections 0\n}", Infinity, "Takes any number of connections for DNS over HTTPS."],
] as const) {
  test(`${JSON.stringify(directive)} is read and explained`, () => {
    const { config, sentences, findings } = readWord(https, directive);
    assert.deepEqual(config, { maxConnections });
    assert.deepEqual(sentences, [sentence]);
    assert.deepEqual(findings, []);
  });
}

for (const [directive, ...findings] of [
  ["https 3", "2:7 COREFILE_ARGUMENTS"],
  ["https {\n max_connections -1\n}", "3:18 COREFILE_VALUE"],
  ["https {\n max_connections\n}", "3:2 COREFILE_ARGUMENTS"],
  ["https {\n max_connection 3\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
  ["https\nhttps", "3:1 COREFILE_DUPLICATE"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(https, directive).findings, findings);
  });
}
