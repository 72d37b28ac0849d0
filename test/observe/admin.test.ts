import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import type { AdminOptions } from "../../src/observe/admin.ts";
import {
  AdminListenError,
  healthRoute,
  metricsRoute,
  readyRoute,
  serveAdmin,
} from "../../src/observe/admin.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { parseExposition } from "./exposition.ts";

const silent = pino({ level: "silent" });

async function serve(
  t: TestContext,
  routes: ReturnType<AdminOptions["routes"]>,
  log = silent,
): Promise<string> {
  const server = await serveAdmin({ address: "127.0.0.1:0", routes: () => routes, log });
  t.after(() => server.close());
  return `http://${server.address}`;
}

test("health is always 200 OK", async t => {
  const url = await serve(t, { "/health": healthRoute() });
  const response = await fetch(`${url}/health?probe=1`);
  assert.equal(response.status, 200);
  assert.equal((await response.text()).trim(), "OK");
});

test("ready says 503 with one line per reason until there is none", async t => {
  const reasons = ["services: first list not complete", "endpointslices: 403 forbidden"];
  const url = await serve(t, { "/ready": readyRoute(() => reasons) });
  const before = await fetch(`${url}/ready`);
  assert.equal(before.status, 503);
  assert.equal(await before.text(), "services: first list not complete\nendpointslices: 403 forbidden\n");
  reasons.length = 0;
  const after = await fetch(`${url}/ready`);
  assert.equal(after.status, 200);
  assert.equal((await after.text()).trim(), "OK");
});

test("metrics over HTTP are the text exposition format", async t => {
  const url = await serve(t, { "/metrics": metricsRoute(new Metrics({ version: "1", revision: "" })) });
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.ok(parseExposition(await response.text()).has("coredns_build_info"));
});

test("unknown path is 404 with the paths there are", async t => {
  const url = await serve(t, { "/health": healthRoute(), "/ready": readyRoute(() => []) });
  for (const path of ["/", "/healthz", "/health/"]) {
    const response = await fetch(url + path);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /\/health\n\/ready\n$/);
  }
});

test("method other than GET and HEAD is 405 with the allowed ones", async t => {
  const url = await serve(t, { "/health": healthRoute() });
  const response = await fetch(`${url}/health`, { method: "POST", body: "x" });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "GET, HEAD");
});

test("HEAD has the headers of GET and no body", async t => {
  const url = await serve(t, { "/health": healthRoute() });
  const response = await fetch(`${url}/health`, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), "3");
  assert.equal(await response.text(), "");
});

test("route that throws is 500 without the stack, which the log has", async t => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  const fail = () => {
    throw new Error("broken page");
  };
  const url = await serve(t, { "/page": fail }, log);
  const response = await fetch(`${url}/page`);
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /broken page|\.ts/);
  assert.match(lines.join(""), /broken page/);
});

test("address without a host answers on IPv4 loopback too", async t => {
  const server = await serveAdmin({
    address: ":0",
    routes: () => ({ "/health": healthRoute() }),
    log: silent,
  });
  t.after(() => server.close());
  const port = server.address.slice(server.address.lastIndexOf(":") + 1);
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
});

test("port in use gives one error with what and remedy", async t => {
  const url = await serve(t, {});
  const address = url.slice("http://".length);
  await assert.rejects(serveAdmin({ address, routes: () => ({}), log: silent }), (error: unknown) => {
    assert.ok(error instanceof AdminListenError);
    assert.equal(error.what, `cannot listen on ${address}: the port is taken`);
    assert.match(error.remedy, /choose another port/);
    return true;
  });
});

for (const address of ["8080", "localhost:", "host:http", ":65536", "::1:80", "[::1]", ""]) {
  test(`address "${address}" is refused with the forms there are`, async () => {
    await assert.rejects(serveAdmin({ address, routes: () => ({}), log: silent }), {
      name: "AdminListenError",
      remedy: "write HOST:PORT, [IPv6]:PORT or :PORT",
    });
  });
}

test("close ends kept-alive and stalled connections at once and frees the port", async t => {
  const server = await serveAdmin({
    address: "127.0.0.1:0",
    routes: () => ({ "/health": healthRoute() }),
    log: silent,
  });
  const port = Number(server.address.split(":")[1]);
  const kept = connect(port, "127.0.0.1", () => kept.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"));
  await once(kept, "data");
  const stalled = connect(port, "127.0.0.1", () =>
    stalled.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea"),
  );
  await once(stalled, "data");
  t.after(() => [kept, stalled].map(socket => socket.destroy()));

  await Promise.all([server.close(), once(kept, "close"), once(stalled, "close")]);
  const successor = createServer().listen(port, "127.0.0.1");
  await once(successor, "listening");
  successor.close();
});
