/** RFC 6891: an OPT record in the reply exactly when the query had one, and what it says. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery, optRecord, queryHeader, questionBytes } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { answers, differsFromCoreDns, nodata, nxdomain, refused, useCluster } from "../conformance-case.ts";

const ask = "web.shop.svc.cluster.local. A";
const answer = "web.shop.svc.cluster.local. 5 IN A 10.96.0.10";

describe("EDNS", () => {
  const cluster = useCluster({
    objects: [namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })],
  });

  // Every case compares whether the reply has an OPT record with whether its query had one.
  answers(cluster, [
    { name: "query without OPT is answered without OPT", ask, answer },
    { name: "query with OPT is answered with OPT", ask, query: { edns: {} }, answer },
    { name: "query with OPT over TCP is answered with OPT", ask, query: { edns: {} }, over: "tcp", answer },
    {
      name: "missing type is answered with OPT",
      ask: "web.shop.svc.cluster.local. MX",
      query: { edns: {} },
      ...nodata,
    },
    {
      name: "name error is answered with OPT",
      ask: "none.shop.svc.cluster.local. A",
      query: { edns: {} },
      ...nxdomain,
    },
    { name: "refusal is answered with OPT", ask: "www.example.com. A", query: { edns: {} }, ...refused },
    {
      name: "version 1 is answered BADVERS",
      ask,
      query: { edns: { version: 1 } },
      rcode: "BADVERS",
      isAuthoritative: false,
    },
    {
      name: "version 255 over TCP is answered BADVERS",
      ask,
      query: { edns: { version: 255 } },
      over: "tcp",
      rcode: "BADVERS",
      isAuthoritative: false,
    },
  ]);

  test("BADVERS says that version 0 is spoken", async () => {
    const reply = await cluster.ask(ask, { edns: { version: 1 } });
    assert.equal(reply.opt?.version, 0);
  });

  for (const udpSizeBytes of [512, 1232, 4096]) {
    test(`UDP size ${udpSizeBytes} comes back`, async () => {
      const reply = await cluster.ask(ask, { edns: { udpSizeBytes } });
      assert.equal(reply.opt?.udpSizeBytes, udpSizeBytes);
      assert.equal(reply.opt?.version, 0);
    });
  }

  test("UDP size below 512 is answered as if it were 512", async () => {
    const reply = await cluster.ask("none.shop.svc.cluster.local. A", { edns: { udpSizeBytes: 64 } });
    assert.equal(reply.rcode, "NXDOMAIN");
    assert.equal(reply.isTruncated, false);
    assert.equal(reply.authority.length, 1);
  });

  for (const isDnssecOk of [true, false]) {
    test(`DO ${isDnssecOk ? "set" : "clear"} comes back so`, async () => {
      const reply = await cluster.ask(ask, { edns: { isDnssecOk } });
      assert.equal(reply.opt?.isDnssecOk, isDnssecOk);
      assert.deepEqual(reply.answer, [answer]);
    });
  }

  test("client subnet and unknown options are left out of the reply", async () => {
    const options = [
      { code: 8, data: Buffer.from("00011800c00002", "hex") },
      { code: 65001, data: Buffer.from("frontdesk") },
    ];
    const reply = await cluster.ask(ask, { edns: { options } });
    assert.deepEqual(
      reply.opt?.options.map(option => option.code),
      [],
    );
    assert.deepEqual(reply.answer, [answer]);
  });

  // A server without cookies of its own has to ignore the option (RFC 7873 §5.2).
  test("cookie is left out of the reply", differsFromCoreDns("it sends the client's own back"), async () => {
    const cookie = { code: 10, data: Buffer.from("0102030405060708", "hex") };
    const reply = await cluster.ask(ask, { edns: { options: [cookie] } });
    assert.deepEqual(reply.opt?.options, []);
  });

  test(
    "reserved bits of the OPT flags are clear in the reply",
    differsFromCoreDns("it sends them back"),
    async () => {
      const query = buildQuery(ask, { edns: {} });
      // The last four octets: two of flags, two of data length.
      query.writeUInt16BE(0x7fff, query.length - 4);
      const reply = await exchangeUdp(cluster.subject.server, query);
      assert.equal(reply.readUInt16BE(reply.length - 4), 0);
      assert.deepEqual(decodeReply(reply).answer, [answer]);
    },
  );

  for (const [what, opt] of [
    ["an option longer than the OPT record", Buffer.from("0000290200000000000005000a000900", "hex")],
    ["an OPT record longer than the message", Buffer.from("00002904d0000000000009", "hex")],
  ] as const) {
    test(`${what} is a format error`, async () => {
      const query = Buffer.concat([
        queryHeader({}, { questions: 1, additionals: 1 }),
        questionBytes(ask),
        opt,
      ]);
      const reply = decodeReply(await exchangeUdp(cluster.subject.server, query));
      assert.equal(reply.rcode, "FORMERR");
      assert.deepEqual([reply.answer, reply.authority, reply.additional], [[], [], []]);
    });
  }

  test("two OPT records are a format error", differsFromCoreDns("it takes one of them"), async () => {
    // RFC 6891 §6.1.1
    const header = queryHeader({}, { questions: 1, additionals: 2 });
    const query = Buffer.concat([header, questionBytes(ask), optRecord({}), optRecord({})]);
    assert.equal(decodeReply(await exchangeUdp(cluster.subject.server, query)).rcode, "FORMERR");
  });
});
