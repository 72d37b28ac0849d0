import assert from "node:assert/strict";
import { test } from "node:test";
import type { Misbehaviour } from "../../../support/test-upstream-misbehaviour.ts";
import { ask, askInVain, clientPorts, dnsTarget, open, startUpstream } from "./transport-rig.ts";

const shortMs = 60;
const www = "www.example.org. A";

test("a reply over TCP carries the asker's id and question", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const { answers } = await ask(exchange, "WWW.Example.org. A", "tcp");
  assert.deepEqual(answers, ["WWW.Example.org. 300 IN A 192.0.2.1"]);
  assert.equal(upstream.count("tcp"), 1);
});

test("queries one after the other share a connection", async context => {
  const upstream = await startUpstream(context);
  const events: string[] = [];
  const exchange = open(context, dnsTarget(upstream), {
    onConnection: ({ isReused, over }) => events.push(`${over} ${isReused ? "reused" : "new"}`),
  });
  for (let count = 0; count < 4; count++) await ask(exchange, www, "tcp");
  assert.equal(clientPorts(upstream), 1);
  assert.deepEqual(events, ["tcp new", "tcp reused", "tcp reused", "tcp reused"]);
  assert.equal(new Set(upstream.queries.map(({ message }) => message.id)).size, 4, "ids are random here too");
});

test("a slow query holds up no other one", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  upstream.misbehave({ held }, 1);
  const slow = ask(exchange, www, "tcp");
  await upstream.seen(1);
  await ask(exchange, www, "tcp");
  letGo();
  await slow;
});

test("many queries at once share 64 connections, and replies in any order find their queries", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  upstream.misbehave({ held }, 64);
  const slow = Array.from({ length: 64 }, (_, index) => ask(exchange, `slow-${index}.example.org. A`, "tcp"));
  await upstream.seen(64);
  const quick = Array.from({ length: 128 }, (_, index) =>
    ask(exchange, `quick-${index}.example.org. A`, "tcp"),
  );
  assert.equal((await Promise.all(quick)).length, 128, "the quick ones overtake");
  letGo();
  assert.equal((await Promise.all(slow)).length, 64);
  assert.equal(clientPorts(upstream), 64);
});

test("a reply octet by octet is put together", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("dribble");
  for (let count = 0; count < 3; count++) {
    assert.equal((await ask(exchange, www, "tcp")).answers.length, 1);
  }
  assert.equal(clientPorts(upstream), 1);
});

test("a reply of 65535 octets is received whole, and the next one too", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("oversized", 1);
  assert.equal((await ask(exchange, www, "tcp")).bytes.length, 65_535);
  assert.equal((await ask(exchange, www, "tcp")).answers.length, 1);
});

for (const how of ["wrong-id", "duplicate", "no-question", "lower-case"] as const) {
  test(`a connection stays in use when the upstream sends ${how}`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    upstream.misbehave(how);
    for (let count = 0; count < 3; count++) await ask(exchange, "Www.example.org. A", "tcp");
    assert.equal(clientPorts(upstream), 1);
  });
}

for (const how of ["reset", "close", "close-mid-reply"] as const) {
  test(`a new connection that the upstream ends by ${how} is RESET`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    upstream.misbehave(how);
    assert.match(await askInVain(exchange, "RESET", "tcp"), new RegExp(`^${upstream.target} over TCP`));
    assert.equal(upstream.count(), 1);
    await upstream.connections(0);
  });

  test(`a kept connection that the upstream ends by ${how} is replaced once`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    await ask(exchange, www, "tcp");
    upstream.misbehave(how, 1);
    await ask(exchange, www, "tcp");
    assert.equal(upstream.count(), 3);
    assert.equal(clientPorts(upstream), 2);
    upstream.misbehave(how);
    await askInVain(exchange, "RESET", "tcp");
    assert.equal(upstream.count(), 5);
  });
}

test("a connection closed behind a reply is not used again", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("close-after-reply");
  for (let count = 0; count < 4; count++) await ask(exchange, www, "tcp");
  await upstream.connections(0);
});

test("an upstream that was started anew is asked without an error", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  await Promise.all(Array.from({ length: 5 }, () => ask(exchange, www, "tcp")));
  await upstream.restartOnSamePort();
  await Promise.all(Array.from({ length: 5 }, () => ask(exchange, www, "tcp")));
});

test("a port where nobody listens is REFUSED", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  await ask(exchange, www, "tcp");
  await upstream.stop();
  const message = await askInVain(exchange, "REFUSED", "tcp");
  assert.match(message, new RegExp(`^${upstream.target} over TCP: .*ECONNREFUSED`));
});

test("a source address that is not of this host is UNREACHABLE over TCP", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, { ...dnsTarget(upstream), sourceAddress: "192.0.2.7" });
  await askInVain(exchange, "UNREACHABLE", "tcp");
});

for (const how of ["silent", "only-wrong-id", "empty"] satisfies Misbehaviour[]) {
  test(`a query times out and its connection is given up when the upstream sends ${how}`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    await ask(exchange, www, "tcp");
    upstream.misbehave(how);
    const message = await askInVain(exchange, "TIMEOUT", "tcp", shortMs);
    assert.equal(message, `no reply from ${upstream.target} over TCP within ${shortMs} ms`);
    await upstream.connections(0);
  });
}

for (const how of ["only-wrong-question", "garbage", "echo", "cut-short"] satisfies Misbehaviour[]) {
  test(`the wait ends at once when the upstream sends ${how} over TCP`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    upstream.misbehave(how);
    await askInVain(exchange, "BAD_REPLY", "tcp");
    await upstream.connections(0);
  });
}

test("idle connections are closed after their time", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream), { expireMs: 50 });
  await Promise.all([ask(exchange, www, "tcp"), ask(exchange, www, "tcp")]);
  await upstream.connections(0);
  upstream.misbehave({ slowMs: 150 });
  await ask(exchange, www, "tcp");
  assert.equal(upstream.count(), 3, "a connection in use is not idle, however long a reply takes");
});

test("connections are not used beyond their age", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream), { maxAgeMs: 30 });
  await ask(exchange, www, "tcp");
  upstream.misbehave({ slowMs: 40 });
  await ask(exchange, www, "tcp");
  await ask(exchange, www, "tcp");
  await upstream.connections(0);
  assert.ok(clientPorts(upstream) >= 2);
});

test("no more idle connections are kept than allowed", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream), { maxIdleConnections: 2 });
  await Promise.all(Array.from({ length: 6 }, () => ask(exchange, www, "tcp")));
  await upstream.connections(2);
  await ask(exchange, www, "tcp");
  assert.equal(clientPorts(upstream), 6);
});

for (const over of ["udp", "tcp"] as const) {
  test(`closing lets queries over ${over} end and takes no more`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    await ask(exchange, www, over);
    upstream.misbehave({ slowMs: 100 });
    const underWay = [ask(exchange, www, over), ask(exchange, www, over)];
    exchange.close();
    assert.match(await askInVain(exchange, "CLOSED", over), new RegExp(`^${upstream.target} over`));
    assert.equal((await Promise.all(underWay)).length, 2);
    await upstream.connections(0);
  });
}
