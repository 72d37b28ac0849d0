import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { test } from "node:test";
import { promisify } from "node:util";

const source = readFileSync(new URL("../../src/cli/quick-start.ts", import.meta.url), "utf8");
/** As JavaScript, since Node.js needs machine code to take types away. */
const module = `data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(source))}`;

/** Runs `hot` for as long as it takes V8 to notice, before and after the start is over. */
const programOf = (longestMs?: number) => `
  const longestMs = ${longestMs};
  const alive = setInterval(() => {}, 1_000);
  const { withoutTurboFanUntil } = await import(${JSON.stringify(module)});
  const { promise: started, resolve: start } = Promise.withResolvers();
  function hotAtStart(n) { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum; }
  function hotLater(n) { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum; }
  function hotAllTheTime(n) { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum; }
  const heat = hot => { for (let i = 0; i < 20_000; i++) hot(1_000); };
  const isOver = withoutTurboFanUntil(started, longestMs);
  heat(hotAtStart);
  heat(hotAllTheTime);
  if (longestMs === undefined) start();
  await isOver;
  heat(hotLater);
  heat(hotAllTheTime);
  clearInterval(alive);
  console.log("done");
`;

function run(program: string, ...flags: string[]) {
  const argv = [...flags, "--input-type=module", "--eval", program];
  return promisify(execFile)(process.execPath, argv, { maxBuffer: 64 * 1024 * 1024 });
}

test("TurboFan compiles nothing until the start is over, and then what runs often", async () => {
  const { stdout } = await run(programOf(), "--trace-opt");
  const compiled =
    stdout.match(/completed optimizing .*?(hotAtStart|hotLater|hotAllTheTime).*?TURBOFAN/g) ?? [];
  assert.ok(compiled.some(line => line.includes("hotLater")));
  assert.ok(
    compiled.some(line => line.includes("hotAllTheTime")),
    "what ran often at the start, too",
  );
  assert.deepEqual(
    compiled.filter(line => line.includes("hotAtStart")),
    [],
  );
});

test("V8 that must not make machine code is left as it is", async () => {
  const { stdout } = await run(programOf(), "--jitless");
  assert.equal(stdout, "done\n");
});

test("start that never ends keeps TurboFan out for a while only", async () => {
  const { stdout } = await run(programOf(1), "--trace-opt");
  assert.match(stdout, /completed optimizing .*?hotLater.*?TURBOFAN/);
});
