/** Which replies are sent again, until when, and who hears of it. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { startRig } from "../plugins/rig.ts";
import { put } from "./answering.ts";

import { endpoints, plugins, Subject, service, upstream, web, zone } from "./shortcut-subject.ts";

suite("a reply is sent again", () => {
  test("from the third query on: most questions of a flood are asked once", async context => {
    const subject = await Subject.start(context, zone);
    const taken = [];
    for (let count = 0; count < 4; count++) taken.push(await subject.isPrepared(web));
    assert.deepEqual(taken, [false, false, true, true]);
  });

  for (const [what, question, options] of [
    ["a Service's address", web, {}],
    ["a headless Service's addresses", "db.shop.svc.cluster.local. A", {}],
    ["a denial with its reason", "nobody.shop.svc.cluster.local. A", { edns: {} }],
    ["an empty answer", "web.shop.svc.cluster.local. AAAA", {}],
    ["a pointer", "1.0.96.10.in-addr.arpa. PTR", {}],
    ["an address in other letters", "Web.SHOP.svc.cluster.local. A", {}],
    ["a pointer in other letters", "1.0.96.10.In-Addr.ARPA. PTR", {}],
    ["an alias inside the zone", "alias.shop.svc.cluster.local. A", {}],
    ["a Pod's name", "10-1-0-1.shop.pod.cluster.local. A", { edns: { isDnssecOk: true } }],
    ["the zone's SOA", "cluster.local. SOA", {}],
    ["what a name is rewritten to", "web.example.com. A", {}],
  ] as const) {
    test(`when it is ${what}`, async context => {
      const words = `rewrite name web.example.com web.shop.svc.cluster.local\nloadbalance\n${zone} {\n pods verified\n}`;
      const subject = await Subject.start(context, words);
      await subject.askTwice(question, options);
      assert.ok(await subject.isPrepared(question, options));
    });
  }

  for (const [what, words, question, options, from] of [
    ["acl counts and judges each client", `acl {\n allow net 10.0.0.0/8\n}\n${zone}`, web, {}, {}],
    ["autopath depends on the client", `autopath @kubernetes\n${zone} {\n pods verified\n}`, web, {}, {}],
    ["dns64 depends on the client's family", `dns64\n${zone}`, "web.shop.svc.cluster.local. AAAA", {}, {}],
    ["metadata is about the client", `metadata\n${zone}`, web, {}, {}],
    ["rewrite tells upstreams who asks", `rewrite edns0 local set 0xffee {client_ip}\n${zone}`, web, {}, {}],
    [
      "a template counts its matches",
      'template IN A lab {\n answer "{{ .Name }} 5 IN A 192.0.2.1"\n}',
      "x.lab. A",
      {},
      {},
    ],
    ["it tells the client who it is", "whoami", web, {}, {}],
    [
      "the query has an EDNS option",
      `${zone}`,
      "web.shop.svc.cluster.local. A",
      { edns: { options: [{ code: 3, data: Buffer.of() }] } },
      {},
    ],
    ["it went over TCP", zone, web, {}, { protocol: "tcp" }],
    ["it is this machine's own address", zone, "ns.dns.cluster.local. A", {}, {}],
  ] as const) {
    test(`not when ${what}`, async context => {
      const subject = await Subject.start(context, words);
      for (let count = 0; count < 3; count++) await subject.askTwice(question, options, from);
      assert.equal(subject.answering.hits, 0);
      assert.equal(subject.answering.prepared.size, 0);
    });
  }

  test("not while something is still loading", async context => {
    const { ClusterStore } = await import("../../../src/cluster/store.ts");
    const store = new ClusterStore(error => assert.ifError(error));
    put(store, fixtures.namespace("shop"));
    const rig = await startRig(`. {\n${zone}\n}`, { plugins, upstream, store });
    context.after(() => rig.close());
    const subject = new Subject(rig, store);
    for (let count = 0; count < 4; count++) assert.deepEqual(await subject.ask(web), ["SERVFAIL"]);
    for (const kind of ["Namespace", "Service", "EndpointSlice"] as const) store.markSynced(kind);
    assert.deepEqual(await subject.ask(web), ["NXDOMAIN"]);
  });
});

test("hits of the cache are counted, whichever way they take", async context => {
  const subject = await Subject.start(context, "cache 30");
  for (let count = 0; count < 7; count++) await subject.ask("www.example.net. A");
  const labels = 'server="dns://:53",zones=".",view=""';
  assert.equal(subject.rig.metrics.get(`coredns_cache_requests_total{${labels}}`), 7);
  assert.equal(subject.rig.metrics.get(`coredns_cache_hits_total{${labels},type="success"}`), 6);
  assert.ok(subject.answering.hits > 0);
});

test("each query has its line in the log, with its own id, client and size", async context => {
  const subject = await Subject.start(context, `log\n${zone}`);
  for (let id = 1; id <= 5; id++) {
    await subject.ask(web, { id, recursionDesired: true }, { address: `10.244.0.${id}`, port: 1000 + id });
  }
  assert.ok(subject.answering.hits >= 3);
  const line =
    /^\[INFO\] 10\.244\.0\.(\d):100\1 - \1 "A IN web\.shop\.svc\.cluster\.local\. udp 44 false 512" NOERROR qr,aa,rd 60 [\d.e-]+s$/;
  assert.equal(subject.rig.lines.length, 5);
  for (const text of subject.rig.lines) assert.match(text, line);
});

test("a serial moves in replies that are ready, without making them anew", async context => {
  const subject = await Subject.start(context, zone);
  const serial = async () => {
    const query = buildQuery("nobody.shop.svc.cluster.local. A");
    const { authority } = decodeReply((await subject.answering.ask(query)) ?? Buffer.of());
    return Number(authority[0]?.split(" ")[6]);
  };
  await subject.askTwice("nobody.shop.svc.cluster.local. A");
  const before = await serial();
  put(subject.store, service("new", "10.96.0.3"));
  const { hits } = subject.answering;
  assert.equal(await serial(), before + 1);
  assert.equal(subject.answering.hits, hits + 1);
});

for (const count of [3, 10]) {
  test(`each of ${count} addresses is as often in each place as any other`, async context => {
    const subject = await Subject.start(context, `loadbalance\n${zone}`);
    const addresses = Array.from({ length: count }, (_, index) => `10.1.0.${index}`);
    put(subject.store, endpoints(...addresses));
    const query = buildQuery("db.shop.svc.cluster.local. A");
    const rounds = 12_000;
    const seen = new Uint32Array(count * count);
    let followsNeighbour = 0;
    for (let round = 0; round < rounds; round++) {
      const octets = (await subject.answering.ask(query)) ?? Buffer.of();
      // The last octet of each record of sixteen.
      const order = Array.from({ length: count }, (_, place) => octets.at(place * 16 - count * 16 + 15) ?? 0);
      for (const [place, address] of order.entries()) (seen[place * count + address] as number)++;
      if (order[1] === ((order[0] ?? 0) + 1) % count) followsNeighbour += 1;
    }
    assert.equal(subject.answering.hits, rounds - 2);
    const expected = rounds / count;
    const distance = seen.reduce((sum, times) => sum + (times - expected) ** 2 / expected, 0);
    // Each round has every address and every place once, so that this much of it is a chi-square of (n - 1)² degrees of
    // freedom; ten times its deviation above its mean is passed once in a million runs.
    const chiSquare = (distance * (count - 1)) / count;
    const freedom = (count - 1) ** 2;
    assert.ok(chiSquare < freedom + 10 * Math.sqrt(2 * freedom), `chi-square ${chiSquare}`);
    // A rotation would give a failed address's share to its neighbour.
    const share = followsNeighbour / rounds;
    assert.ok(Math.abs(share - 1 / (count - 1)) < 0.03, `a neighbour follows in ${share} of all`);
  });
}

test("of more addresses than fit each is as often in the reply as any other", async context => {
  const subject = await Subject.start(context, `loadbalance\n${zone}`);
  const count = 60;
  put(subject.store, endpoints(...Array.from({ length: count }, (_, index) => `10.1.0.${index}`)));
  const query = buildQuery("db.shop.svc.cluster.local. A");
  const rounds = 6_000;
  const seen = new Uint32Array(count);
  let fitting = 0;
  for (let round = 0; round < rounds; round++) {
    const octets = (await subject.answering.ask(query)) ?? Buffer.of();
    const { isTruncated, answer } = decodeReply(octets);
    assert.ok(isTruncated && octets.length <= 512);
    fitting = answer.length;
    for (const record of answer) (seen[Number(record.split(".").at(-1))] as number)++;
  }
  assert.equal(subject.answering.hits, rounds - 2);
  const share = fitting / count;
  const deviation = Math.sqrt(rounds * share * (1 - share));
  for (const times of seen) assert.ok(Math.abs(times - rounds * share) < 6 * deviation, `${times} times`);
});

test("a million names that are asked for once leave nothing behind", async context => {
  const subject = await Subject.start(context, zone);
  const { answering } = subject;
  await subject.askTwice(web);
  const query = buildQuery("aaaaaaaaaa.shop.svc.cluster.local. A", { id: 1 });
  const flood = (count: number) => {
    for (let index = 0; index < count; index++) {
      for (let at = 13, rest = index; at < 23; at++, rest = Math.floor(rest / 26))
        query[at] = 0x61 + (rest % 26);
      answering.ask(query);
    }
  };
  flood(1_000_000);
  assert.ok(answering.prepared.size <= 20, `${answering.prepared.size} replies are kept`);
  assert.ok(await subject.isPrepared(web), "a name that was ready still is");
});
