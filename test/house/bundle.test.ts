/** The container image holds one file of JavaScript: it has to work with nothing beside it. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type OutputOptions, rolldown } from "rolldown";
import config from "../../rolldown.config.ts";
import { root, textOf } from "./repository.ts";

let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "frontdesk-bundle-"));
  await using bundle = await rolldown({ ...config, cwd: root });
  await bundle.write({ ...(config.output as OutputOptions), file: join(folder, "frontdesk.js") });
});

after(() => rm(folder, { recursive: true }));

function run(...argv: string[]) {
  return promisify(execFile)(process.execPath, [join(folder, "frontdesk.js"), ...argv], { cwd: folder });
}

test("bundle is one program file and the licences of what is inside", async () => {
  assert.deepEqual((await readdir(folder)).sort(), ["THIRD-PARTY-LICENSES.txt", "frontdesk.js"]);
  const licences = await readFile(join(folder, "THIRD-PARTY-LICENSES.txt"), "utf8");
  for (const name of ["prom-client", "pino-pretty", "yaml", "@kubernetes/client-node"]) {
    assert.match(licences, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, "m"));
  }
});

test("bundle alone in a folder prints help and its version", async () => {
  const help = await run("help");
  assert.match(help.stdout, /frontdesk/);
  assert.equal(help.stderr, "");
  const { version } = JSON.parse(textOf("package.json"));
  assert.equal((await run("version")).stdout, `${version}\n`);
});

test("bundle alone in a folder explains the DNS verb's flags", async () => {
  assert.match((await run("help", "dns")).stdout, /--dns\.port/);
});
