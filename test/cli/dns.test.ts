import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TestApiServer } from "../support/api-server.ts";
import { namespace, service } from "../support/cluster-fixtures.ts";
import { Command } from "../support/command.ts";
import { exchangeUdp } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { decodeReply } from "../support/dns-client-reply.ts";
import { startSubject } from "../support/subject.ts";

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
  const subject = await startSubject({ kubeconfig: api.kubeconfig(), awaitReady: false });
  context.after(() => subject.stop());
  const waiting = await page(subject.readyUrl);
  assert.equal(waiting.status, 503);
  assert.match(waiting.body, /^waiting for endpointslices: 403 .*cannot list resource "endpointslices"\n$/);
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
    const directory = await mkdtemp(join(tmpdir(), "frontdesk-dns-"));
    context.after(() => rm(directory, { recursive: true }));
    const kubeconfig = await api.writeKubeconfig(directory);
    const start = () =>
      Command.start(
        ...["dns", "--kubeconfig", kubeconfig, "--dns.port=0", "--listen=127.0.0.1"],
        ...["--health-address=127.0.0.1:0", "--ready-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0"],
      );

    const synced = start();
    await synced.until(({ stderr }) => (stderr.includes("answering DNS") ? true : undefined));
    assert.equal((await synced.stop(signal)).code, 0);

    const stuck = api.fail(
      ({ resource }) => resource?.name === "services",
      { type: "hang", headers: false },
      100,
    );
    const waiting = start();
    await waiting.until(({ stderr }) => (stderr.includes("endpointslices: listed") ? true : undefined));
    assert.equal((await waiting.stop(signal)).code, 0);
    assert.doesNotMatch(waiting.stderr, /"level":"(?:error|fatal)"/);
    stuck();
  });
}
