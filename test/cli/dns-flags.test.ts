/** CoreDNS's flags, which Deployments and scripts pass. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Command } from "../support/command.ts";
import { exchangeUdp } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { decodeReply } from "../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../support/own-address.ts";
import { corefileFixture } from "./corefile-fixture.ts";

const block = `.\n bind ${ownAddress}\n whoami\n log\n`;

test("-dns.port and -p set the port of zones without one, and -pidfile writes the process id", async context => {
  for (const flag of ["-dns.port", "-p"]) {
    const { file, directory } = await corefileFixture(context, block);
    const port = await freePort();
    const pidfile = join(directory, "pid");
    await using command = Command.start("dns", "-conf", file, flag, String(port), "-pidfile", pidfile);
    await command.until(({ stdout }) => (stdout.includes("node") ? true : undefined));
    const reply = await exchangeUdp({ host: ownAddress, port }, buildQuery("www.example.org. A"));
    assert.equal(decodeReply(reply).rcode, "NOERROR");
    assert.equal(await readFile(pidfile, "utf8"), `${command.process.pid}\n`);
    assert.equal((await command.stop()).code, 0);
  }
});

test("a pidfile that cannot be written keeps it from starting, with what to do", async context => {
  const { file, directory } = await corefileFixture(context, block);
  const { code, stderr } = await Command.run(
    "dns",
    "-conf",
    file,
    "-pidfile",
    join(directory, "none", "pid"),
  );
  assert.match(stderr, /^frontdesk: cannot write the process id: ENOENT.*\n {2}what to do: \S/);
  assert.equal(code, 2);
});

test("-quiet leaves out the start-up lines, and warnings are still there", async context => {
  const { file } = await corefileFixture(context, `${block} forwrd\n`);
  const port = await freePort();
  await using command = Command.start("dns", "-conf", file, "-quiet", "-p", String(port));
  await command.until(({ stdout }) => (stdout.includes("forwrd") ? true : undefined));
  while (!(await exchangeUdp({ host: ownAddress, port }, buildQuery("a. A"), 200).catch(() => undefined)));
  const { stdout, code } = await command.stop();
  assert.match(stdout, /^\[WARNING\] .*forwrd/);
  assert.doesNotMatch(stdout, /Frontdesk-|node\d| on 127/);
  assert.equal(code, 0);
});

test("-conf stdin reads the Corefile from standard input", async () => {
  const port = await freePort();
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const argv = [main, "dns", "-conf", "stdin", "-p", String(port)];
  const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
  const printed = text(child.stdout);
  child.stdin.end(block);
  while (!(await exchangeUdp({ host: ownAddress, port }, buildQuery("a. A"), 200).catch(() => undefined)));
  child.kill("SIGTERM");
  await once(child, "close");
  assert.match(await printed, new RegExp(`^\\.:${port} on ${ownAddress}\n`));
  assert.equal(child.exitCode, 0);
});

test("-version says what it is, in CoreDNS's two lines, and ends", async () => {
  const { stdout, code } = await Command.run("dns", "-version");
  assert.match(stdout, /^Frontdesk-\d+\.\d+\.\d+\nlinux\/\w+, node\d+\.\S+\n$/);
  assert.equal(code, 0);
});

for (const [what, argv, says] of [
  ["a flag that is not known", ["-bogus"], /--bogus/],
  ["a word too many", ["Corefile"], /"Corefile" means nothing/],
  ["a port that is none", ["-p", "70000"], /"70000" is not a number from 0 to 65535/],
  ["an empty name of a Corefile", ["-conf", ""], /--conf is empty/],
  [
    "a Corefile that is not there",
    ["-conf", "no/such/Corefile"],
    /cannot read the Corefile no\/such\/Corefile/,
  ],
] as const) {
  test(`${what} ends it with code 2, and it says what to do`, async () => {
    const { code, stderr, stdout } = await Command.run("dns", ...argv);
    assert.match(stderr, says);
    assert.match(stderr, /^ {2}what to do: \S/m);
    assert.deepEqual([code, stdout], [2, ""]);
  });
}
