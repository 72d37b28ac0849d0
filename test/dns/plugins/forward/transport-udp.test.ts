import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { buildQuery } from "../../../support/dns-client-query.ts";
import type { Misbehaviour } from "../../../support/test-upstream-misbehaviour.ts";
import { ampleMs, ask, askInVain, clientPorts, dnsTarget, open, startUpstream } from "./transport-rig.ts";

const shortMs = 60;

test("a reply over UDP carries the asker's id and question", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const { answers } = await ask(exchange, "WWW.Example.org. A");
  assert.deepEqual(answers, ["WWW.Example.org. 300 IN A 192.0.2.1"]);
});

test("queries of one name at the same time get a reply each", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const asked = Array.from({ length: 300 }, () => ask(exchange, "www.example.org. A"));
  assert.equal((await Promise.all(asked)).length, 300);
  assert.equal(upstream.count("udp"), 300);
});

test("ids on the wire are not the asker's and do not repeat in any order", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const query = buildQuery("www.example.org. A", { id: 7 });
  for (let count = 0; count < 100; count++) await exchange.exchange(query, "udp", ampleMs);
  const ids = upstream.queries.map(({ message }) => message.id);
  assert.ok(new Set(ids).size > 90, "a hundred of 65536 hardly meet");
  const steps = ids.slice(1).map((id, index) => id - (ids[index] as number));
  assert.ok(new Set(steps).size > 90);
});

test("source ports are many and are left after 128 queries", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  for (let round = 0; round < 40; round++) {
    await Promise.all(Array.from({ length: 100 }, () => ask(exchange, "www.example.org. A")));
  }
  const uses = Map.groupBy(upstream.queries, query => query.clientPort);
  // The kernel takes one port again by chance now and then; three of some thirty, once in a million times.
  assert.ok(uses.size >= 4_000 / 128 - 2, `${uses.size} ports`);
  const tooOften = [...uses.values()].filter(queries => queries.length > 128);
  assert.ok(tooOften.length <= 2, `${tooOften.length} ports are not left`);
});

for (const how of ["wrong-id", "wrong-question", "wrong-source-port", "duplicate"] as const) {
  test(`the true reply is found when the upstream sends ${how}`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    upstream.misbehave(how);
    for (let count = 0; count < 20; count++) {
      const { rcode, answers } = await ask(exchange, "www.example.org. A");
      assert.equal(rcode, rcodes.NOERROR);
      assert.deepEqual(answers, ["www.example.org. 300 IN A 192.0.2.1"]);
    }
    assert.equal(upstream.count(), 20);
  });
}

const inVain: readonly Misbehaviour[] = [
  "silent",
  "only-wrong-id",
  "only-wrong-question",
  "only-wrong-source-port",
  "echo",
  "garbage",
  "cut-short",
  "empty",
];
for (const how of inVain) {
  test(`no reply is taken when the upstream sends ${how}`, async context => {
    const upstream = await startUpstream(context);
    const exchange = open(context, dnsTarget(upstream));
    upstream.misbehave(how);
    const startMs = performance.now();
    const message = await askInVain(exchange, "TIMEOUT", "udp", shortMs);
    assert.ok(performance.now() - startMs >= shortMs);
    assert.equal(message, `no reply from ${upstream.target} over UDP within ${shortMs} ms`);
    upstream.restore();
    await ask(exchange, "www.example.org. A");
  });
}

test("a query times out in its own time, whatever came before and waits besides", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("silent");
  await askInVain(exchange, "TIMEOUT", "udp", shortMs);
  // In their order, not by the clock: the timers of a process that stood still end in the order of their times.
  const ended: string[] = [];
  const note = (what: string) => () => void ended.push(what);
  const patient = askInVain(exchange, "TIMEOUT", "udp", 6 * shortMs).then(note("patient"));
  await askInVain(exchange, "TIMEOUT", "udp", shortMs).then(note("short"));
  await patient;
  const timer = delay(6 * shortMs).then(note("timer"));
  await askInVain(exchange, "TIMEOUT", "udp", shortMs).then(note("short"));
  await timer;
  assert.deepEqual(ended, ["short", "patient", "short", "timer"]);
});

