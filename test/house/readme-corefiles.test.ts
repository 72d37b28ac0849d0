/** The Corefiles that the README shows are started as they stand, but for addresses and ports. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadText } from "../../src/cli/corefile-source.ts";
import { corefileFixture } from "../cli/corefile-fixture.ts";
import { Command } from "../support/command.ts";
import { freePort, ownAddress } from "../support/own-address.ts";
import { makeTestCertificate } from "../support/test-certificate.ts";
import { textOf } from "./repository.ts";

const corefiles = Array.from(
  textOf("README.md").matchAll(/```corefile\n(.*?)```/gs),
  ([, text = ""]) => text,
);

test("README shows Corefiles", () => {
  assert.ok(corefiles.length >= 2);
});

for (const [index, corefile] of corefiles.entries()) {
  test(`Corefile ${index + 1} of the README has no findings`, () => {
    assert.deepEqual(loadText("README.md", corefile, 53).plan.findings, []);
  });

  test(`Corefile ${index + 1} of the README is served`, async context => {
    const ports = new Map<string, number>();
    for (const [port] of corefile.matchAll(/(?<=[.]:)\d+/g)) ports.set(port, await freePort());
    const moved = corefile
      .replaceAll("127.0.0.1", ownAddress)
      .replace(/(?<=[.]:)\d+/g, port => String(ports.get(port)));
    const { directory, file } = await corefileFixture(context, moved);
    const { cert, key } = makeTestCertificate("DNS:dns.test");
    await writeFile(join(directory, "server.pem"), cert);
    await writeFile(join(directory, "server.key"), key);
    await using command = Command.start("dns", "-conf", file);
    await command.until(({ stdout }) => (stdout.includes("Frontdesk-") ? true : undefined));
    assert.equal((await command.stop("SIGTERM")).code, 0);
    for (const port of ports.values()) assert.match(command.stdout, new RegExp(`:${port} on ${ownAddress}`));
    assert.doesNotMatch(command.stdout, /\[(?:WARNING|ERROR|FATAL)\]/);
  });
}
