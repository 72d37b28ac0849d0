import assert from "node:assert/strict";
import { test } from "node:test";
import { hosts } from "../../../src/dns/plugins/hosts/hosts.ts";
import { findingsOf } from "./rig.ts";

for (const [line, ...findings] of [
  ["ttl", "3:1 COREFILE_ARGUMENTS"],
  ["ttl 0", "3:5 COREFILE_VALUE"],
  ["ttl 65536", "3:5 COREFILE_VALUE"],
  ["ttl 5 6", "3:7 COREFILE_NO_EFFECT"],
  ["reload", "3:1 COREFILE_ARGUMENTS"],
  ["reload 5", "3:8 COREFILE_VALUE"],
  ["reload -5s", "3:8 COREFILE_VALUE"],
  ["reload 0"],
  ["no_reverse x", "3:12 COREFILE_NO_EFFECT"],
  ["fallthrough in-addr.arpa 10.0.0.0/8"],
  ["fallthrough exa..mple", "3:13 COREFILE_VALUE"],
  ["fallthrough_unsupported", "3:1 COREFILE_MISSING"],
  ["fallthrough\nfallthrough_unsupported x", "4:25 COREFILE_ARGUMENTS"],
  ["fallthrough\n10.0.0.1 late", "4:1 COREFILE_UNKNOWN_OPTION"],
  ["fallthrough\nfoo", "4:1 COREFILE_UNKNOWN_OPTION"],
  ["10.0.0.1 host.minikube.internal"],
  ["10.0.0.1", "3:1 COREFILE_NO_EFFECT"],
  ["fallthru", "3:1 COREFILE_NO_EFFECT"],
] as const) {
  test(`hosts { ${line.replaceAll("\n", "; ")} } has ${findings.length} finding(s)`, () => {
    assert.deepEqual(findingsOf(`. {\n hosts {\n${line}\n}\n}`, [hosts]), findings);
  });
}

test("hosts stands once, and its zones are names", () => {
  assert.deepEqual(findingsOf(". {\n hosts /etc/hosts exa..mple\n hosts\n}", [hosts]), [
    "3:2 COREFILE_DUPLICATE",
    "2:19 COREFILE_VALUE",
  ]);
});
