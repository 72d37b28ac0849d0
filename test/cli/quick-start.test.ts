import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

/** Runs two functions, too large to become a part of others, for as long as a start takes and for ten times as long. */
const program = `
  const { startQuickly } = await import(${JSON.stringify(new URL("../../src/cli/quick-start.ts", import.meta.url))});
  startQuickly();
  const body = "s = (s * 31 + 7) | 0;".repeat(200);
  const often = eval("(function often(s) { " + body + " return s; })");
  const always = eval("(function always(s) { " + body + " return s; })");
  for (let i = 0; i < 30_000; i++) often(i);
  for (let i = 0; i < 300_000; i++) always(i);
`;

test("TurboFan compiles what goes on running, not what runs for as long as a start takes", async () => {
  const argv = ["--trace-opt", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 64 * 1024 * 1024 });
  const isChosen = (name: string) => new RegExp(`marking .*?${name} .*?TURBOFAN`).test(stdout);
  assert.deepEqual({ often: isChosen("often"), always: isChosen("always") }, { often: false, always: true });
});
