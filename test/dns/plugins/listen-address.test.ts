import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading } from "../../../src/dns/corefile/reading.ts";
import { readListenAddress } from "../../../src/dns/plugins/listen-address.ts";

const at = { file: "Corefile", line: 1, column: 1 };

for (const [text, address, ...codes] of [
  [":8080", ":8080"],
  ["localhost:9153", "localhost:9153"],
  ["[::1]:0", "[::1]:0"],
  ["localhost:", "localhost:0", "COREFILE_RISKY"],
  ["[::1]:", "[::1]:0", "COREFILE_RISKY"],
  [":", ":0", "COREFILE_RISKY"],
  ["localhost", undefined, "COREFILE_VALUE"],
  ["::1:8080", undefined, "COREFILE_VALUE"],
  [":65536", undefined, "COREFILE_VALUE"],
] as const) {
  test(`${text} as an address to listen on is ${address ?? "refused"}`, () => {
    const reading = new Reading();
    const stanza = { name: { text: "ready", at }, args: [{ text, at }], block: undefined };
    assert.equal(readListenAddress(stanza, reading, ":8181"), address);
    assert.deepEqual(
      reading.findings.map(({ code }) => code),
      codes,
    );
  });
}
