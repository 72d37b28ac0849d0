/** TCP clients that ask for much at once, or hold connections without asking. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { frame, TcpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { inPhase, Load, latencyMs, outcomes } from "./load.ts";
import { clusterName, startReloadingServer } from "./reloading-server.ts";

test("five thousand queries in one piece over TCP are all answered, and UDP goes on beside them", async context => {
  const { server } = await startReloadingServer(context);
  const load = await Load.start({ server, asks: [`${clusterName} A`], perSecond: 200 });
  context.after(() => load.abandon());
  const count = 5_000;
  const client = await TcpClient.open(server);
  context.after(() => client.destroy());
  client.write(
    Buffer.concat(Array.from({ length: count }, (_, id) => frame(buildQuery(`${clusterName} A`, { id })))),
  );
  const ids = new Set<number>();
  for (let received = 0; received < count; received += 1) {
    const { id, rcode } = decodeReply(await client.receive(10_000));
    assert.equal(rcode, "NOERROR");
    ids.add(id);
  }
  assert.equal(ids.size, count);
  const samples = await load.end();
  assert.deepEqual(outcomes(samples), { NOERROR: samples.length });
});

test("a TCP client that asks without pause takes its turn among others", async context => {
  const { server } = await startReloadingServer(context);
  const load = await Load.start({ server, asks: [`${clusterName} A`], perSecond: 500 });
  context.after(() => load.abandon());
  const queries = Buffer.concat(
    Array.from({ length: 20_000 }, (_, id) => frame(buildQuery(`${clusterName} A`, { id }))),
  );
  const rounds = [1, 2, 3];
  const floodMs: number[] = [];
  for (const round of rounds) {
    load.enter(`alone ${round}`);
    await delay(300);
    load.enter(`beside ${round}`);
    const client = connect({ host: server.host, port: server.port }).resume();
    const startedAtMs = performance.now();
    client.end(queries);
    await once(client, "close");
    floodMs.push(performance.now() - startedAtMs);
  }
  const samples = await load.end();
  assert.deepEqual(outcomes(samples), { NOERROR: samples.length });
  const median = (phase: string) => latencyMs(inPhase(samples, phase), 0.5);
  const best = (state: string) => Math.min(...rounds.map(round => median(`${state} ${round}`)));
  const [alone, beside] = [best("alone"), best("beside")];
  // Who had to wait for all of it would wait for half of its time.
  const limitMs = Math.min(...floodMs) / 10;
  assert.ok(
    beside - alone < limitMs,
    `${alone} ms alone, ${beside} ms beside it, of at most ${limitMs} ms more`,
  );
});

test("five hundred idle TCP clients keep nobody else from being answered, and are let go when they stay idle", async context => {
  const { server, resources } = await startReloadingServer(context);
  const before = resources().descriptors;
  const idle = Array.from({ length: 500 }, () => connect({ host: server.host, port: server.port }));
  context.after(() => idle.forEach(socket => void socket.destroy()));
  await Promise.all(idle.map(socket => once(socket, "connect")));
  const asks = [`${clusterName} A`];
  const loads = await Promise.all([
    Load.start({ server, asks, perSecond: 200 }),
    Load.start({ server, asks, perSecond: 200, over: "tcp" }),
  ]);
  context.after(() => Promise.all(loads.map(load => load.abandon())));
  assert.ok(resources().descriptors >= before + 500);
  // Node tells of the other side's end only to those who read.
  await Promise.all(idle.map(socket => once(socket.resume(), "close")));
  for (const load of loads) {
    const samples = await load.end();
    assert.deepEqual(outcomes(samples), { NOERROR: samples.length });
  }
  assert.ok(resources().descriptors < before + 50);
});
