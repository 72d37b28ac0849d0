/** A running server and its Corefile: changed, broken, mended. SIGUSR1 stands for the interval of `reload`. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { Command } from "../support/command.ts";
import { exchangeUdp, UdpClient } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { decodeReply } from "../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../support/own-address.ts";
import { corefileFixture } from "./corefile-fixture.ts";

async function startServer(context: TestContext) {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const corefile = (address: string, more = "") => `.:${port} {
    bind ${ownAddress}
    prometheus ${ownAddress}:${metricsPort}
    reload 1h
    hosts {
        ${address} www.example.org
    }
    ${more}
}
`;
  const fixture = await corefileFixture(context, corefile("192.0.2.1"));
  const command = Command.start("dns", "-conf", fixture.file);
  context.after(() => command.stop("SIGTERM"));
  await command.until(({ stdout }) => (stdout.includes("SHA512") ? true : undefined));
  const server = { host: ownAddress, port };
  return {
    command,
    server,
    corefile,
    async ask() {
      return decodeReply(await exchangeUdp(server, buildQuery("www.example.org. A"))).answer;
    },
    async metric(name: string) {
      const response = await fetch(`http://${ownAddress}:${metricsPort}/metrics`);
      return (await response.text()).split("\n").filter(line => line.startsWith(name));
    },
    /** Writes the file, asks for a reload and waits for this text in what is printed after that. */
    async change(text: string, printed: string) {
      const before = command.stdout.length;
      await fixture.write(text);
      command.process.kill("SIGUSR1");
      await command.until(({ stdout }) => (stdout.slice(before).includes(printed) ? true : undefined));
    },
  };
}

test("a changed Corefile is served, and its hash told", async context => {
  const { ask, change, corefile, metric } = await startServer(context);
  assert.deepEqual(await ask(), ["www.example.org. 3600 IN A 192.0.2.1"]);
  const [before = ""] = await metric("coredns_reload_version_info");
  await change(corefile("192.0.2.2"), "Reloading complete");
  assert.deepEqual(await ask(), ["www.example.org. 3600 IN A 192.0.2.2"]);
  const [after = "", ...others] = await metric("coredns_reload_version_info");
  assert.match(after, /^coredns_reload_version_info\{hash="sha512",value="[0-9a-f]{128}"\} 1$/);
  assert.notEqual(after, before);
  assert.deepEqual(others, []);
});

test("a broken Corefile changes nothing that is served, and is told once with its place", async context => {
  const { ask, change, corefile, metric, command } = await startServer(context);
  assert.deepEqual(await metric("coredns_reload_failed_total"), ["coredns_reload_failed_total 0"]);
  await change(corefile("192.0.2.3", "cache 0"), "reload failed");
  assert.match(
    command.stdout,
    /\[ERROR\] plugin\/reload: Corefile changed but reload failed: \S+Corefile:8:11: /,
  );
  assert.deepEqual(await ask(), ["www.example.org. 3600 IN A 192.0.2.1"]);
  assert.deepEqual(await metric("coredns_reload_failed_total"), ["coredns_reload_failed_total 1"]);
  await change(corefile("192.0.2.4"), "Reloading complete");
  assert.deepEqual(await ask(), ["www.example.org. 3600 IN A 192.0.2.4"]);
});

test("a Corefile that cannot start changes nothing either", async context => {
  const { ask, change, corefile } = await startServer(context);
  await change(`${corefile("192.0.2.5")}\n.:5353 {\n bind 192.0.2.99\n whoami\n}\n`, "reload failed");
  assert.deepEqual(await ask(), ["www.example.org. 3600 IN A 192.0.2.1"]);
});

test("reloads under load lose no query and answer by one Corefile or the other", async context => {
  const { server, change, corefile } = await startServer(context);
  const client = await UdpClient.open(server);
  context.after(() => client.close());
  let isOver = false;
  const seen = new Set<string>();
  const load = (async () => {
    let count = 0;
    while (!isOver) {
      client.send(buildQuery("www.example.org. A"));
      // A query without an answer ends the test here, by the client's time limit.
      const { answer } = decodeReply(await client.receive());
      assert.equal(answer.length, 1);
      seen.add(answer[0] ?? "");
      count += 1;
    }
    return count;
  })();
  for (let round = 10; round < 30; round += 1)
    await change(corefile(`192.0.2.${round}`), "Reloading complete");
  isOver = true;
  assert.ok((await load) > 20);
  assert.ok(seen.size > 10);
});
