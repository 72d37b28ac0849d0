import assert from "node:assert/strict";
import { test } from "node:test";
import { tls } from "../../../src/dns/plugins/tls.ts";
import { readWord } from "./read-word.ts";

const pair = { cert: "a.pem", key: "a.key", ca: undefined, clientAuth: "nocert" };

for (const [directive, config] of [
  ["tls a.pem a.key", pair],
  ["tls a.pem a.key ca.pem", { ...pair, ca: "ca.pem" }],
  ...["nocert", "request", "require", "verify_if_given", "require_and_verify"].map(
    mode =>
      [
        `tls a.pem a.key ca.pem {\n client_auth ${mode}\n}`,
        { ...pair, ca: "ca.pem", clientAuth: mode },
      ] as const,
  ),
] as const) {
  test(`${JSON.stringify(directive)} is read`, () => {
    assert.deepEqual(readWord(tls, directive).config, config);
    assert.deepEqual(readWord(tls, directive).findings, []);
  });
}

for (const [directive, ...findings] of [
  ["tls", "2:1 COREFILE_ARGUMENTS"],
  ["tls a.pem", "2:1 COREFILE_ARGUMENTS"],
  ["tls a.pem a.key ca.pem more", "2:24 COREFILE_ARGUMENTS"],
  ["tls a.pem a.key {\n client_auth\n}", "3:2 COREFILE_ARGUMENTS"],
  ["tls a.pem a.key {\n client_auth always\n}", "3:14 COREFILE_VALUE"],
  ["tls a.pem a.key {\n clientauth require\n}", "3:2 COREFILE_UNSAFE_TO_IGNORE"],
  ["tls a.pem a.key\ntls b.pem b.key", "3:1 COREFILE_DUPLICATE"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(tls, directive).findings, findings);
  });
}

test("it is explained with the certificate and what clients have to show", () => {
  assert.deepEqual(readWord(tls, "tls a.pem a.key {\n client_auth require\n}").sentences, [
    "Encrypted listeners show the certificate in a.pem; client certificates: require.",
  ]);
});
