import assert from "node:assert/strict";
import { test } from "node:test";
import { loadText } from "../../../src/cli/corefile-source.ts";
import { processCount } from "../../../src/cli/process-count.ts";

const countOf = (text: string, processors = 4, canShare = true) =>
  processCount(loadText("Corefile", text, 53).plan, processors, canShare);

for (const [what, text, expected] of [
  ["none", ". {\n whoami\n}", 1],
  ["one that asks for 3", ". {\n multisocket 3\n}", 3],
  ["one without a number", ". {\n multisocket\n}", 4],
  ["two that ask for the same", "a.org {\n multisocket 2\n}\nb.org {\n multisocket 2\n}", 2],
  ["one of two", "a.org {\n multisocket 2\n}\nb.org {\n whoami\n}", 2],
  ["one that asks for 16 on 4 processors", ". {\n multisocket 16\n}", 16],
] as const) {
  test(`server blocks with ${what} make ${expected} processes, without a warning`, () => {
    assert.deepEqual(countOf(text), { count: expected, warnings: [] });
  });
}

test("server blocks that ask for different numbers get the largest, and are told where it stands", () => {
  assert.deepEqual(countOf("a.org {\n multisocket 2\n}\nb.org {\n  multisocket 3\n}"), {
    count: 3,
    warnings: [
      "Corefile:5:3: multisocket: server blocks ask for different numbers; the largest, 3, is for all of them",
    ],
  });
});

test("more than four for each processor are not started", () => {
  assert.deepEqual(countOf(". {\n multisocket 1024\n}", 2), {
    count: 8,
    warnings: ["Corefile:2:2: multisocket: 8 instead of 1024 processes: 4 for each of 2 processors"],
  });
});

test("where ports cannot be shared there is one", () => {
  assert.deepEqual(countOf(". {\n multisocket 2\n}", 2, false), {
    count: 1,
    warnings: ["Corefile:2:2: multisocket: 1 instead of 2 processes: only Linux can share ports"],
  });
});