test("a query longer than a datagram is known not to have been sent", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  const edns = { options: [{ code: 65_001, data: Buffer.alloc(65_480) }] };
  const sent = exchange.exchange(buildQuery("www.example.org. A", { edns }), "udp", ampleMs);
  await assert.rejects(sent, { code: "UNREACHABLE" });
});

test("a late reply is nobody's", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave({ slowMs: 120 }, 1);
  await askInVain(exchange, "TIMEOUT", "udp", 40);
  upstream.misbehave({ slowMs: 200 }, 1);
  const { answers } = await ask(exchange, "mail.example.org. A");
  assert.deepEqual(answers, ["mail.example.org. 300 IN A 192.0.2.1"]);
});

test("a truncated reply is passed on", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("truncate-udp");
  const { bytes, answers } = await ask(exchange, "www.example.org. A");
  assert.equal(decodeMessage(bytes).isTruncated, true);
  assert.deepEqual(answers, []);
});

test("a reply as long as a datagram can be is received whole", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("oversized");
  assert.equal((await ask(exchange, "www.example.org. A")).bytes.length, 65_507);
});

test("an error without its question gets it back", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  upstream.misbehave("no-question");
  const { rcode, answers } = await ask(exchange, "WWW.example.org. A");
  assert.equal(rcode, rcodes.FORMERR);
  assert.deepEqual(answers, []);
});

test("a port where nobody listens is known at once, and when somebody does again", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream));
  await ask(exchange, "www.example.org. A");
  await upstream.stop();
  const message = await askInVain(exchange, "REFUSED", "udp", 5_000);
  assert.match(message, new RegExp(`^${upstream.target} over UDP: .*ECONNREFUSED`));
  await upstream.restartOnSamePort();
  await ask(exchange, "www.example.org. A");
});

test("an address of the upstream that cannot be sent to is UNREACHABLE", async context => {
  const exchange = open(context, { transport: "dns", address: "255.255.255.255", port: 53 });
  await askInVain(exchange, "UNREACHABLE");
});

test("a source address that is not of this host is UNREACHABLE", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, { ...dnsTarget(upstream), sourceAddress: "192.0.2.7" });
  await askInVain(exchange, "UNREACHABLE");
});

test("queries leave from the source address", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, { ...dnsTarget(upstream), sourceAddress: "127.9.8.7" });
  await ask(exchange, "www.example.org. A");
  await ask(exchange, "www.example.org. A", "tcp");
  assert.deepEqual(
    upstream.queries.map(query => query.clientAddress),
    ["127.9.8.7", "127.9.8.7"],
  );
});

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some(one => one?.address === "::1");

test("an IPv6 upstream is asked over UDP and TCP", { skip: !hasIPv6 }, async context => {
  const upstream = await startUpstream(context, { address: "::1" });
  const exchange = open(context, { ...dnsTarget(upstream), sourceAddress: "::1" });
  await ask(exchange, "www.example.org. AAAA");
  await ask(exchange, "www.example.org. AAAA", "tcp");
  await upstream.stop();
  assert.match(await askInVain(exchange, "REFUSED"), /^\[::1\]:\d+ over UDP: /);
});

test("each query reports whether its socket was used before", async context => {
  const upstream = await startUpstream(context);
  const events: string[] = [];
  const exchange = open(context, dnsTarget(upstream), {
    onConnection: ({ isReused, over }) => events.push(`${over} ${isReused ? "reused" : "new"}`),
  });
  for (let count = 0; count < 100; count++) await ask(exchange, "www.example.org. A");
  const opened = events.filter(event => event === "udp new").length;
  assert.equal(opened, clientPorts(upstream));
  assert.equal(events.filter(event => event === "udp reused").length, 100 - opened);
});
