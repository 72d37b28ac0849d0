import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "../../support/api-server/fault.ts";
import type { ApiRequest } from "../../support/api-server/resources.ts";
import { firstWarning, service, services, startRig } from "./source-rig.ts";

const listFaults: readonly (readonly [what: string, fault: Fault, error: RegExp])[] = [
  ["500", { type: "status", code: 500, reason: "InternalError" }, /^500 InternalError: planned failure 500$/],
  ["an HTML error page", { type: "body", code: 502, text: "<html>" }, /^502 Bad Gateway$/],
  ["HTML instead of a list", { type: "body", code: 200, text: "<html>" }, /JSON/],
  ["JSON that is no list", { type: "body", code: 200, text: "{}" }, /^the answer is not a list$/],
  [
    "a list without items",
    { type: "body", code: 200, text: `{"metadata":{"resourceVersion":"1"}}` },
    /^the answer is not a list$/,
  ],
  ["a reset", { type: "reset" }, /^the connection was reset \(ECONNRESET\)$/],
  [
    "a body that breaks off",
    { type: "cut", text: `{"items":[` },
    /^the connection was reset \(ECONNRESET\)$/,
  ],
  ["silence", { type: "hang", headers: false }, /^no byte from 127\.0\.0\.1:\d+ for 0\.4 s$/],
  ["silence after the headers", { type: "hang", headers: true }, /^no byte from .* for 0\.4 s$/],
];

for (const [what, fault, error] of listFaults) {
  test(`list answered with ${what} is tried again until it succeeds`, async t => {
    const rig = await startRig(t, {
      objects: [service("web")],
      timing: fault.type === "hang" ? { answerSilenceMs: 400 } : {},
      prepare: server => {
        server.fail({ verb: "list" }, fault, 2);
      },
    });
    await rig.watching();
    const [, reason = "", meanwhile] = firstWarning.exec(rig.lines[0] ?? "") ?? [];
    assert.match(reason, error);
    assert.equal(meanwhile, "none of them are known yet");
    assert.deepEqual(rig.delays, [100, 200]);
    assert.equal(rig.status("Service").lastError, undefined);
    assert.deepEqual(rig.changes, ["+web"]);
  });
}

test("list that succeeds ends the growth of the delays", async t => {
  const rig = await startRig(t, {
    prepare: server => {
      server.fail({ verb: "list" }, { type: "status", code: 500 }, 3);
      server.fail({ verb: "watch" }, { type: "status", code: 500 });
    },
  });
  await rig.watching();
  assert.deepEqual(rig.delays, [100, 200, 400, 100]);
});

test("list whose continue token expires begins again from its first page", async t => {
  const rig = await startRig(t, {
    objects: services(1200),
    prepare: server => {
      let isCompacted = false;
      const compactOnce = (request: ApiRequest): boolean => {
        if (!isCompacted && request.query.has("continue")) server.compact();
        isCompacted ||= request.query.has("continue");
        return false;
      };
      server.fail(compactOnce, { type: "reset" });
    },
  });
  await rig.watching();
  assert.equal([...rig.store.objects("Service")].length, 1200);
  assert.equal(rig.changes.length, 1200);
  assert.deepEqual(rig.verbs(), ["list", "list", "list", "list", "list", "list", "watch"]);
});

test("list that breaks off in the middle of an outage removes nothing", async t => {
  const rig = await startRig(t, { objects: services(600) });
  await rig.watching();
  rig.server.remove("Service", "shop", "web-0");
  await rig.when(() => rig.changes.length === 601);
  rig.server.fail(({ query }) => query.has("continue"), { type: "cut", text: `{"items":[` }, 3);
  for (const watch of rig.server.watches()) watch.fail(410, "too old");
  await rig.when(() => rig.status("Service").relistCount === 1);
  assert.equal(rig.changes.length, 601);
  assert.equal([...rig.store.objects("Service")].length, 599);
});

test("server that answers 429 is asked again no sooner than it wants", async t => {
  const rig = await startRig(t, {
    prepare: server => {
      server.fail(
        { verb: "list" },
        { type: "status", code: 429, reason: "TooManyRequests", retryAfterSeconds: 7 },
      );
    },
  });
  await rig.watching();
  assert.deepEqual(rig.delays, [7000]);
  assert.match(
    rig.lines[0] ?? "",
    /429 TooManyRequests: .*; retrying in 7\.0 s; none of them are known yet$/,
  );
});

test("list that is forbidden is told in the status and goes on when rights arrive", async t => {
  const message = `endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope`;
  const endpointSlices = { resource: "endpointslices" };
  let grantRights = (): void => {};
  const rig = await startRig(t, {
    kinds: ["Service", "EndpointSlice"],
    prepare: server => {
      const fault: Fault = { type: "status", code: 403, reason: "Forbidden", message };
      grantRights = server.fail(endpointSlices, fault, Number.POSITIVE_INFINITY);
    },
  });
  await rig.when(() => rig.delays.length === 5 && rig.status("Service").state === "watching");
  const status = rig.status("EndpointSlice");
  assert.deepEqual([status.resource, status.state], ["endpointslices", "retrying"]);
  assert.equal(status.lastError, `403 Forbidden: ${message}`);
  assert.equal(rig.store.isSynced("EndpointSlice"), false);
  assert.equal(rig.store.isSynced("Service"), true);
  grantRights();
  await rig.watching();
  assert.equal(rig.store.isSynced("EndpointSlice"), true);
});
