/** Packets no resolver sends: what is ignored, what is a format error, and that the server outlives all of them. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { exchangeUdp, UdpClient } from "../../support/dns-client.ts";
import { buildQuery, queryHeader, questionBytes, wireName } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { subjectName } from "../../support/subject.ts";
import { useCluster } from "../conformance-case.ts";

const ask = "web.shop.svc.cluster.local. A";
const answer = ["web.shop.svc.cluster.local. 5 IN A 10.96.0.10"];
const question = questionBytes(ask);
const record = Buffer.concat([wireName("a.example."), Buffer.from("00010001000000050004c0000201", "hex")]);
const oneQuestion = queryHeader({}, { questions: 1 });
const longLabel = Buffer.concat([Buffer.of(63), Buffer.alloc(63, "a")]);
const typeAndClass = Buffer.from("00010001", "hex");

const ignored: readonly (readonly [string, Buffer])[] = [
  ["empty datagram", Buffer.alloc(0)],
  ["single octet", Buffer.alloc(1)],
  ["header of eleven octets", buildQuery(ask).subarray(0, 11)],
  ["response", buildQuery(ask, { isResponse: true })],
  ["response with an unknown opcode", buildQuery(ask, { isResponse: true, opcode: 9 })],
  ["response that is malformed", queryHeader({ isResponse: true }, { questions: 7 })],
];

const formatErrors: readonly (readonly [string, Buffer])[] = [
  ["no question", queryHeader({}, { questions: 0 })],
  ["two questions", Buffer.concat([queryHeader({}, { questions: 2 }), question, question])],
  ["two questions announced and one sent", Buffer.concat([queryHeader({}, { questions: 2 }), question])],
  ["65535 questions announced", Buffer.concat([queryHeader({}, { questions: 65_535 }), question])],
  ["two answers", Buffer.concat([queryHeader({}, { questions: 1, answers: 2 }), question, record, record])],
  [
    "two authority records",
    Buffer.concat([queryHeader({}, { questions: 1, authorities: 2 }), question, record, record]),
  ],
  [
    "three additional records",
    Buffer.concat([queryHeader({}, { questions: 1, additionals: 3 }), question, record, record, record]),
  ],
  ["question cut in its class", buildQuery(ask).subarray(0, -1)],
  ["question cut in its name", buildQuery(ask).subarray(0, 20)],
  ["label past the end", Buffer.concat([oneQuestion, Buffer.of(63, 97, 97)])],
  ["name without a root label", Buffer.concat([oneQuestion, Buffer.of(1, 97)])],
  ["name that points at itself", Buffer.concat([oneQuestion, Buffer.of(0xc0, 12), typeAndClass])],
  ["name that points past the end", Buffer.concat([oneQuestion, Buffer.of(0xc0, 200), typeAndClass])],
  [
    "names that point at each other",
    Buffer.concat([oneQuestion, Buffer.of(0xc0, 14, 0xc0, 12), typeAndClass]),
  ],
  ["label of the reserved kind 01", Buffer.concat([oneQuestion, Buffer.of(0x41, 97, 0), typeAndClass])],
  ["label of the reserved kind 10", Buffer.concat([oneQuestion, Buffer.of(0x81, 97, 0), typeAndClass])],
  [
    "name of 257 octets",
    Buffer.concat([oneQuestion, longLabel, longLabel, longLabel, longLabel, Buffer.of(0), typeAndClass]),
  ],
  [
    "additional record cut in its data",
    Buffer.concat([queryHeader({}, { questions: 1, additionals: 1 }), question, record.subarray(0, -2)]),
  ],
];

describe("malformed packets", () => {
  const cluster = useCluster({
    objects: [namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })],
  });

  for (const [what, packet] of ignored) {
    test(`${what} is not answered`, async () => {
      const client = await UdpClient.open(cluster.subject.server);
      try {
        // The two queries behind it are answered by the time a reply to it would have come.
        for (const datagram of [packet, buildQuery(ask, { id: 1 }), buildQuery(ask, { id: 2 })]) {
          client.send(datagram);
        }
        const ids = [decodeReply(await client.receive()).id, decodeReply(await client.receive()).id];
        assert.deepEqual(ids.sort(), [1, 2]);
        assert.equal(client.unreadCount, 0);
      } finally {
        client.close();
      }
    });
  }

  for (const [what, packet] of formatErrors) {
    test(`${what} is a format error`, async () => {
      const reply = decodeReply(await exchangeUdp(cluster.subject.server, packet));
      assert.equal(reply.rcode, "FORMERR");
      assert.equal(reply.isResponse, true);
      assert.equal(reply.isAuthoritative, false);
      assert.equal(reply.id, packet.readUInt16BE(0));
      assert.deepEqual([reply.answer, reply.authority, reply.additional], [[], [], []]);
    });
  }

  const isCoreDns = subjectName === "coredns";
  test("question announced and not sent is an error", async () => {
    const reply = decodeReply(await exchangeUdp(cluster.subject.server, oneQuestion));
    // CoreDNS takes it for a query without a question.
    assert.equal(reply.rcode, isCoreDns ? "SERVFAIL" : "FORMERR");
  });

  test("octets after the question are ignored", async () => {
    const packet = Buffer.concat([buildQuery(ask), Buffer.from("and more")]);
    assert.deepEqual(decodeReply(await exchangeUdp(cluster.subject.server, packet)).answer, answer);
  });

  test("one record in each other section is ignored", async () => {
    const counts = { questions: 1, answers: 1, authorities: 1, additionals: 1 };
    const packet = Buffer.concat([queryHeader({}, counts), question, record, record, record]);
    assert.deepEqual(decodeReply(await exchangeUdp(cluster.subject.server, packet)).answer, answer);
  });

  test("server answers after anything at all", async () => {
    const octets = fc.uint8Array({ maxLength: 600 });
    const damage = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { minLength: 1, maxLength: 6 });
    const damagedQuery = damage.map(changes => {
      const packet = buildQuery(ask, { id: 7, edns: {} });
      for (const [offset, octet] of changes) packet[offset % packet.length] = octet;
      return packet;
    });
    const packets = fc.array(fc.oneof(octets.map(Buffer.from), damagedQuery), {
      minLength: 20,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(packets, async datagrams => {
        const client = await UdpClient.open(cluster.subject.server);
        try {
          for (const datagram of datagrams) client.send(datagram);
        } finally {
          client.close();
        }
        assert.deepEqual((await cluster.ask(ask)).answer, answer);
      }),
      { numRuns: 50 },
    );
  });
});
