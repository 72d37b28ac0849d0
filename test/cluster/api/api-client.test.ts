import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ObservedRequest } from "../../../src/cluster/api/api-client.ts";
import { ApiClient, readText } from "../../../src/cluster/api/api-client.ts";
import { ApiStatusError } from "../../../src/cluster/api/api-error.ts";
import { TestApiServer } from "../../support/api-server.ts";

const limits = { headersSilenceMs: 5_000, bodySilenceMs: 5_000 };
const services = "/api/v1/namespaces/shop/services";

async function startClient(t: TestContext) {
  const server = await TestApiServer.start({ requiresToken: true });
  t.after(() => server.close());
  const observed: string[] = [];
  let renewals = 0;
  const client = new ApiClient(
    {
      server: server.url,
      credentials: async () => ({ headers: { Authorization: `Bearer ${server.token}` } }),
      renew: async () => {
        renewals++;
      },
    },
    ({ verb, code }: ObservedRequest) => observed.push(`${verb} ${code}`),
  );
  t.after(() => client.close());
  const options = { ...limits, signal: AbortSignal.timeout(10_000) };
  return { server, client, options, observed, renewals: () => renewals };
}

test("ApiClient create makes the object, and says when there is one already", async t => {
  const { server, client, options, observed } = await startClient(t);
  const web = { metadata: { name: "web" }, spec: { ports: [{ port: 80 }] } };
  await client.create(services, web, options);
  const request = server.requests.at(-1);
  assert.deepEqual(
    [request?.verb, request?.namespace, request?.headers["content-type"]],
    ["create", "shop", "application/json"],
  );
  await assert.rejects(
    client.create(services, web, options),
    (error: unknown) => error instanceof ApiStatusError && error.code === 409,
  );
  assert.deepEqual(observed, ["POST 201", "POST 409"]);
});

test("ApiClient patch merges fields into the object", async t => {
  const { server, client, options, observed } = await startClient(t);
  server.put({
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { type: "NodePort", ports: [] },
  });
  await client.patch(`${services}/web`, { spec: { ports: [{ port: 81 }] } }, options);
  const response = await client.get(`${services}/web`, options);
  const { spec } = JSON.parse(await readText(response));
  assert.deepEqual(spec, { type: "NodePort", ports: [{ port: 81 }] });
  await assert.rejects(client.patch(`${services}/none`, {}, options), { code: 404 });
  assert.deepEqual(observed, ["PATCH 200", "GET 200", "PATCH 404"]);
});

test("ApiClient patch of a version that is gone by is a conflict", async t => {
  const { server, client, options } = await startClient(t);
  const { metadata } = server.put({
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: {},
  });
  const fields = { metadata: { resourceVersion: metadata?.resourceVersion }, spec: { type: "NodePort" } };
  await client.patch(`${services}/web`, fields, options);
  await assert.rejects(client.patch(`${services}/web`, fields, options), { code: 409 });
});

test("ApiClient delete removes the object, and says when there is none", async t => {
  const { server, client, options, observed } = await startClient(t);
  server.put({ kind: "Service", metadata: { name: "web", namespace: "shop" } });
  await client.delete(`${services}/web`, options);
  await assert.rejects(client.delete(`${services}/web`, options), { code: 404 });
  assert.deepEqual(observed, ["DELETE 200", "DELETE 404"]);
});

test("ApiClient create that is not let in renews the credentials, as get does", async t => {
  const { server, client, options, renewals } = await startClient(t);
  server.fail({}, { type: "status", code: 401 });
  await assert.rejects(client.create(services, { metadata: { name: "web" } }, options), { code: 401 });
  assert.equal(renewals(), 1);
});

test("ApiClient create over connections that stay open uses one", async t => {
  const { server, client, options } = await startClient(t);
  for (const name of ["a", "b", "c"]) await client.create(services, { metadata: { name } }, options);
  assert.equal(server.connectionCount, 1);
});
