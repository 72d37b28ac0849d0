/** What counting and logging cost while nothing happens, and while nobody reads. Each in a process of its own. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

function run(script: string) {
  const argv = ["--input-type=module", "-e", script];
  return spawn(process.execPath, argv, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
}

const fewWakeUps = 15;

test("metrics and log that have nothing to do leave the process asleep", async () => {
  const child = run(`
    import { setTimeout } from "node:timers/promises";
    import { createLineLog } from "./src/observe/line-log.ts";
    import { Metrics } from "./src/observe/metrics.ts";
    const { log } = await createLineLog();
    new Metrics({ version: "", revision: "" });
    log.info("started");
    const wakeUps = () => process.resourceUsage().voluntaryContextSwitches;
    let count = Infinity;
    // What a start leaves to be done is done in the first seconds.
    for (let second = 0; second < 10 && count >= ${fewWakeUps}; second += 1) {
      const before = wakeUps();
      await setTimeout(1000);
      count = wakeUps() - before;
    }
    process.stderr.write(String(count));
    process.exit(0);`);
  const [stderr, stdout] = await Promise.all([text(child.stderr), text(child.stdout)]);
  assert.equal(stdout, "[INFO] started\n");
  assert.ok(Number(stderr) < fewWakeUps, `woke ${stderr} times in a second`);
});

test("a log that nobody reads costs lines, not memory", async () => {
  const child = run(`
    import { setImmediate } from "node:timers/promises";
    import { openDestination } from "./src/observe/log.ts";
    const log = openDestination(process.stdout.fd);
    for (let line = 0; line < 100_000; line += 1) {
      log.write(String(line).padEnd(99, ".") + "\\n");
      if (line % 100 === 0) await setImmediate();
    }
    process.stderr.write("written");`);
  await once(child.stderr, "data");
  const lines = (await text(child.stdout)).split("\n");
  assert.equal(lines.at(-1), "");
  assert.ok(lines.length > 1_000 && lines.length < 30_000, `${lines.length} lines were kept`);
  assert.ok(lines.slice(0, -1).every(line => line.length === 99));
});
