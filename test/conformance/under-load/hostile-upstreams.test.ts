/** Upstreams that lie, or take queries and never answer. */

import assert from "node:assert/strict";
import type { RemoteInfo } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { buildQuery } from "../../support/dns-client-query.ts";
import { assertUnharmed, slackMs, useUpstreams } from "./upstream-rig.ts";

const rig = useUpstreams();

describe("a hostile or silent upstream", () => {
  test("that sends ten thousand forged replies neither gets one believed nor slows others down", async context => {
    const load = await rig.clusterLoad(context);
    const query = once(rig.hole, "message");
    const answer = rig.askNew("flood.test", 1);
    const [octets, client] = await query;
    for (let sent = 0; sent < 10_000; sent += 100) {
      for (let forged = 0; forged < 100; forged += 1) {
        const reply = replyTo(octets, 0x0a0a0a0a);
        // Every id but the right one.
        reply.writeUInt16BE((octets.readUInt16BE(0) + 1 + sent + forged) & 0xffff, 0);
        rig.hole.send(reply, client.port, client.address);
      }
      await delay(2);
    }
    // The true one, and again if it was lost in the flood and is asked for again.
    const tell = (asked: Buffer, { port, address }: RemoteInfo) =>
      rig.hole.send(replyTo(asked, 0xc0000201), port, address);
    rig.hole.on("message", tell);
    tell(octets, client);
    const [reply] = await answer;
    rig.hole.off("message", tell);
    assert.match(reply?.answer.join() ?? "", / IN A 192\.0\.2\.1$/);
    assertUnharmed(await load.end());
  });

  test("with max_concurrent has the others refused at once", async context => {
    const load = await rig.clusterLoad(context);
    const startedAtMs = performance.now();
    const tookMs: number[] = [];
    const replies = Promise.all(
      Array.from({ length: 30 }, async () => {
        const [reply] = await rig.askNew("limit.test", 1);
        if (reply?.rcode === "REFUSED") tookMs.push(performance.now() - startedAtMs);
        return reply;
      }),
    );
    const codes = (await replies).map(reply => reply?.rcode).sort();
    assert.deepEqual(codes, [...Array(20).fill("REFUSED"), ...Array(10).fill("SERVFAIL")]);
    assert.ok(Math.max(...tookMs) < slackMs, `${Math.max(...tookMs)} ms`);
    assertUnharmed(await load.end());
  });

  test("without max_concurrent has no more than 4096 queries waiting for it, on a bounded number of sockets", async context => {
    const load = await rig.clusterLoad(context);
    const client = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
    let refused = 0;
    client.on("message", reply => {
      if (((reply[3] ?? 0) & 0xf) === 5) refused += 1;
    });
    const { host, port } = rig.subject.server;
    let mostDescriptors = 0;
    const sockets = () => readdirSync(`/proc/${rig.subject.processId}/fd`).length;
    for (let sent = 0; sent < 12_000 && refused < 500; sent += 1) {
      client.send(buildQuery(`flood${sent}.flood.test. A`, { id: sent & 0xffff }), port, host);
      if (sent % 30 === 0) await delay(4);
      if (sent % 300 === 0) mostDescriptors = Math.max(mostDescriptors, sockets());
    }
    client.close();
    assertUnharmed(await load.end());
    assert.ok(refused > 0, "none was refused");
    assert.ok(mostDescriptors < 200, `${mostDescriptors} descriptors`);
  });
});

/** The query as its own reply, with one address. */
function replyTo(query: Buffer, address: number): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5;
  const record = Buffer.from("c00c00010001000000050004", "hex");
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(address);
  const reply = Buffer.concat([query.subarray(0, questionEnd), record, octets]);
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(1, 6);
  reply.writeUInt16BE(0, 10);
  return reply;
}
