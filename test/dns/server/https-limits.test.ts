/** How many connections DNS over HTTPS takes, and how long each may keep the server waiting. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import { ownAddress } from "../../support/own-address.ts";
import { askHttp2, get, openHttp2, startEncrypted } from "./encrypted-server.ts";
import { answering } from "./test-server.ts";

const timeout = 10_000;

/** The server hears of the end of a connection a moment after its client. */
async function untilTaken(port: number): Promise<void> {
  while (
    !(await askHttp2(port, get).then(
      () => true,
      () => false,
    ))
  );
}

async function openSession(context: TestContext, port: number): Promise<ClientHttp2Session> {
  const session = openHttp2(port);
  context.after(() => session.destroy());
  session.on("error", () => {});
  await once(session, "remoteSettings");
  return session;
}

test("more connections than max_connections are not taken, until the limit is raised or one ends", {
  timeout,
}, async context => {
  const limit = (count: number) => `tls PAIR\n https {\n max_connections ${count}\n }`;
  const { port, change } = await startEncrypted(context, "https", limit(1));
  const first = await openSession(context, port);
  await assert.rejects(askHttp2(port, get));
  await change(limit(2));
  assert.equal((await askHttp2(port, get)).status, 200);
  await change(limit(1));
  first.close();
  await untilTaken(port);
});

test("max_connections 0 is no limit", { timeout }, async context => {
  const { port } = await startEncrypted(context, "https", "tls PAIR\n https {\n max_connections 0\n }");
  for (let count = 0; count < 3; count += 1) await openSession(context, port);
  assert.equal((await askHttp2(port, get)).status, 200);
});

test("an HTTP/2 connection at rest is ended after the time of idle, so that it keeps nobody out", {
  timeout,
}, async context => {
  const words = "tls PAIR\n timeouts {\n idle 1s\n }\n https {\n max_connections 1\n }";
  const { port } = await startEncrypted(context, "https", words);
  const session = await openSession(context, port);
  await once(session, "close");
  await untilTaken(port);
});

test("a query under way is answered though it takes longer than idle", { timeout }, async context => {
  const answer = Promise.withResolvers<Outcome>();
  const asked = Promise.withResolvers<void>();
  const { port } = await startEncrypted(context, "https", "tls PAIR\n timeouts {\n idle 1s\n }", {
    handle: query => {
      setTimeout(() => answer.resolve(answering(1)(query) as Outcome), 1_500);
      asked.resolve();
      return answer.promise;
    },
  });
  const reply = askHttp2(port, get);
  await asked.promise;
  assert.equal((await reply).status, 200);
});

test("a body that does not come within the time of read ends its request", { timeout }, async context => {
  const { port } = await startEncrypted(context, "https", "tls PAIR\n timeouts {\n read 1s\n }");
  const session = await openSession(context, port);
  const stream = session.request({ ":path": "/dns-query", ":method": "POST" });
  stream.on("error", () => {});
  stream.on("response", () => assert.fail("half a body was answered"));
  stream.write("x");
  await once(stream, "close");
  assert.equal((await askHttp2(port, get)).status, 200);
});

test("an HTTP/1.1 connection that asks nothing is ended after the time of read", {
  timeout,
}, async context => {
  const { port } = await startEncrypted(context, "https", "timeouts {\n read 1s\n }");
  const socket = connect({ host: ownAddress, port });
  context.after(() => socket.destroy());
  socket.resume();
  await once(socket, "close");
});
