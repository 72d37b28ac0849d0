import assert from "node:assert/strict";
import { test } from "node:test";
import { TestApiServer } from "../support/api-server.ts";
import { namespace, service } from "../support/cluster-fixtures.ts";
import { Command } from "../support/command.ts";
import { exchangeUdp } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { decodeReply } from "../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../support/own-address.ts";
import { startSubject } from "../support/subject.ts";
import { corefileFixture } from "./corefile-fixture.ts";

async function page(url: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.text() };
}

test("what cannot be listed is named on /ready in the API server's words, until it can be", async context => {
  const api = await TestApiServer.start();
  context.after(() => api.close());
  api.load([namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })]);
  const allow = api.fail(
    ({ resource }) => resource?.name === "endpointslices",
    { type: "status", code: 403, message: 'User "frontdesk" cannot list resource "endpointslices"' },
    Number.POSITIVE_INFINITY,
  );
  const subject = await startSubject({
    kubeconfig: api.kubeconfig(),
    awaitReady: false,
    corefile: ({ keys, common, kubernetes }) =>
      `${keys(".")} {\n ${common}\n ${kubernetes("cluster.local", "startup_timeout 100ms")}\n}\n`,
  });
  context.after(() => subject.stop());
  const waiting = await page(subject.readyUrl);
  assert.equal(waiting.status, 503);
  assert.match(
    waiting.body,
    /^kubernetes: waiting for endpointslices: 403 .*cannot list resource "endpointslices"\n$/,
  );
  assert.equal((await page(subject.healthUrl)).status, 200);
  allow();
  while ((await page(subject.readyUrl)).status !== 200);
  const reply = decodeReply(await exchangeUdp(subject.server, buildQuery("web.shop.svc.cluster.local. A")));
  assert.deepEqual(reply.answer, ["web.shop.svc.cluster.local. 5 IN A 10.96.0.10"]);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends it with exit code 0, before the lists have come as well as after`, async context => {
    const api = await TestApiServer.start();
    context.after(() => api.close());
    const { directory, file } = await corefileFixture(context, "");
    const kubeconfig = await api.writeKubeconfig(directory);
    const port = await freePort();
    const corefile = await corefileFixture(
      context,
      `.:${port} {\n bind ${ownAddress}\n kubernetes cluster.local\n}\n`,
    );
    assert.notEqual(file, corefile.file);
    const start = () => Command.start("dns", "-conf", corefile.file, "--kubeconfig", kubeconfig);

    await using synced = start();
    await synced.until(({ stdout }) => (stdout.includes("Frontdesk-") ? true : undefined));
    assert.equal((await synced.stop(signal)).code, 0);
    assert.match(synced.stdout, new RegExp(`^\\[INFO\\] ${signal}: Shutting down`, "m"));

    const stuck = api.fail(
      ({ resource }) => resource?.name === "services",
      { type: "hang", headers: false },
      100,
    );
    await using waiting = start();
    await waiting.until(({ stdout }) => (stdout.includes("waiting for Kubernetes API") ? true : undefined));
    assert.equal((await waiting.stop(signal)).code, 0);
    assert.doesNotMatch(waiting.stdout + waiting.stderr, /\[(?:ERROR|FATAL)\]/);
    stuck();
  });
}

test("what it serves is printed as CoreDNS prints it", async context => {
  const port = await freePort();
  const { file } = await corefileFixture(
    context,
    `example.org:${port} 10.in-addr.arpa:${port} {\n bind ${ownAddress}\n whoami\n}\n`,
  );
  await using command = Command.start("dns", "-conf", file);
  await command.until(({ stdout }) => (stdout.includes("node") ? true : undefined));
  await command.stop("SIGTERM");
  const [first, second, name, platform] = command.stdout.split("\n");
  assert.equal(first, `10.in-addr.arpa.:${port} on ${ownAddress}`);
  assert.equal(second, `example.org.:${port} on ${ownAddress}`);
  assert.match(name ?? "", /^Frontdesk-\d/);
  assert.match(platform ?? "", /^linux\/\w+, node\d/);
});

test("an unknown word is told with its place, and all the rest is served", async context => {
  const port = await freePort();
  const { file } = await corefileFixture(
    context,
    `.:${port} {\n bind ${ownAddress}\n whoami\n forwrd . 192.0.2.1\n}\n`,
  );
  await using command = Command.start("dns", "-conf", file);
  await command.until(({ stdout }) => (stdout.includes("node") ? true : undefined));
  const reply = decodeReply(await exchangeUdp({ host: ownAddress, port }, buildQuery("anything.example. A")));
  await command.stop("SIGTERM");
  assert.equal(reply.rcode, "NOERROR");
  assert.match(command.stdout, /\[WARNING\] \S+Corefile:4:2: .*"?forwrd"?.*forward/);
});

for (const [what, corefile, expected] of [
  ["a word that decides who may see what", "acl {\n  allw type A\n }", /Corefile:4:3: .*allw/],
  ["a value that cannot be", "reload 1s", /Corefile:3:9: /],
  [
    "a file that is not there",
    "tls missing.pem missing.key",
    /Corefile:3:2: tls: cannot read .*missing\.pem/,
  ],
] as const) {
  test(`${what} keeps it from starting, with place and remedy`, async context => {
    const port = await freePort();
    const { file } = await corefileFixture(
      context,
      `tls://.:${port} {\n bind ${ownAddress}\n ${corefile}\n whoami\n}\n`,
    );
    const { code, stderr } = await Command.run("dns", "-conf", file);
    assert.notEqual(code, 0);
    assert.match(stderr, expected);
    assert.match(stderr, /what to do: \S/);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}

test("-plugins lists the words of a Corefile in the order of the chain", async () => {
  const { stdout, code } = await Command.run("dns", "-plugins");
  const words = stdout.trim().split("\n");
  assert.equal(code, 0);
  assert.ok(words.includes("dns.cache"));
  assert.ok(words.indexOf("dns.cache") < words.indexOf("dns.kubernetes"));
  assert.ok(words.indexOf("dns.kubernetes") < words.indexOf("dns.forward"));
});
