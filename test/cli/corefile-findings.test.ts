import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { reportFindings } from "../../src/cli/corefile-findings.ts";
import type { FindingCode } from "../../src/dns/corefile/finding.ts";
import { finding } from "../../src/dns/corefile/finding.ts";

function findingAt(code: FindingCode, line: number) {
  return finding(code, { file: "Corefile", line, column: 7 }, `wrong in ${line}`, `correct ${line}`);
}

/** The lines of the log, each after its level. */
function report(...findings: Parameters<typeof reportFindings>[0]): readonly string[] {
  const lines: string[] = [];
  const write = (text: string) => {
    const { level, msg } = JSON.parse(text) as { level: number; msg: string };
    lines.push(`${level} ${msg}`);
  };
  reportFindings(findings, pino({ base: null }, { write }));
  return lines;
}

test("what the server goes on without is a warning with place and remedy", () => {
  assert.deepEqual(report(findingAt("COREFILE_UNKNOWN_PLUGIN", 2), findingAt("COREFILE_UNKNOWN_OPTION", 3)), [
    "40 Corefile:2:7: wrong in 2; correct 2",
    "40 Corefile:3:7: wrong in 3; correct 3",
  ]);
});

test("one mistake ends the start with code 2, its place and its remedy, and warns of nothing besides", () => {
  assert.throws(() => report(findingAt("COREFILE_UNKNOWN_PLUGIN", 2), findingAt("COREFILE_VALUE", 3)), {
    exitCode: 2,
    what: "Corefile:3:7: wrong in 3",
    remedy: "correct 3",
    message: "Corefile:3:7: wrong in 3",
  });
});

test("several mistakes are all told, and where to find the remedies", () => {
  assert.throws(() => report(findingAt("COREFILE_VALUE", 2), findingAt("COREFILE_UNSAFE_TO_IGNORE", 3)), {
    exitCode: 2,
    what: "Corefile:2:7: wrong in 2\n  Corefile:3:7: wrong in 3",
    remedy: /frontdesk check/,
  });
});
