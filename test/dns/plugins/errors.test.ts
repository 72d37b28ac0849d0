import assert from "node:assert/strict";
import { test } from "node:test";
import { errors } from "../../../src/dns/plugins/errors.ts";
import { failure } from "../../../src/dns/plugins/outcome.ts";
import type { Layer } from "../../../src/dns/plugins/plugin.ts";
import { findingsOf, type Rig, startRig } from "./rig.ts";

function layerOf(rig: Rig): Layer {
  const [member] = rig.chain.members;
  assert.ok(member);
  return member.layer;
}

function fail(rig: Rig, error: string, errorGroup?: string): void {
  const outcome = { ...failure(2, error), ...(errorGroup === undefined ? {} : { errorGroup }) };
  const sizes = { requestSizeBytes: 30, response: undefined, durationMs: 1 };
  layerOf(rig).sent?.({ query: rig.query("www.example.org. A"), outcome, rcode: 2, ...sizes });
}

function linesOf(rig: Rig): string[] {
  return rig.lines.map(line => {
    const { level, msg } = JSON.parse(line.slice(line.indexOf("{"))) as { level: number; msg: string };
    return `${level} ${msg}`;
  });
}

test("a failed query is one line with rcode, name and type", async () => {
  const rig = await startRig(". {\n errors\n}", { plugins: [errors] });
  fail(rig, "no plugin answered");
  assert.deepEqual(linesOf(rig), ["50 2 www.example.org. A: no plugin answered"]);
});

test("failures of one upstream are one line at once and one when the half minute is over", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const rig = await startRig(". {\n errors\n}", { plugins: [errors] });
  for (let count = 0; count < 1000; count += 1) fail(rig, `i/o timeout ${count}`, "192.0.2.1:53");
  fail(rig, "refused", "192.0.2.2:53");
  assert.deepEqual(linesOf(rig), [
    "50 2 www.example.org. A: i/o timeout 0",
    "50 2 www.example.org. A: refused",
  ]);
  rig.lines.length = 0;
  context.mock.timers.tick(30_000);
  assert.deepEqual(linesOf(rig), [
    "50 999 more queries failed at 192.0.2.1:53 in the last 30 s, the latest: 2 www.example.org. A: i/o timeout 999",
  ]);
  fail(rig, "i/o timeout", "192.0.2.1:53");
  assert.equal(rig.lines.length, 2);
});

test("errors that match a pattern are counted, in CoreDNS's words, and the rest of a period is told at the end", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const rig = await startRig('. {\n errors {\n  consolidate 5m "timeout$" warning\n }\n}', {
    plugins: [errors],
  });
  fail(rig, "i/o timeout");
  fail(rig, "i/o timeout");
  assert.deepEqual(linesOf(rig), []);
  context.mock.timers.tick(300_000);
  assert.deepEqual(linesOf(rig), ["40 2 errors like 'timeout$' occurred in last 5m"]);
  fail(rig, "i/o timeout");
  await rig.close();
  assert.equal(linesOf(rig).at(-1), "40 1 errors like 'timeout$' occurred in last 5m");
});

test("show_first prints the first at once, and no summary for it alone", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const rig = await startRig(". {\n errors {\n  consolidate 1m timeout error show_first\n }\n}", {
    plugins: [errors],
  });
  fail(rig, "i/o timeout");
  context.mock.timers.tick(60_000);
  assert.deepEqual(linesOf(rig), ["50 2 www.example.org. A: i/o timeout"]);
});

test("mistakes are found at their places", () => {
  const corefile = `. {
 errors nowhere {
  stacktrace 1
  consolidate 5x a
  consolidate 5s "(" loud
  consolidate 5s
  other
 }
}`;
  assert.deepEqual(findingsOf(corefile, [errors]), [
    "2:9 COREFILE_VALUE",
    "3:14 COREFILE_ARGUMENTS",
    "4:15 COREFILE_VALUE",
    "5:22 COREFILE_VALUE",
    "5:18 COREFILE_VALUE",
    "6:3 COREFILE_ARGUMENTS",
    "7:3 COREFILE_UNKNOWN_OPTION",
  ]);
});
