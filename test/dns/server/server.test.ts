/** The server's own part: life cycle, faults, slow and silent clients. What it answers is the conformance suite's. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import type { Exchange } from "../../../src/dns/plugins/plugin.ts";
import { DNSListenError } from "../../../src/dns/server/open-listener.ts";
import { parseExtendedError } from "../../../src/dns/wire/ede.ts";
import { exchangeTcp, exchangeUdp, frame, TcpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { answering, host, newServer, planOf, start } from "./test-server.ts";

test("a free port is the same for UDP and TCP", async context => {
  const { port } = await start(context);
  for (const exchange of [exchangeUdp, exchangeTcp]) {
    const reply = decodeReply(await exchange({ host, port }, buildQuery("web.test. A")));
    assert.deepEqual(reply.answer, ["web.test. 5 IN A 10.0.0.0"]);
  }
});

test("a port that is taken is refused with what to do, and nothing stays open", async context => {
  const { port } = await start(context);
  const server = newServer();
  await assert.rejects(
    server.apply(planOf(`test:${port} {\n bind 127.0.0.2 ${host}\n answer\n}`)),
    (error: unknown) => {
      assert.ok(error instanceof DNSListenError);
      assert.equal(error.what, `cannot listen for DNS on 127.0.0.1 port ${port}: something else does`);
      assert.match(error.remedy, /another port/);
      return true;
    },
  );
  await server.apply(planOf(`test:${port} {\n bind 127.0.0.2\n answer\n}`));
  await server.close();
});

test("an address of another machine is refused by name", async () => {
  await assert.rejects(
    newServer().apply(planOf("test {\n bind 192.0.2.1\n answer\n}")),
    /192\.0\.2\.1 .*this machine has no such address/,
  );
});

test("a fault while answering is SERVFAIL for that client and counted", async context => {
  let faultCount = 0;
  const { port } = await start(context, {
    handle: () => {
      throw new Error("fault");
    },
    onFault: () => {
      faultCount += 1;
    },
  });
  const reply = decodeReply(await exchangeUdp({ host, port }, buildQuery("web.test. A")));
  assert.deepEqual([reply.rcode, reply.isAuthoritative], ["SERVFAIL", false]);
  assert.equal(faultCount, 1);
});

test("a fault while counting costs the client nothing", async context => {
  let faultCount = 0;
  const { port } = await start(context, {
    sent: () => {
      throw new Error("fault");
    },
    onFault: () => {
      faultCount += 1;
    },
  });
  const reply = decodeReply(await exchangeUdp({ host, port }, buildQuery("web.test. A")));
  assert.deepEqual([reply.rcode, faultCount], ["NOERROR", 1]);
});

test("a name outside the zones is refused and the reason is on the wire", async context => {
  const { port } = await start(context);
  const query = buildQuery("example.com. A", { edns: {} });
  const reply = decodeReply(await exchangeUdp({ host, port }, query));
  assert.equal(reply.rcode, "REFUSED");
  const option = reply.opt?.options.find(({ code }) => code === 15);
  assert.ok(option);
  const error = parseExtendedError(option);
  assert.equal(error?.infoCode, 20);
  assert.equal(error?.text, "zone-not-served: this server answers for test. only");
});

test("each exchange is told once with sizes and rcode", async context => {
  const exchanges: Exchange[] = [];
  const { port } = await start(context, { sent: exchange => exchanges.push(exchange) });
  const query = buildQuery("web.test. A", { edns: { isDnssecOk: true } });
  const reply = await exchangeUdp({ host, port }, query);
  const [exchange, ...others] = exchanges;
  assert.equal(others.length, 0);
  assert.deepEqual(
    [exchange?.requestSizeBytes, exchange?.response?.length, exchange?.query.zoneText, exchange?.rcode],
    [query.length, reply.length, "test.", 0],
  );
  assert.equal(exchange?.query.client.address, host);
});

test("an answer that comes late reaches its client, over UDP and TCP", async context => {
  const { port } = await start(context, {
    handle: query => new Promise(resolve => setImmediate(() => resolve(answering(1)(query)))),
  });
  for (const exchange of [exchangeUdp, exchangeTcp]) {
    const reply = decodeReply(await exchange({ host, port }, buildQuery("web.test. A")));
    assert.deepEqual(reply.answer, ["web.test. 5 IN A 10.0.0.0"]);
  }
});

test("an answer that never comes does not hold up the next one on the same connection", async context => {
  const slow = Promise.withResolvers<Outcome>();
  const { port } = await start(context, {
    handle: query => (query.name[0] === "slow" ? slow.promise : answering(1)(query)),
  });
  const client = await TcpClient.open({ host, port });
  context.after(() => client.destroy());
  client.write(Buffer.concat([frame(buildQuery("slow.test. A")), frame(buildQuery("web.test. A"))]));
  assert.deepEqual(decodeReply(await client.receive()).answer, ["web.test. 5 IN A 10.0.0.0"]);
  slow.resolve({ kind: "drop" });
});

test("another plan takes over between two queries, and one that cannot start changes nothing", async context => {
  const server = newServer();
  context.after(() => server.close());
  const corefile = (port: number | string) => `test${port} {\n bind ${host}\n answer\n}`;
  await server.apply(planOf(corefile("")));
  const port = server.listeners[0]?.port ?? 0;
  const ask = async () =>
    decodeReply(await exchangeUdp({ host, port }, buildQuery("web.test. A"))).answer.length;
  assert.equal(await ask(), 1);
  await server.apply(planOf(corefile(""), { handle: answering(2) }));
  assert.equal(await ask(), 2);
  const impossible = `${corefile("")}\nother:${port} {\n bind 192.0.2.1\n answer\n}`;
  await assert.rejects(server.apply(planOf(impossible, { handle: answering(3) })), DNSListenError);
  assert.equal(await ask(), 2);
});

test("a client that does not read is answered no further, and loses nothing once it does", async context => {
  let answeredCount = 0;
  const { port } = await start(context, {
    handle: answering(1000),
    sent: () => {
      answeredCount += 1;
    },
  });
  const socket = connect({ host, port });
  context.after(() => socket.destroy());
  await once(socket, "connect");
  socket.pause();
  // 2000 replies of 16 kB: thirty megabytes, of which the kernel takes a few.
  const query = frame(buildQuery("web.test. A"));
  const queries = Buffer.concat(Array.from({ length: 2000 }, () => query));
  await new Promise(resolve => socket.write(queries, resolve));
  for (let turn = 0; turn < 50; turn += 1) await exchangeUdp({ host, port }, buildQuery("web.test. A"));
  assert.ok(answeredCount - 50 < 1000, `${answeredCount - 50} answers wait for a client that reads none`);
  let receivedBytes = 0;
  const replyBytes = 2 + (await exchangeTcp({ host, port }, buildQuery("web.test. A"))).length;
  for await (const chunk of socket) {
    receivedBytes += (chunk as Buffer).length;
    if (receivedBytes === 2000 * replyBytes) break;
  }
  assert.equal(receivedBytes, 2000 * replyBytes);
});

test("a query in single octets costs one buffer, whatever comes before and after it", async context => {
  const { port } = await start(context);
  const client = await TcpClient.open({ host, port });
  context.after(() => client.destroy());
  const query = frame(buildQuery("web.test. A"));
  client.write(Buffer.concat([query, query.subarray(0, 1)]));
  await client.receive();
  for (const octet of query.subarray(1)) {
    client.write(Buffer.from([octet]));
    // A turn of the loop between them, so that each arrives by itself.
    await exchangeUdp({ host, port }, buildQuery("web.test. A"));
  }
  client.write(Buffer.concat([query, query]));
  for (let reply = 0; reply < 3; reply += 1) {
    assert.deepEqual(decodeReply(await client.receive()).answer, ["web.test. 5 IN A 10.0.0.0"]);
  }
});

test("a silent connection is closed by the server", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { port } = await start(context);
  const client = await TcpClient.open({ host, port });
  context.after(() => client.destroy());
  client.write(frame(buildQuery("web.test. A")));
  await client.receive(1_000_000);
  context.mock.timers.tick(9_999);
  client.write(frame(buildQuery("web.test. A")));
  await client.receive(1_000_000);
  context.mock.timers.tick(10_000);
  await client.closed;
});

test("closing ends open connections at once", async () => {
  const server = newServer();
  await server.apply(planOf(`test {\n bind ${host}\n answer\n}`));
  const client = await TcpClient.open({ host, port: server.listeners[0]?.port ?? 0 });
  client.write(frame(buildQuery("web.test. A")));
  await client.receive();
  await server.close();
  await client.closed;
  client.destroy();
});
