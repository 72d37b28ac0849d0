import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { type TestContext, test } from "node:test";
import type { ServiceHealth } from "../../../src/proxy/health/service-health.ts";
import type { ServiceHealthServersOptions } from "../../../src/proxy/health/service-health-servers.ts";
import { ServiceHealthServers } from "../../../src/proxy/health/service-health-servers.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";

interface Answer {
  readonly status: number | undefined;
  readonly weight: string | undefined;
  readonly body: string;
}

async function ask(port: number, path = "/", method = "GET", host = ownAddress): Promise<Answer | string> {
  const asked = request({ host, port, path, method, agent: false }).end();
  try {
    const [response] = await once(asked, "response");
    const chunks: Buffer[] = await response.toArray();
    const weight = response.headers["x-load-balancing-endpoint-weight"];
    return { status: response.statusCode, weight, body: Buffer.concat(chunks).toString() };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  }
}

async function statusOf(port: number, host = ownAddress): Promise<number | string | undefined> {
  const answer = await ask(port, "/", "GET", host);
  return typeof answer === "string" ? answer : answer.status;
}

function serve(t: TestContext, options: Partial<ServiceHealthServersOptions> = {}) {
  const failures: string[] = [];
  const servers = new ServiceHealthServers({
    family: "IPv4",
    addresses: [ownAddress],
    isProxyHealthy: () => true,
    onListenFailure: ({ name }, error) => failures.push(`${name} ${(error as NodeJS.ErrnoException).code}`),
    ...options,
  });
  t.after(() => servers.close());
  return { servers, failures };
}

function web(port: number, localEndpointCount = 1, name = "web"): ServiceHealth {
  return { namespace: "shop", name, port, localEndpointCount };
}

test("ServiceHealthServers set answers any path and method on the Service's port", async t => {
  const { servers } = serve(t);
  const port = await freePort();
  servers.set(web(port, 3));
  await servers.settled();
  const expected = {
    status: 200,
    weight: "3",
    body: '{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 3,\n\t"serviceProxyHealthy": true\n}',
  };
  assert.deepEqual(await ask(port, "/healthz?verbose"), expected);
  assert.deepEqual(await ask(port, "/", "POST"), expected);
  assert.deepEqual(await ask(port, "/", "HEAD"), { ...expected, body: "" });
});

test("ServiceHealthServers set with another count is told from the next request on", async t => {
  let isHealthy = true;
  const { servers } = serve(t, { isProxyHealthy: () => isHealthy });
  const port = await freePort();
  const statuses = [];
  for (const count of [0, 1]) {
    servers.set(web(port, count));
    await servers.settled();
    statuses.push(await statusOf(port));
  }
  isHealthy = false;
  statuses.push(await statusOf(port));
  assert.deepEqual(statuses, [503, 200, 503]);
});

test("ServiceHealthServers set with another port closes the old one", async t => {
  const { servers } = serve(t);
  const [before, after] = [await freePort(), await freePort()];
  servers.set(web(before));
  servers.set(web(after, 2));
  await servers.settled();
  assert.deepEqual([await statusOf(before), await statusOf(after)], ["ECONNREFUSED", 200]);
});

test("ServiceHealthServers two Services that swap their ports both answer", async t => {
  const { servers, failures } = serve(t);
  const [one, two] = [await freePort(), await freePort()];
  servers.set(web(one, 1, "a"));
  servers.set(web(two, 0, "b"));
  await servers.settled();
  servers.set(web(two, 1, "a"));
  servers.set(web(one, 0, "b"));
  await servers.settled();
  assert.deepEqual([await statusOf(one), await statusOf(two), failures], [503, 200, []]);
});

test("ServiceHealthServers remove closes the port", async t => {
  const { servers } = serve(t);
  const port = await freePort();
  servers.set(web(port));
  await servers.settled();
  servers.remove({ namespace: "shop", name: "web" });
  await servers.settled();
  assert.equal(await statusOf(port), "ECONNREFUSED");
});

test("ServiceHealthServers whose port is taken reports it and answers when it is free again", async t => {
  const taken = createServer().listen(0, ownAddress);
  await once(taken, "listening");
  const port = (taken.address() as { port: number }).port;
  const failed = Promise.withResolvers<string>();
  const { servers } = serve(t, {
    retryMs: 10,
    onListenFailure: ({ name }, error) => failed.resolve(`${name} ${(error as NodeJS.ErrnoException).code}`),
  });
  servers.set(web(port));
  assert.equal(await failed.promise, "web EADDRINUSE");
  taken.close();
  await once(taken, "close");
  while ((await statusOf(port)) !== 200) await new Promise(resolve => setTimeout(resolve, 5));
});

test("ServiceHealthServers setAddresses moves every port to the new addresses", async t => {
  const { servers } = serve(t);
  const port = await freePort();
  servers.set(web(port));
  await servers.settled();
  const other = ownAddress.replace(/^127\.(\d+)/, (_, second) => `127.${Number(second) + 64}`);
  servers.setAddresses([other]);
  await servers.settled();
  assert.deepEqual([await statusOf(port), await statusOf(port, other)], ["ECONNREFUSED", 200]);
});

const hasIPv6 = Object.values(networkInterfaces()).some(all => all?.some(({ address }) => address === "::1"));

test("ServiceHealthServers of both families on all addresses share a port number", {
  skip: hasIPv6 ? false : "needs IPv6 on the loopback interface",
}, async t => {
  const port = await freePort();
  const four = serve(t, { addresses: "all-local" });
  const six = serve(t, { addresses: "all-local", family: "IPv6" });
  four.servers.set(web(port, 1));
  six.servers.set(web(port, 0));
  await Promise.all([four.servers.settled(), six.servers.settled()]);
  assert.deepEqual([four.failures, six.failures], [[], []]);
  assert.deepEqual([await statusOf(port, "127.0.0.1"), await statusOf(port, "::1")], [200, 503]);
});

test("ServiceHealthServers close closes every port", async t => {
  const { servers } = serve(t);
  const [one, two] = [await freePort(), await freePort()];
  servers.set(web(one, 1, "a"));
  servers.set(web(two, 1, "b"));
  await servers.close();
  assert.deepEqual([await statusOf(one), await statusOf(two)], ["ECONNREFUSED", "ECONNREFUSED"]);
});
