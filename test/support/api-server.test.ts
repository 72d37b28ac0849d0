import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { selectionsOf } from "../../src/cluster/api/api-source.ts";
import type { ClusterObject } from "../../src/cluster/objects.ts";
import { type RawObject, trim } from "../../src/cluster/trim.ts";
import { readBinaryList } from "../cluster/api/read-binary-list.ts";
import { binaryType as protobuf } from "./api-server/binary-object.ts";
import { resourceOfKind } from "./api-server/resources.ts";
import { TestApiServer } from "./api-server.ts";
import { endpointSlice, namespace, service as rawService } from "./cluster-fixtures.ts";

interface Answer {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent, to be compared
  readonly body: any;
}

async function start(t: TestContext, bookmarkIntervalMs = 60_000): Promise<TestApiServer> {
  const server = await TestApiServer.start({ bookmarkIntervalMs });
  t.after(() => server.close());
  return server;
}

async function ask(server: TestApiServer, method: string, path: string, body?: object): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(server.url + path, {
    method,
    headers,
    body: body ? JSON.stringify(body) : null,
  });
  return { code: response.status, body: await response.json() };
}

/** The events of a watch that the server ends after a second; with `count`, the first so many, whenever they come. */
async function watch(server: TestApiServer, path: string, count?: number): Promise<string[]> {
  const limit = count === undefined ? "&timeoutSeconds=1" : "";
  const { body } = await fetch(`${server.url}${path}watch=true${limit}`);
  assert.ok(body);
  const events: string[] = [];
  for await (const line of linesOf(body)) {
    const { type, object } = JSON.parse(line);
    events.push(`${type} ${object.metadata.name ?? JSON.stringify(object.metadata.annotations ?? {})}`);
    if (events.length === count) break;
  }
  return events;
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const collection = "/api/v1/namespaces/shop/services";
const service = (name: string, labels = {}) => ({
  kind: "Service",
  metadata: { namespace: "shop", name, labels },
});

test("test API server creates, updates, patches and deletes as kube-apiserver does", async t => {
  const server = await start(t);
  const created = await ask(server, "POST", collection, { metadata: { name: "web" }, spec: { a: 1, b: 2 } });
  assert.deepEqual(
    [created.code, created.body.kind, created.body.metadata.namespace],
    [201, "Service", "shop"],
  );
  assert.equal((await ask(server, "POST", collection, service("web"))).body.reason, "AlreadyExists");
  const patched = await ask(server, "PATCH", `${collection}/web`, { spec: { a: null, c: 3 } });
  assert.deepEqual(patched.body.spec, { b: 2, c: 3 });
  assert.equal((await ask(server, "PUT", `${collection}/web`, created.body)).body.reason, "Conflict");
  assert.equal((await ask(server, "PUT", `${collection}/web`, patched.body)).code, 200);
  assert.equal((await ask(server, "DELETE", `${collection}/web`)).code, 200);
  assert.deepEqual((await ask(server, "GET", `${collection}/web`)).code, 404);
});

test("test API server patches an object of the resourceVersion that is named, or not at all", async t => {
  const server = await start(t);
  const { body } = await ask(server, "POST", collection, service("web"));
  const { resourceVersion } = body.metadata;
  const patch = { metadata: { resourceVersion }, spec: { a: 1 } };
  assert.equal((await ask(server, "PATCH", `${collection}/web`, patch)).code, 200);
  assert.equal((await ask(server, "PATCH", `${collection}/web`, patch)).body.reason, "Conflict");
});

test("test API server writes nothing but the status through its subresource, and notes the writer", async t => {
  const server = await start(t);
  await ask(server, "POST", collection, { ...service("web"), spec: { a: 1 } });
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
  const path = `${collection}/web/status?fieldManager=somebody`;
  const { body } = await ask(server, "PATCH", path, { spec: { a: 2 }, status });
  assert.deepEqual([body.spec, body.status], [{ a: 1 }, status]);
  assert.equal(body.metadata.managedFields[0].manager, "somebody");
});

test("test API server lists in pages of one snapshot until its history is compacted", async t => {
  const server = await start(t);
  server.load(["a", "b", "c"].map(name => service(name)));
  const first = (await ask(server, "GET", `${collection}?limit=2`)).body;
  server.put(service("d"));
  const rest = `${collection}?limit=2&continue=${first.metadata.continue}`;
  const second = (await ask(server, "GET", rest)).body;
  const names = [...first.items, ...second.items].map(item => item.metadata.name);
  assert.deepEqual(names, ["a", "b", "c"]);
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const token = (await ask(server, "GET", `${collection}?limit=2`)).body.metadata.continue;
  server.compact();
  assert.equal((await ask(server, "GET", `${collection}?continue=${token}`)).body.reason, "Expired");
  const tooOld = `${collection}?watch=true&resourceVersion=${first.metadata.resourceVersion}`;
  assert.equal((await ask(server, "GET", tooOld)).code, 410);
});

test("test API server selects by label, field and namespace", async t => {
  const server = await start(t);
  server.load([service("a", { tier: "web" }), service("b", { tier: "db" }), service("c")]);
  const select = async (query: string): Promise<string> => {
    const { body } = await ask(server, "GET", `/api/v1/services?${query}`);
    return (
      body.items?.map((item: { metadata: { name: string } }) => item.metadata.name).join("") ?? body.reason
    );
  };
  const expected: Record<string, string> = {
    "labelSelector=tier=web": "a",
    "labelSelector=tier!=web": "bc",
    "labelSelector=tier": "ab",
    "labelSelector=!tier": "c",
    "labelSelector=tier in (web,db),tier!=db": "a",
    "labelSelector=tier notin (web)": "bc",
    "fieldSelector=metadata.name=b": "b",
    "fieldSelector=metadata.name!=b,metadata.namespace=shop": "ac",
    "labelSelector=a b c": "BadRequest",
  };
  for (const [query, names] of Object.entries(expected)) assert.equal(await select(query), names, query);
  assert.deepEqual((await ask(server, "GET", "/api/v1/namespaces/other/services")).body.items, []);
});

test("test API server starts a watch with the state, with initial events, or after a resourceVersion", async t => {
  const server = await start(t);
  server.put(service("a"));
  const version = server.resourceVersion;
  server.put(service("b"));
  server.remove("Service", "shop", "a");
  const [state, initial, after] = await Promise.all([
    watch(server, `${collection}?`),
    watch(server, `${collection}?sendInitialEvents=true&allowWatchBookmarks=true&`),
    watch(server, `${collection}?resourceVersion=${version}&`),
  ]);
  assert.deepEqual(state, ["ADDED b"]);
  assert.deepEqual(initial, ["ADDED b", `BOOKMARK {"k8s.io/initial-events-end":"true"}`]);
  assert.deepEqual(after, ["ADDED b", "DELETED a"]);
});

test("test API server sends bookmarks at their interval to those who allow them", async t => {
  const server = await start(t, 50);
  const [allowed, others] = await Promise.all([
    watch(server, `${collection}?allowWatchBookmarks=true&`, 2),
    watch(server, `${collection}?`),
  ]);
  assert.deepEqual(allowed, ["BOOKMARK {}", "BOOKMARK {}"]);
  assert.deepEqual(others, []);
});

test("test API server answers discovery, health and unknown paths", async t => {
  const server = await start(t);
  assert.deepEqual((await ask(server, "GET", "/api")).body.versions, ["v1"]);
  assert.equal((await ask(server, "GET", "/apis")).body.groups[0].name, "discovery.k8s.io");
  assert.equal((await ask(server, "GET", "/api/v1")).body.resources.length, 5);
  const custom = await ask(server, "GET", "/apis/multicluster.x-k8s.io/v1alpha1");
  assert.deepEqual(
    [custom.body.groupVersion, custom.body.resources[0].name],
    ["multicluster.x-k8s.io/v1alpha1", "serviceimports"],
  );
  assert.equal(await (await fetch(`${server.url}/readyz`)).text(), "ok");
  const unknown = await ask(server, "GET", "/apis/multicluster.x-k8s.io/v1/serviceimports");
  assert.deepEqual([unknown.code, unknown.body.kind, unknown.body.reason], [404, "Status", "NotFound"]);
});

const everything = {
  Namespace: namespace("shop"),
  Service: {
    ...rawService("shop", "web", { clusterIPs: ["10.96.0.10", "fd00::10"], ports: ["http 80"] }),
    status: {
      loadBalancer: { ingress: [{ ip: "203.0.113.7", ipMode: "Proxy" }, { hostname: "lb.example" }] },
    },
  },
  EndpointSlice: endpointSlice("shop", "web", {
    endpoints: ["10.244.1.1", "10.244.1.2"],
    ports: ["http 8080"],
  }),
} as const;

for (const [kind, object] of Object.entries(everything) as [keyof typeof everything, RawObject][]) {
  test(`test API server lists a ${kind} in Protocol Buffers as it does in JSON`, async t => {
    const server = await start(t);
    server.put(object);
    const { name, group } = resourceOfKind(kind);
    const path = `${group === "" ? "/api" : `/apis/${group}`}/v1/${name}`;
    const binary = await fetch(server.url + path, { headers: { accept: `${protobuf}, application/json` } });
    assert.equal(binary.headers.get("content-type"), protobuf);
    const { items, metadata } = readBinaryList(Buffer.from(await binary.arrayBuffer()), kind);
    const { body } = await ask(server, "GET", path);
    const kept = (raw: RawObject) => {
      const trimmed: ClusterObject = trim(kind, raw);
      const keep = selectionsOf({})[kind]?.keep;
      const all = keep?.(trimmed) ?? trimmed;
      const endpoints = "endpoints" in all ? all.endpoints : [];
      return { ...all, endpoints, createdAtSeconds: 0 };
    };
    assert.deepEqual(items.map(kept), body.items.map(kept));
    assert.equal(metadata.resourceVersion, server.resourceVersion);
  });
}

test("test API server has no pages in Protocol Buffers, and says so to whoever takes nothing else", async t => {
  const server = await start(t);
  const response = await fetch(`${server.url}${collection}?limit=2`, { headers: { accept: protobuf } });
  assert.equal(response.status, 406);
});
