import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { listenPersistently } from "../../../src/proxy/health/listen-persistently.ts";
import { textPage } from "../../../src/proxy/health/page.ts";
import { servePages } from "../../../src/proxy/health/page-server.ts";
import { ownAddress } from "../../support/own-address.ts";

const host = ownAddress;

test("servePages answers each path with its page and the page's headers", async t => {
  const server = await servePages({
    host,
    port: 0,
    pageOf: async path => textPage(201, `you asked ${path}`),
  });
  t.after(() => server.close());
  const response = await fetch(`http://${host}:${server.port}/proxyMode?x=1`);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.equal(response.headers.get("content-length"), "20");
  assert.equal(await response.text(), "you asked /proxyMode");
});

test("servePages whose page cannot be made ends the connection and serves the next", async t => {
  let isBroken = true;
  const server = await servePages({
    host,
    port: 0,
    pageOf: async () => (isBroken ? Promise.reject(new Error("broken")) : textPage(200, "ok")),
  });
  t.after(() => server.close());
  const url = `http://${host}:${server.port}/`;
  await assert.rejects(fetch(url));
  isBroken = false;
  assert.equal(await (await fetch(url)).text(), "ok");
});

test("listenPersistently tries again until the address is free", async t => {
  const pageOf = () => textPage(200, "ok");
  const rival = await servePages({ host, port: 0, pageOf });
  const { port } = rival;
  const failures: string[] = [];
  const opened = Promise.withResolvers<void>();
  const listening = await listenPersistently({
    open: async () => {
      const server = await servePages({ host, port, pageOf });
      opened.resolve();
      return server;
    },
    isHardFail: false,
    onFailure: error => failures.push((error as NodeJS.ErrnoException).code ?? ""),
    retryMs: 5,
  });
  t.after(() => listening.close());
  assert.deepEqual(failures, ["EADDRINUSE"]);
  await rival.close();
  await opened.promise;
  assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), "ok");
  await listening.close();
  await assert.rejects(fetch(`http://${host}:${port}/`));
});

test("listenPersistently under isHardFail throws what open threw", async () => {
  const open = () => Promise.reject(new Error("taken"));
  const onFailure = () => assert.fail("the failure is the caller's");
  await assert.rejects(listenPersistently({ open, isHardFail: true, onFailure }), { message: "taken" });
});

test("servePages close ends connections in the middle of a request", async () => {
  const server = await servePages({ host, port: 0, pageOf: () => textPage(200, "ok") });
  const client = connect(server.port, host);
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n");
  await once(client, "data");
  const ended = once(client, "close");
  await server.close();
  await ended;
});

test("listenPersistently closed during an attempt that fails makes no other", async () => {
  const attempts: PromiseWithResolvers<never>[] = [];
  const second = Promise.withResolvers<void>();
  const starting = listenPersistently({
    open: () => {
      const attempt = Promise.withResolvers<never>();
      attempts.push(attempt);
      if (attempts.length === 2) second.resolve();
      return attempt.promise;
    },
    isHardFail: false,
    onFailure: () => {},
    retryMs: 1,
  });
  attempts[0]?.reject(new Error("taken"));
  const listening = await starting;
  await second.promise;
  const closing = listening.close();
  attempts[1]?.reject(new Error("taken"));
  await closing;
  await new Promise(resolve => setTimeout(resolve, 10));
  assert.equal(attempts.length, 2);
});
