import assert from "node:assert/strict";
import { test } from "node:test";
import { bind } from "../../../src/dns/plugins/bind.ts";
import { readWord } from "./read-word.ts";

test("addresses and interfaces are read with their places, unresolved", () => {
  const at = (line: number, column: number) => ({ file: "Corefile", line, column });
  const { config, findings, sentences } = readWord(
    bind,
    "bind lo ::1 {\n except 127.0.0.2\n}\nbind 127.0.0.3",
  );
  assert.deepEqual(config, {
    stanzas: [
      {
        targets: [
          { text: "lo", at: at(2, 6) },
          { text: "::1", at: at(2, 9) },
        ],
        except: [{ text: "127.0.0.2", at: at(3, 9) }],
      },
      { targets: [{ text: "127.0.0.3", at: at(5, 6) }], except: [] },
    ],
  });
  assert.deepEqual(findings, []);
  assert.deepEqual(sentences, ["Listens only on the addresses of interface lo, ::1, 127.0.0.3."]);
});

for (const [directive, ...findings] of [
  ["bind", "2:1 COREFILE_ARGUMENTS"],
  ["bind lo {\n except\n}", "3:2 COREFILE_ARGUMENTS"],
  ["bind lo {\n but 127.0.0.1\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(bind, directive).findings, findings);
  });
}
