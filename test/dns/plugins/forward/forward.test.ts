/** What `forward` makes of queries whose upstreams answer. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import type { Script } from "./scripted-upstreams.ts";
import { a, b, startForward } from "./start-forward.ts";

test("a name is asked of the upstream and its reply passed on with its flags", async () => {
  const { rig, upstreams } = await startForward("forward . 10.0.0.1", {
    [a]: () => ({ isAuthoritative: true, authenticData: true, rcode: rcodes.NXDOMAIN }),
  });
  const { rcode, outcome } = await rig.ask("www.example.org. A", {
    recursionDesired: true,
    checkingDisabled: true,
    edns: { udpSizeBytes: 1400, isDnssecOk: true, options: [{ code: 10, data: Buffer.from("12345678") }] },
  });
  assert.equal(rcode, "NXDOMAIN");
  assert.equal(outcome.kind, "reply");
  assert.equal(outcome.isFromUpstream, true);
  const { isAuthoritative, authenticData, recursionAvailable } = outcome.message;
  assert.deepEqual([isAuthoritative, authenticData, recursionAvailable], [true, true, true]);
  const [asked] = upstreams.asked;
  assert.equal(asked?.message.recursionDesired, true);
  assert.equal(asked?.message.checkingDisabled, true);
  assert.equal(asked?.message.edns?.udpPayloadSizeBytes, 1400);
  assert.equal(asked?.message.edns?.isDnssecOk, true);
  assert.deepEqual(
    asked?.message.edns?.options.map(({ code }) => code),
    [10],
  );
});

test("names outside FROM and names in except go on, FROM itself is never exempt", async () => {
  const { rig, upstreams } = await startForward(
    "forward example.org 10.0.0.1 {\n except internal.example.org org\n}",
  );
  assert.equal((await rig.ask("example.com. A")).rcode, "NOTAUTH");
  assert.equal((await rig.ask("db.INTERNAL.example.org. A")).rcode, "NOTAUTH");
  assert.equal((await rig.ask("EXAMPLE.org. A")).rcode, "NOERROR");
  assert.deepEqual(
    upstreams.asked.map(({ ask }) => ask),
    ["EXAMPLE.org. A"],
  );
});

test("a CIDR between two octets takes each of its reverse zones", async () => {
  const { rig } = await startForward("forward 10.9.4.0/23 10.0.0.1");
  assert.equal((await rig.ask("1.4.9.10.in-addr.arpa. PTR")).rcode, "NOERROR");
  assert.equal((await rig.ask("1.5.9.10.in-addr.arpa. PTR")).rcode, "NOERROR");
  assert.equal((await rig.ask("1.6.9.10.in-addr.arpa. PTR")).rcode, "NOTAUTH");
});

test("stanzas are asked in written order, the first that takes the name answers", async () => {
  const { rig, upstreams } = await startForward("forward corp.example 10.0.0.1\nforward . 10.0.0.2");
  await rig.ask("db.corp.example. A");
  await rig.ask("www.example.org. A");
  assert.deepEqual(upstreams.order, [a, b]);
});

for (const [options, protocol, over] of [
  ["", "udp", "udp"],
  ["", "tcp", "tcp"],
  ["", "https", "tcp"],
  ["force_tcp", "udp", "tcp"],
  ["force_tcp\n prefer_udp", "udp", "tcp"],
  ["prefer_udp", "tcp", "udp"],
] as const) {
  const written = options === "" ? "no option" : options.replace("\n", " and");
  test(`a client over ${protocol} with ${written} is forwarded over ${over}`, async () => {
    const { rig, upstreams } = await startForward(`forward . 10.0.0.1 {\n${options}\n}`);
    await rig.ask("www.example.org. A", { client: { protocol } });
    assert.equal(upstreams.asked[0]?.over, over);
  });
}

test("prefer_udp asks again over TCP when the reply is cut, others pass it on", async () => {
  const scripts: Record<string, Script> = { [a]: ({ over }) => ({ isTruncated: over === "udp" }) };
  const preferring = await startForward("forward . 10.0.0.1 {\n prefer_udp\n}", scripts);
  const whole = await preferring.rig.ask("www.example.org. A");
  assert.equal(whole.outcome.kind === "reply" && whole.outcome.message.isTruncated, false);
  assert.deepEqual(
    preferring.upstreams.asked.map(({ over }) => over),
    ["udp", "tcp"],
  );
  const plain = await startForward("forward . 10.0.0.1", scripts);
  const cut = await plain.rig.ask("www.example.org. A");
  assert.equal(cut.outcome.kind === "reply" && cut.outcome.message.isTruncated, true);
  assert.equal(plain.upstreams.asked.length, 1);
});

test("equal questions at the same time are one upstream query, each answered in its own letters", async () => {
  const { rig, upstreams } = await startForward("forward . 10.0.0.1");
  const queries = ["www.example.org. A", "WWW.example.org. A", "www.example.org. A"].map(ask =>
    rig.query(ask),
  );
  const outcomes = await Promise.all(queries.map(query => rig.chain.handle(query)));
  assert.equal(upstreams.asked.length, 1);
  for (const [index, outcome] of outcomes.entries()) {
    assert.equal(outcome.kind, "reply");
    const query = queries[index]?.message;
    assert.ok(query);
    const octets = Buffer.from(outcome.encode(query, [], 512));
    assert.equal(octets.readUInt16BE(0), query.id);
    assert.equal(octets.toString("latin1", 13, 16), query.questions[0]?.name[0]);
  }
  await rig.ask("www.example.org. A");
  assert.equal(upstreams.asked.length, 2);
});

test("questions that differ in type, flags, EDNS or transport do not share an answer", async () => {
  const { rig, upstreams } = await startForward("forward . 10.0.0.1");
  await Promise.all([
    rig.ask("www.example.org. A"),
    rig.ask("www.example.org. AAAA"),
    rig.ask("www.example.org. A", { recursionDesired: true }),
    rig.ask("www.example.org. A", { checkingDisabled: true }),
    rig.ask("www.example.org. A", { edns: { isDnssecOk: true } }),
    rig.ask("www.example.org. A", { edns: {} }),
    rig.ask("www.example.org. A", { client: { protocol: "tcp" } }),
  ]);
  assert.equal(upstreams.asked.length, 7);
});

test("a fault in an exchange reaches all who share it, and the next question is asked again", async () => {
  let isFaulty = true;
  const { rig, upstreams } = await startForward("forward . 10.0.0.1", {
    [a]: () => {
      if (isFaulty) throw new TypeError("a bug");
      return "";
    },
  });
  const both = [rig.ask("www.example.org. A"), rig.ask("www.example.org. A")];
  for (const { status } of await Promise.allSettled(both)) assert.equal(status, "rejected");
  assert.equal(upstreams.asked.length, 1);
  isFaulty = false;
  assert.equal((await rig.ask("www.example.org. A")).rcode, "NOERROR");
});

test("max_concurrent counts queries over UDP and TCP together", async () => {
  const release = Promise.withResolvers<string>();
  const { rig } = await startForward("forward . 10.0.0.1 {\n max_concurrent 2\n}", {
    [a]: () => release.promise,
  });
  const [udp, tcp] = [{}, { client: { protocol: "tcp" } }] as const;
  const asked = [
    rig.ask("one.example.org. A", udp),
    rig.ask("one.example.org. A", tcp),
    rig.ask("two.example.org. A"),
  ];
  release.resolve("");
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ rcode }) => rcode),
    ["NOERROR", "NOERROR", "REFUSED"],
  );
});

test("max_concurrent queries under way refuse the next, equal ones join", async () => {
  const release = Promise.withResolvers<string>();
  const { rig } = await startForward("forward . 10.0.0.1 {\n max_concurrent 2\n}", {
    [a]: () => release.promise,
  });
  const first = rig.ask("one.example.org. A");
  const second = rig.ask("two.example.org. A");
  const equal = rig.ask("two.example.org. A");
  const { outcome, rcode } = await rig.ask("three.example.org. A");
  assert.equal(rcode, "REFUSED");
  assert.equal(outcome.kind === "failure" && outcome.reason?.code, "too-many-queries");
  assert.match(
    outcome.kind === "failure" ? (outcome.error ?? "") : "",
    /^2 queries .*max_concurrent.*Corefile:2$/,
  );
  release.resolve("");
  assert.deepEqual(
    (await Promise.all([first, second, equal])).map(one => one.rcode),
    Array(3).fill("NOERROR"),
  );
  assert.equal((await rig.ask("four.example.org. A")).rcode, "NOERROR");
  assert.equal(rig.metrics.get("coredns_forward_max_concurrent_rejects_total"), 1);
});

test("each exchange is counted under CoreDNS's names", async () => {
  const { rig } = await startForward(
    `forward . 10.0.0.1 tls://10.0.0.2 {\n policy sequential\n max_fails 0\n}`,
    { [a]: () => "REFUSED" },
  );
  await rig.ask("www.example.org. A");
  const named = (name: string) => rig.metrics.get(name);
  assert.equal(
    named(`coredns_proxy_request_duration_seconds{proxy_name="forward",to="10.0.0.2:853",rcode="NOERROR"}`),
    1,
  );
  assert.equal(
    named(`coredns_proxy_conn_cache_misses_total{proxy_name="forward",to="10.0.0.1:53",proto="udp"}`),
    1,
  );
  assert.equal(
    named(`coredns_proxy_conn_cache_misses_total{proxy_name="forward",to="10.0.0.2:853",proto="tcp-tls"}`),
    1,
  );
});

test("metadata forward/upstream names who answered", async () => {
  const { rig } = await startForward("forward . 10.0.0.1");
  const metadata = new Map<string, () => string>();
  await rig.chain.handle({ ...rig.query("www.example.org. A"), metadata });
  assert.equal(metadata.get("forward/upstream")?.(), a);
});

test("upstreams are closed with their block", async () => {
  const { rig, upstreams } = await startForward("forward . 10.0.0.1 [fd00::1]:5353");
  await rig.close();
  assert.deepEqual(upstreams.closed, [a, "[fd00::1]:5353"]);
});
