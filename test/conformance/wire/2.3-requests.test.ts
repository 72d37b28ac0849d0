/** The request path: which queries are answered at all, and what of the query comes back. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { exchangeTcp, exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { subjectName } from "../../support/subject.ts";
import { answers, nxdomain, refused, useCluster } from "../conformance-case.ts";

const ask = "web.shop.svc.cluster.local. A";
const answer = "web.shop.svc.cluster.local. 5 IN A 10.96.0.10";

describe("requests", () => {
  const cluster = useCluster({
    objects: [namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })],
  });

  answers(cluster, [
    {
      name: "query with RD is answered with RD and without RA",
      ask,
      query: { recursionDesired: true },
      answer,
    },
    { name: "query with CD is answered with CD", ask, query: { checkingDisabled: true }, answer },
    { name: "query with AD is answered without AD", ask, query: { authenticData: true }, answer },
    {
      name: "name error keeps RD and CD",
      ask: "none.shop.svc.cluster.local. A",
      query: { recursionDesired: true, checkingDisabled: true },
      ...nxdomain,
    },
    {
      name: "refusal keeps RD and CD",
      ask: "www.example.com. A",
      query: { recursionDesired: true, checkingDisabled: true },
      ...refused,
    },
    { name: "query with id 0 is answered with it", ask, query: { id: 0 }, answer },
    { name: "query with id 65535 is answered with it", ask, query: { id: 0xffff }, answer },
    { name: "query over TCP is answered the same", ask, over: "tcp", answer },
    { name: "class CH is refused", ask: "version.bind. CH TXT", ...refused },
    { name: "class CH of a Service's name is refused", ask: "web.shop.svc.cluster.local. CH A", ...refused },
    { name: "class HS of a Service's name is refused", ask: "web.shop.svc.cluster.local. HS A", ...refused },
    {
      name: "class ANY of a Service's name is refused",
      ask: "web.shop.svc.cluster.local. ANY A",
      ...refused,
    },
    { name: "name outside the zones is refused", ask: "www.example.com. A", ...refused },
    {
      name: "name outside the zones over TCP is refused",
      ask: "www.example.com. A",
      over: "tcp",
      ...refused,
    },
    { name: "name outside the zones in any type is refused", ask: "www.example.com. TYPE65280", ...refused },
    {
      name: "name of 255 octets outside the zones is refused",
      ask: `${`${"a".repeat(63)}.`.repeat(3)}${"a".repeat(61)}. A`,
      ...refused,
    },
    {
      name: "name of 255 octets inside the zone is a name error",
      // 255 less the zone's fifteen octets and its root.
      ask: `${`${"a".repeat(63)}.`.repeat(3)}${"a".repeat(46)}.cluster.local. A`,
      ...nxdomain,
    },
  ]);

  for (const opcode of [1, 2, 5, 6, 15]) {
    test(`opcode ${opcode} is not implemented`, async () => {
      const query = buildQuery(ask, { opcode, recursionDesired: true });
      for (const exchange of [exchangeUdp, exchangeTcp]) {
        const reply = decodeReply(await exchange(cluster.subject.server, query));
        assert.equal(reply.rcode, "NOTIMP");
        assert.equal(reply.opcode, opcode);
        assert.equal(reply.isResponse, true);
        assert.equal(reply.id, query.readUInt16BE(0));
        assert.deepEqual([reply.answer, reply.authority, reply.additional], [[], [], []]);
      }
    });
  }

  test("bits that only replies have are ignored in a query", async () => {
    const query = buildQuery(ask);
    const flags = query.readUInt16BE(2);
    const authoritative = 0x0400;
    const truncated = 0x0200;
    const recursionAvailable = 0x0080;
    const reserved = 0x0040;
    const anyRcode = 0x0005;
    query.writeUInt16BE(flags | authoritative | truncated | recursionAvailable | reserved | anyRcode, 2);
    const reply = decodeReply(await exchangeUdp(cluster.subject.server, query));
    assert.equal(reply.rcode, "NOERROR");
    assert.deepEqual(reply.answer, [answer]);
    assert.equal(reply.isTruncated, false);
    assert.equal(reply.recursionAvailable, false);
    assert.equal(reply.bytes.readUInt16BE(2) & reserved, 0);
  });
});

describe("requests to a server that listens everywhere", () => {
  const cluster = useCluster({
    listensEverywhere: true,
    objects: [namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] })],
  });

  // The client's socket takes datagrams from the address it asked only, as every resolver's does.
  for (const host of ["127.0.0.1", "127.0.0.2"]) {
    for (const [transport, exchange] of [
      ["UDP", exchangeUdp],
      ["TCP", exchangeTcp],
    ] as const) {
      const skip =
        subjectName === "frontdesk" &&
        process.env.FRONTDESK_UDP === "portable" &&
        transport === "UDP" &&
        host !== "127.0.0.1"
          ? "node's UDP sockets cannot choose the source of a reply (IP_PKTINFO); the kernel takes the route's"
          : false;
      test(`query over ${transport} to ${host} is answered from there`, { skip }, async () => {
        const reply = await exchange({ host, port: cluster.subject.server.port }, buildQuery(ask));
        assert.deepEqual(decodeReply(reply).answer, [answer]);
      });
    }
  }
});
