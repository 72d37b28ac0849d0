/** DNS over TCP as a stream: RFC 1035 §4.2.2, RFC 7766. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { exchangeTcp, frame, TcpClient } from "../../support/dns-client.ts";
import { buildQuery, queryHeader } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { type Cluster, useCluster } from "../conformance-case.ts";

const ask = "web.shop.svc.cluster.local. A";
const answer = ["web.shop.svc.cluster.local. 5 IN A 10.96.0.10"];

describe("TCP", () => {
  const cluster = useCluster({
    objects: [namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })],
  });

  test("two hundred queries in one write are all answered", async () => {
    await using connection = await connect(cluster);
    const ids = Array.from({ length: 200 }, (_, index) => index + 1);
    connection.client.write(Buffer.concat(ids.map(id => frame(buildQuery(ask, { id })))));
    const replies = [];
    for (const _ of ids) replies.push(decodeReply(await connection.client.receive()));
    assert.deepEqual(
      replies.map(reply => reply.id).sort((a, b) => a - b),
      ids,
    );
    for (const reply of replies) assert.deepEqual(reply.answer, answer);
  });

  test("query written octet by octet is answered", async () => {
    await using connection = await connect(cluster);
    for (const octet of frame(buildQuery(ask))) {
      connection.client.write(Buffer.of(octet));
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
  });

  test("frame boundary anywhere in a write is found", async () => {
    const stream = Buffer.concat([1, 2, 3].map(id => frame(buildQuery(ask, { id }))));
    for (const cut of [1, 2, 3, 45, 46, 47, 48, 49, stream.length - 1]) {
      await using connection = await connect(cluster);
      connection.client.write(stream.subarray(0, cut));
      await new Promise(resolve => setImmediate(resolve));
      connection.client.write(stream.subarray(cut));
      for (let left = 3; left > 0; left--) {
        assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
      }
    }
  });

  test("connection stays open for the next query", async () => {
    await using connection = await connect(cluster);
    for (let round = 0; round < 20; round++) {
      connection.client.write(frame(buildQuery(ask)));
      assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
    }
  });

  for (const [what, message] of [
    ["zero-length frame", Buffer.alloc(0)],
    ["frame shorter than a header", Buffer.alloc(5)],
    ["frame that is a response", buildQuery(ask, { isResponse: true })],
  ] as const) {
    test(`${what} is not answered and does no harm to the next one`, async () => {
      await using connection = await connect(cluster);
      connection.client.write(Buffer.concat([frame(message), frame(buildQuery(ask))]));
      assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
    });
  }

  test("frame of 65535 octets of nonsense is a format error and does no harm to the next one", async () => {
    await using connection = await connect(cluster);
    const nonsense = Buffer.concat([queryHeader({}, { questions: 1 }), Buffer.alloc(65_523, 0x3f)]);
    connection.client.write(Buffer.concat([frame(nonsense), frame(buildQuery(ask))]));
    assert.equal(decodeReply(await connection.client.receive()).rcode, "FORMERR");
    assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
  });

  test("queries before the client closes its side are answered before the server closes", async () => {
    await using connection = await connect(cluster);
    connection.client.write(Buffer.concat([frame(buildQuery(ask)), frame(buildQuery(ask))]));
    connection.client.end();
    assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
    assert.deepEqual(decodeReply(await connection.client.receive()).answer, answer);
    await connection.client.closed;
  });

  test("client that closes its side in the middle of a frame is closed without an answer", async () => {
    await using connection = await connect(cluster);
    connection.client.write(frame(buildQuery(ask)).subarray(0, 10));
    connection.client.end();
    await assert.rejects(connection.client.receive(), /closed the connection/);
  });

  test("client that closes its side without a word is closed", async () => {
    await using connection = await connect(cluster);
    connection.client.end();
    await connection.client.closed;
  });

  test("client that resets the connection does no harm to others", async () => {
    await using other = await connect(cluster);
    const { client } = await connect(cluster);
    client.write(frame(buildQuery(ask)));
    client.destroy();
    other.client.write(frame(buildQuery(ask)));
    assert.deepEqual(decodeReply(await other.client.receive()).answer, answer);
  });

  test("a hundred connections at once are all answered", async () => {
    const exchanges = Array.from({ length: 100 }, () => exchangeTcp(cluster.subject.server, buildQuery(ask)));
    for (const bytes of await Promise.all(exchanges)) assert.deepEqual(decodeReply(bytes).answer, answer);
  });
});

/** A connection that is gone at the end of its block. */
async function connect(cluster: Cluster): Promise<AsyncDisposable & { readonly client: TcpClient }> {
  const client = await TcpClient.open(cluster.subject.server);
  return {
    client,
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}
