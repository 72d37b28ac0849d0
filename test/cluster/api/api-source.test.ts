import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedRequest } from "../../../src/cluster/api/api-client.ts";
import { defaultTiming } from "../../../src/cluster/api/timing.ts";
import type { Kind } from "../../../src/cluster/objects.ts";
import type { RawObject } from "../../../src/cluster/trim.ts";
import { service, services, startRig } from "./source-rig.ts";

test("source with 5 000 objects lists a small page, then pages of 500, and watches from there", async t => {
  const { server, store, watching } = await startRig(t, { objects: services(5000) });
  await watching();
  assert.equal([...store.objects("Service")].length, 5000);
  const lists = server.requests.filter(request => request.verb === "list");
  const limits = lists.map(({ query }) => query.get("limit"));
  assert.deepEqual(limits, ["100", ...Array.from({ length: 10 }, () => "500")]);
  assert.ok(lists.every(({ query }) => !query.has("resourceVersion")));
  await watching();
  const watch = server.requests.at(-1);
  assert.equal(watch?.query.get("resourceVersion"), server.resourceVersion);
  assert.equal(watch?.query.get("allowWatchBookmarks"), "true");
});

test("source asks for fewer objects a page the larger they are, and for fewer still when it lists again", async t => {
  const annotations = { note: "x".repeat(10_000) };
  const large = (raw: RawObject): RawObject => ({ ...raw, metadata: { ...raw.metadata, annotations } });
  const { server, store, status, when, watching } = await startRig(t, { objects: services(300).map(large) });
  await watching();
  const sizesOfPages = () =>
    server.requests.filter(({ verb }) => verb === "list").map(({ query }) => Number(query.get("limit")));
  const [first, second = 0, ...others] = sizesOfPages();
  assert.equal(first, 100);
  assert.ok(second > 80 && second < 100, `${second} objects of 10 kB in a page of a megabyte`);
  const before = 2 + others.length;
  for (const watch of server.watches()) watch.fail(410, "too old");
  await when(() => status("Service").relistCount === 1);
  const [again, next = 0] = sizesOfPages().slice(before);
  assert.equal(again, 100);
  assert.ok(next > 15 && next < 20, `${next} objects of 10 kB in a page of a fifth`);
  assert.equal([...store.objects("Service")].length, 300);
});

test("source while listing lets other work run between pages", async t => {
  let turns = 0;
  const { watching } = await startRig(t, {
    objects: services(5000),
    prepare() {
      const turn = (): void => {
        turns++;
        ticking = setImmediate(turn);
      };
      let ticking = setImmediate(turn);
      t.after(() => clearImmediate(ticking));
    },
  });
  await watching();
  assert.ok(turns > 10, `${turns} turns of the event loop during ten pages`);
});

test("source while the last page is missing is not synced and removes nothing", async t => {
  const { server, store, when, changes } = await startRig(t, {
    objects: services(600),
    prepare: server => {
      server.fail(({ query }) => query.has("continue"), { type: "hang", headers: false });
    },
  });
  await when(() => changes.length === 100);
  assert.equal(store.isSynced("Service"), false);
  assert.ok(server.requests.every(({ verb }) => verb === "list"));
});

test("source applies additions, updates and deletions as they are made", async t => {
  const { server, changes, when, watching } = await startRig(t, { objects: [service("web")] });
  await watching();
  server.put(service("api"));
  server.put(service("web", "10.96.0.99"));
  server.remove("Service", "shop", "api");
  await when(() => changes.length === 4);
  assert.deepEqual(changes, ["+web", "+api", "~web", "-api"]);
});

