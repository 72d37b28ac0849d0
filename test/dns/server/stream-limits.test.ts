/** What the word `timeouts` sets, and how much one TCP connection can have under way. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { exchangeUdp, frame, TcpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { answering, host, newServer, planOf, type TestOptions } from "./test-server.ts";

const query = frame(buildQuery("web.test. A"));

async function connect(
  context: TestContext,
  limits: string,
  options: Partial<TestOptions> = {},
): Promise<TcpClient> {
  const server = newServer();
  context.after(() => server.close());
  await server.apply(planOf(`test {\n bind ${host}\n timeouts {\n ${limits}\n }\n answer\n}`, options));
  const client = await TcpClient.open({ host, port: server.listeners[0]?.port ?? 0 });
  context.after(() => client.destroy());
  // What is sent over UDP afterwards is answered afterwards: the connection has been accepted.
  await exchangeUdp({ host, port: server.listeners[0]?.port ?? 0 }, buildQuery("web.test. A"));
  return client;
}

test("a connection that brings no query is closed after the time of read", {
  timeout: 5_000,
}, async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const client = await connect(context, "read 1s");
  context.mock.timers.tick(1_000);
  await client.closed;
});

test("a connection that brings no further query is closed after the time of idle", {
  timeout: 5_000,
}, async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const client = await connect(context, "idle 2s");
  client.write(query);
  await client.receive(1_000_000);
  context.mock.timers.tick(1_999);
  client.write(query);
  await client.receive(1_000_000);
  context.mock.timers.tick(2_000);
  await client.closed;
});

test("a connection is closed after as many queries as maxtcpqueries says", {
  timeout: 5_000,
}, async context => {
  let answeredCount = 0;
  const sent = () => {
    answeredCount += 1;
  };
  const client = await connect(context, "maxtcpqueries 2", { sent });
  answeredCount = 0;
  client.write(Buffer.concat([query, query, query]));
  for (let reply = 0; reply < 2; reply += 1) {
    assert.equal(decodeReply(await client.receive()).rcode, "NOERROR");
  }
  await client.closed;
  assert.equal(answeredCount, 2);
});

test("a connection has 128 queries under way at most, and the rest are answered after them", async context => {
  const waiting: (() => void)[] = [];
  const client = await connect(context, "idle 10s", {
    handle: asked => {
      if (asked.client.protocol === "udp") return answering(1)(asked);
      return new Promise(resolve => waiting.push(() => resolve(answering(1)(asked))));
    },
  });
  client.write(Buffer.concat(Array.from({ length: 200 }, () => query)));
  while (waiting.length < 128) await new Promise(resolve => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual([waiting.length], [128]);
  for (let reply = 0; reply < 200; reply += 1) {
    while (waiting.length === 0) await new Promise(resolve => setImmediate(resolve));
    waiting.shift()?.();
    await client.receive();
  }
});
