/** The one file of the container image starts itself again for each process. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { type OutputOptions, rolldown } from "rolldown";
import config from "../../../rolldown.config.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";

test("bundle under CoreDNS's name runs as many processes as its Corefile says", {
  skip: process.platform !== "linux",
}, async context => {
  const folder = await mkdtemp(join(tmpdir(), "frontdesk-multisocket-"));
  context.after(() => rm(folder, { recursive: true }));
  await using bundle = await rolldown({ ...config, cwd: join(import.meta.dirname, "../../..") });
  const file = join(folder, "frontdesk.js");
  await bundle.write({ ...(config.output as OutputOptions), file });
  await symlink(file, join(folder, "coredns"));
  await writeFile(
    join(folder, "Corefile"),
    `.:${await freePort()} {\n bind ${ownAddress}\n multisocket 3\n whoami\n}\n`,
  );
  const { PATH } = process.env;
  const child = spawn(process.execPath, [join(folder, "coredns"), "-conf", join(folder, "Corefile")], {
    env: { PATH, NODE_OPTIONS: "--max-old-space-size-percentage=60" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => child.kill("SIGKILL"));
  const joined: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (line.includes("answers, too")) joined.push(line);
    if (joined.length === 2) break;
  }
  assert.match(
    joined.sort((a, b) => a.slice(-1).localeCompare(b.slice(-1))).join("\n"),
    /^\[INFO\] process \d+ answers, too process=2\n.* process=3$/,
  );
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});