test("source reads every kind from its place in the API", async t => {
  const kinds: readonly Kind[] = [
    "Namespace",
    "Service",
    "EndpointSlice",
    "Pod",
    "Node",
    "ServiceImport",
    "ServiceCIDR",
  ];
  const metadata = { name: "a", namespace: "shop" };
  const objects = [
    { kind: "Namespace", metadata: { name: "shop" } },
    { kind: "Node", metadata: { name: "node-1" } },
    { kind: "ServiceCIDR", metadata: { name: "kubernetes" }, spec: { cidrs: ["10.96.0.0/12"] } },
    { kind: "Service", metadata },
    { kind: "Pod", metadata },
    { kind: "ServiceImport", metadata },
    { kind: "EndpointSlice", metadata, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] },
  ];
  const { store, watching } = await startRig(t, { kinds, objects });
  await watching();
  assert.deepEqual(
    kinds.map(kind => [...store.objects(kind)].map(object => object.name)),
    [["shop"], ["a"], ["a"], ["a"], ["node-1"], ["a"], ["kubernetes"]],
  );
});

test("an API server without ServiceImports counts as one that has none, and is asked again", async t => {
  let install = (): void => {};
  const { server, store, lines, delays, watching, when } = await startRig(t, {
    kinds: ["ServiceImport"],
    prepare: api => {
      const fault = { type: "status", code: 404, reason: "NotFound" } as const;
      install = api.fail({ resource: "serviceimports" }, fault, Infinity);
    },
  });
  await when(() => store.isSynced("ServiceImport") && delays.length > 2);
  server.put({ kind: "ServiceImport", metadata: { name: "web", namespace: "shop" } });
  install();
  await watching();
  assert.ok(store.serviceImport("shop", "web"));
  const warnings = lines.filter(line => line.startsWith("warn"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /serviceimports from \S+: not known there; install /);
});

test("a kind that every cluster has is not synced by a 404", async t => {
  const { store, lines, when, watching } = await startRig(t, {
    kinds: ["Service"],
    prepare: api => {
      api.fail({ resource: "services" }, { type: "status", code: 404, reason: "NotFound" }, 3);
    },
  });
  await when(() => lines.some(line => line.startsWith("warn")));
  assert.equal(store.isSynced("Service"), false);
  await watching();
});

test("source torn into single bytes reads lists and events whole", async t => {
  const labelled = (name: string) => {
    const raw = service(name);
    return { ...raw, metadata: { ...raw.metadata, labels: { note: "größer – 𐍈 日本" } } };
  };
  const { server, store, watching, when } = await startRig(t, {
    objects: [labelled("web")],
    prepare: server => {
      server.fail({}, { type: "torn", sliceBytes: 1, pauseMs: 0 }, 2);
    },
  });
  await watching();
  server.put(labelled("api"));
  await when(() => store.service("shop", "api") !== undefined);
  assert.equal(store.service("shop", "web")?.labels.note, "größer – 𐍈 日本");
  assert.equal(store.service("shop", "api")?.labels.note, "größer – 𐍈 日本");
});

test("source over many watches uses one kept-alive connection a kind", async t => {
  const kinds: readonly Kind[] = ["Service", "EndpointSlice"];
  const { server, watching } = await startRig(t, { kinds, objects: services(1200) });
  await watching();
  for (let round = 0; round < 5; round++) {
    const next = Promise.all([server.nextWatch("services"), server.nextWatch("endpointslices")]);
    server.put(service(`round-${round}`));
    server.sendBookmarks();
    for (const watch of server.watches()) watch.end();
    await next;
  }
  assert.equal(server.connectionCount, 2);
});

test("source tells its observer verb, host, code and duration of every request", async t => {
  const seen: ObservedRequest[] = [];
  const { server, when, watching } = await startRig(t, {
    onRequest: request => seen.push(request),
    prepare: server => {
      server.fail({ verb: "list" }, { type: "status", code: 503 });
      server.fail({ verb: "list" }, { type: "reset" });
    },
  });
  await watching();
  const again = server.nextWatch("services");
  for (const watch of server.watches()) watch.reset();
  await again;
  await when(() => seen.length === 5);
  assert.deepEqual(
    seen.map(({ verb, host, code }) => [verb, host, code]),
    ["503", "<error>", "200", "200", "200"].map(code => ["GET", new URL(server.url).host, code]),
  );
  assert.ok(seen.every(({ durationSeconds }) => durationSeconds > 0 && durationSeconds < 10));
});

test("source whose listener throws goes on with the next event", async t => {
  const { server, lines, changes, watching, when } = await startRig(t, {
    prepare: (_, store) => {
      store.onChange(() => {
        throw new Error("broken consumer");
      });
    },
  });
  await watching();
  server.put(service("web"));
  server.put(service("api"));
  await when(() => changes.length === 2);
  assert.equal(lines.filter(line => line === "error listener: broken consumer").length, 2);
  assert.equal(server.requests.length, 2);
});

test("source with an object it cannot read leaves that one as it was and takes the others", async t => {
  const { server, store, lines, changes, when, watching } = await startRig(t, {
    objects: [service("odd"), service("web")],
    prepare: server => {
      server.put({ ...service("odd"), spec: { ports: 5 } });
    },
  });
  await watching();
  server.put({ ...service("web"), spec: { ports: 5 } });
  server.put(service("api"));
  await when(() => changes.length === 2);
  assert.deepEqual(changes, ["+web", "+api"]);
  assert.equal(store.service("shop", "web")?.clusterIPs[0], "10.96.0.10");
  assert.match(lines.join("\n"), /warn services: shop\/odd cannot be read and is left as it was: /);
});

test("source stopped while it watches ends its connections at once", async t => {
  const { server, source, watching, changes } = await startRig(t, { kinds: ["Service", "Pod"] });
  await watching();
  const closed = server.nextClosed({ resource: "services", verb: "watch" });
  await source.stop();
  await closed;
  server.put(service("late"));
  assert.deepEqual(changes, []);
});

test("source stopped while it waits for a retry does not wait any longer", async t => {
  const { source, lines, when } = await startRig(t, {
    timing: { sleep: defaultTiming.sleep, backoff: { initialMs: 600_000, maxMs: 600_000 } },
    prepare: server => server.stop(),
  });
  await when(() => lines.length === 1);
  await source.stop();
  assert.match(lines[0] ?? "", /ECONNREFUSED .*; retrying in 300.0 s; none of them are known yet$/);
});

test("source stopped closes the connections it keeps for later", async t => {
  const { server, source, when } = await startRig(t, {
    timing: { sleep: defaultTiming.sleep, backoff: { initialMs: 600_000, maxMs: 600_000 } },
    prepare: server => {
      server.fail({}, { type: "status", code: 403 });
    },
  });
  await when(() => source.status()[0]?.state === "retrying");
  assert.equal(server.openConnections, 1);
  await source.stop();
  await when(() => server.openConnections === 0);
});

test("source stopped while a list hangs breaks it off", async t => {
  const { server, source } = await startRig(t, {
    prepare: server => {
      server.fail({}, { type: "hang", headers: true });
    },
  });
  const request = await server.nextRequest();
  const closed = server.nextClosed();
  await source.stop();
  assert.equal((await closed).path, request.path);
});

test("source before its first answer is listing, and says since when", async t => {
  const { server, status, when, watching } = await startRig(t, { timing: { nowMs: () => 1234 } });
  assert.deepEqual(status("Service"), {
    kind: "Service",
    resource: "services",
    state: "listing",
    resourceVersion: "",
    lastError: undefined,
    lastEventAtMs: undefined,
    behindSinceMs: 1234,
    relistCount: 0,
  });
  await watching();
  server.put(service("web"));
  await when(() => status("Service").lastEventAtMs !== undefined);
  assert.deepEqual(status("Service"), {
    kind: "Service",
    resource: "services",
    state: "watching",
    resourceVersion: server.resourceVersion,
    lastError: undefined,
    lastEventAtMs: 1234,
    behindSinceMs: undefined,
    relistCount: 0,
  });
});
