/** The server's own part: life cycle, faults, slow and silent clients. What it answers is the conformance suite's. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import type { DNSServer } from "../../../src/dns/server/dns-server.ts";
import { DNSListenError, startDNSServer } from "../../../src/dns/server/dns-server.ts";
import type { Exchange, ResponderOptions } from "../../../src/dns/server/responder.ts";
import { createResponder } from "../../../src/dns/server/responder.ts";
import { parseExtendedError } from "../../../src/dns/wire/ede.ts";
import type { ZoneAnswer } from "../../../src/dns/zone/kubernetes-zone.ts";
import { exchangeTcp, exchangeUdp, frame, TcpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";

const log = pino({ level: "silent" });
const host = "127.0.0.1";

function answered(count: number): ZoneAnswer {
  const answers = Array.from({ length: count }, (_, place) => ({
    name: ["web", "test"],
    class: 1,
    ttlSeconds: 5,
    data: { type: "A" as const, address: `10.0.${place >> 8}.${place & 255}` },
  }));
  return { zone: ["test"], rcode: 0, answers, authorities: [], additionals: [], reason: undefined };
}

async function start(context: TestContext, options: Partial<ResponderOptions> = {}): Promise<DNSServer> {
  const respond = createResponder({
    served: "test.",
    answer: () => answered(1),
    onExchange: () => {},
    onFault: () => {},
    log,
    ...options,
  });
  const server = await startDNSServer({ addresses: [host], port: 0, respond, log });
  context.after(() => server.close());
  return server;
}

test("a free port is the same for UDP and TCP", async context => {
  const { port } = await start(context);
  for (const exchange of [exchangeUdp, exchangeTcp]) {
    const reply = decodeReply(await exchange({ host, port }, buildQuery("web.test. A")));
    assert.deepEqual(reply.answer, ["web.test. 5 IN A 10.0.0.0"]);
  }
});

test("a port that is taken is refused with what to do, and nothing stays open", async context => {
  const { port } = await start(context);
  await assert.rejects(
    startDNSServer({ addresses: ["127.0.0.2", host], port, respond: () => undefined, log }),
    (error: unknown) => {
      assert.ok(error instanceof DNSListenError);
      assert.equal(error.what, `cannot listen for DNS on 127.0.0.1 port ${port}: something else does`);
      assert.match(error.remedy, /another port/);
      return true;
    },
  );
  const again = await startDNSServer({ addresses: ["127.0.0.2"], port, respond: () => undefined, log });
  await again.close();
});

test("an address of another machine is refused by name", async () => {
  await assert.rejects(
    startDNSServer({ addresses: ["192.0.2.1"], port: 0, respond: () => undefined, log }),
    /192\.0\.2\.1 .*this machine has no such address/,
  );
});

test("a fault while answering is SERVFAIL for that client and counted", async context => {
  let faultCount = 0;
  const { port } = await start(context, {
    answer: () => {
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
    onExchange: () => {
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
  const { port } = await start(context, { answer: () => undefined });
  const query = buildQuery("example.com. A", { edns: {} });
  const reply = decodeReply(await exchangeUdp({ host, port }, query));
  assert.equal(reply.rcode, "REFUSED");
  const option = reply.opt?.options.find(({ code }) => code === 15);
  assert.ok(option);
  const error = parseExtendedError(option);
  assert.equal(error?.infoCode, 20);
  assert.equal(error?.text, "zone-not-served: this server answers for test. only");
});

test("each exchange is told once with sizes, zone and rcode", async context => {
  const exchanges: Exchange[] = [];
  const { port } = await start(context, { onExchange: exchange => exchanges.push(exchange) });
  const query = buildQuery("web.test. A", { edns: { isDnssecOk: true } });
  const reply = await exchangeUdp({ host, port }, query);
  const [exchange, ...others] = exchanges;
  assert.equal(others.length, 0);
  assert.deepEqual(
    [exchange?.requestSizeBytes, exchange?.responseSizeBytes, exchange?.zone, exchange?.rcode],
    [query.length, reply.length, ["test"], 0],
  );
  assert.equal(exchange?.isDnssecOk, true);
});

test("a client that does not read is answered no further, and loses nothing once it does", async context => {
  let answeredCount = 0;
  const { port } = await start(context, {
    answer: () => answered(1000),
    onExchange: () => {
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
  const respond = createResponder({
    served: "test.",
    answer: () => answered(1),
    onExchange: () => {},
    onFault: () => {},
    log,
  });
  const server = await startDNSServer({ addresses: [host], port: 0, respond, log });
  const client = await TcpClient.open({ host, port: server.port });
  client.write(frame(buildQuery("web.test. A")));
  await client.receive();
  await server.close();
  await client.closed;
  client.destroy();
});
