/** Corefile words any, bufsize, chaos, erratic, header, local, minimal, nsid and whoami. */

import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

const subject = useCorefile({
  corefile: at => {
    const block = (zone: string, words: string) =>
      `${at.keys(zone)} {\n ${zone === "." ? at.common : at.bind}\n ${words}\n}\n`;
    return [
      block(".", "local\n chaos Version-1 anna@example.org\n whoami"),
      block("any.test", "any\n whoami"),
      block("small.test", "bufsize 600\n erratic {\n drop 0\n large\n }"),
      block("header.test", "header {\n response set ra\n response clear rd aa\n }\n whoami"),
      block("minimal.test", "minimal\n whoami"),
      block("nsid.test", "nsid Use The Force\n whoami"),
      block("drop.test", "erratic"),
      block("late.test", "erratic {\n delay 1 80ms\n }"),
    ].join("");
  },
});

const soa = (zone: string) => `${zone} 604800 IN SOA localhost. root.localhost. <serial> 0 0 0 604800`;
const isAuthoritative = false;

corefileAnswers(subject, [
  {
    name: "localhost is answered",
    ask: "localhost. A",
    answer: "localhost. 604800 IN A 127.0.0.1",
    isAuthoritative,
  },
  {
    name: "localhost has an IPv6 address",
    ask: "LOCALHOST. AAAA",
    answer: "LOCALHOST. 604800 IN AAAA ::1",
    isAuthoritative,
  },
  { name: "localhost has no mail", ask: "localhost. MX", authority: soa("localhost."), isAuthoritative },
  {
    name: "localhost.<domain> is localhost",
    ask: "localhost.example.org. A",
    answer: "localhost.example.org. 604800 IN A 127.0.0.1",
    isAuthoritative,
  },
  {
    name: "127.0.0.1 leads back to localhost",
    ask: "1.0.0.127.in-addr.arpa. PTR",
    answer: "1.0.0.127.in-addr.arpa. 604800 IN PTR localhost.",
    isAuthoritative,
  },
  {
    name: "other addresses of 127.0.0.0/8 have no name",
    ask: "2.0.0.127.in-addr.arpa. PTR",
    rcode: "NXDOMAIN",
    authority: soa("127.in-addr.arpa."),
    isAuthoritative,
  },
  {
    name: "the name between 127.in-addr.arpa and 1.0.0.127.in-addr.arpa exists",
    ask: "0.0.127.in-addr.arpa. PTR",
    authority: soa("127.in-addr.arpa."),
    isAuthoritative,
    differs: {
      why: "CoreDNS denies the name, and with it the name beneath (RFC 8020 §2)",
      coredns: { rcode: "NXDOMAIN", authority: soa("127.in-addr.arpa."), isAuthoritative },
    },
  },
  { name: "minimal drops additional records of an empty answer", ask: "minimal.test. A" },
  { name: "erratic does not know a type", ask: "small.test. TXT", rcode: "SERVFAIL", isAuthoritative },
]);

test("localhost.<domain> is counted", async () => {
  const [line] = await metricsOf(subject, "coredns_local_localhost_requests_total");
  assert.match(line ?? "", / [1-9]\d*$/);
});

for (const [name, text] of [
  ["version.bind.", "Version-1"],
  ["version.server.", "Version-1"],
  ["authors.bind.", "anna@example.org"],
  ["hostname.bind.", hostname()],
  ["id.server.", hostname()],
] as const) {
  test(`${name} CH TXT is ${text}`, async () => {
    assert.deepEqual((await subject.ask(`${name} CH TXT`)).answer, [`${name} 0 CLASS3 TXT "${text}"`]);
  });
}

test("whoami tells where the client is", async () => {
  const { additional, answer } = await subject.ask("me.test. A", {}, "tcp");
  assert.deepEqual(answer, []);
  assert.equal(additional[0], "me.test. 0 IN A 127.0.0.1");
  assert.match(additional[1] ?? "", /^_tcp\.me\.test\. 0 IN SRV 0 0 \d+ \.$/);
});

test("any answers with one HINFO record", async () => {
  const { bytes, answer, isAuthoritative: isOurs } = await subject.ask("any.test. ANY");
  assert.equal(answer.length, 1);
  assert.ok(bytes.includes("\rANY obsoleted\fSee RFC 8482"));
  assert.equal(isOurs, false);
});

test("bufsize limits what is sent over UDP, and says so", async () => {
  const reply = await subject.ask("small.test. A", { edns: { udpSizeBytes: 4096 } });
  assert.equal(reply.isTruncated || reply.answer.length === 30, true);
  assert.ok(reply.bytes.length <= 600, `${reply.bytes.length} bytes`);
  assert.equal(reply.opt?.udpSizeBytes, 600);
  assert.equal(
    (await subject.ask("small.test. A", { edns: { udpSizeBytes: 4096 } }, "tcp")).answer.length,
    30,
  );
});

test("header sets and clears flags of the reply", async () => {
  const reply = await subject.ask("header.test. A", { recursionDesired: true });
  const { recursionAvailable, recursionDesired, isAuthoritative: isOurs } = reply;
  assert.deepEqual([recursionAvailable, recursionDesired, isOurs], [true, false, false]);
});

test("nsid is told to who asks for it", async () => {
  const asking = { edns: { options: [{ code: 3, data: Buffer.alloc(0) }] } };
  const nsids = (await subject.ask("nsid.test. A", asking)).opt?.options.filter(({ code }) => code === 3);
  assert.deepEqual(
    nsids?.map(({ data }) => data.toString()),
    ["Use The Force"],
  );
  assert.deepEqual((await subject.ask("nsid.test. A", { edns: {} })).opt?.options, []);
});

test("erratic drops every second query", async () => {
  const seen: boolean[] = [];
  for (let query = 0; query < 4; query += 1) {
    const reply = exchangeUdp(subject.subject.server, buildQuery("drop.test. AAAA"), 150);
    seen.push(
      await reply.then(
        () => true,
        () => false,
      ),
    );
  }
  assert.deepEqual(seen, [false, true, false, true]);
});

test("erratic delays a reply", async () => {
  const startedAtMs = performance.now();
  await subject.ask("late.test. A");
  assert.ok(performance.now() - startedAtMs >= 79);
});
