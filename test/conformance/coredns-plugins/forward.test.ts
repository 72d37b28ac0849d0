/** Corefile word `forward`: what becomes of a query on its way to other servers, and of their replies. */

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";
import { type Answer, TestUpstream } from "../../support/test-upstream.ts";
import { differsFromCoreDns } from "../conformance-case.ts";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

/** Speaks with authority and offers no recursion, as everything in the other conformance files does. */
const answer: Answer = ({ nameText, typeText }) => ({
  answers: typeText === "A" ? `${nameText} 300 IN A 192.0.2.1` : "",
  flags: { isAuthoritative: true, recursionAvailable: false },
});

const first = await TestUpstream.start({ answer });
const second = await TestUpstream.start({ answer });
const gone = await TestUpstream.start();
await gone.stop();
after(() => Promise.all([first.stop(), second.stop()]));

beforeEach(() => {
  for (const upstream of [first, second]) {
    upstream.restore();
    upstream.answer = answer;
    upstream.queries.length = 0;
  }
});

const both = `${first.target} ${second.target}`;

const subject = useCorefile({
  corefile: at => {
    const block = (zone: string, text: string) => `${at.keys(zone)} {
    ${zone === "." ? at.common : `${at.bind}\n errors`}
    ${text}
}
`;
    return [
      block(".", `forward . ${first.target}`),
      block("tcp.test", `forward . ${first.target} {\n force_tcp\n }`),
      block("udp.test", `forward . ${first.target} {\n prefer_udp\n }`),
      block("in-turn.test", `forward . ${both} {\n policy round_robin\n }`),
      block("except.test", `forward . ${first.target} {\n except internal.except.test\n }\n whoami`),
      block("refused.test", `forward . ${gone.target} ${first.target} {\n policy sequential\n }`),
      block("silent.test", `forward . ${both} {\n policy sequential\n }`),
      block("nobody.test", `forward . ${gone.target}`),
      block("plain-code.test", `forward . ${both} {\n policy sequential\n }`),
      block("failover.test", `forward . ${both} {\n policy sequential\n failover SERVFAIL\n }`),
      block("next.test", `forward . ${first.target} {\n next NXDOMAIN\n }\n forward . ${second.target}`),
      block("limit.test", `forward . ${first.target} {\n max_concurrent 1\n }`),
      block("order.test", `forward a.order.test ${first.target}\n forward . ${second.target}`),
      block(
        "failfast.test",
        `forward . ${gone.target} {\n failfast_all_unhealthy_upstreams\n health_check 10ms\n }`,
      ),
    ].join("");
  },
});

describe("queries and replies", () => {
  corefileAnswers(subject, [
    { name: "a reply comes with its TTLs", ask: "www.test. A", answer: "www.test. 300 IN A 192.0.2.1" },
    {
      name: "letters come back as they were asked",
      ask: "WwW.Test. A",
      answer: "WwW.Test. 300 IN A 192.0.2.1",
    },
    { name: "no data comes back as such", ask: "www.test. MX" },
    { name: "other classes are forwarded too", ask: "version.bind. CH TXT" },
  ]);

  test("flags, EDNS size and options go to the upstream as sent", async () => {
    const options = [{ code: 10, data: Buffer.from("12345678") }];
    await subject.ask("www.test. A", {
      recursionDesired: true,
      checkingDisabled: true,
      edns: { udpSizeBytes: 1400, isDnssecOk: true, options },
    });
    await subject.ask("www.test. A");
    const [one, other] = first.queries.map(({ message }) => message);
    assert.deepEqual([one?.recursionDesired, one?.checkingDisabled], [true, true]);
    assert.deepEqual([one?.edns?.udpPayloadSizeBytes, one?.edns?.isDnssecOk], [1400, true]);
    assert.deepEqual(
      one?.edns?.options.map(({ code, data }) => [code, Buffer.from(data).toString()]),
      [[10, "12345678"]],
    );
    assert.deepEqual([other?.recursionDesired, other?.edns], [false, undefined]);
  });

  test("AA, RA and AD of the upstream reach the client", async () => {
    for (const flag of [true, false]) {
      const flags = { isAuthoritative: flag, recursionAvailable: !flag, authenticData: flag };
      first.answer = () => ({ flags });
      const { isAuthoritative, recursionAvailable, authenticData } = await subject.ask(
        `flag-${flag}.test. A`,
      );
      assert.deepEqual({ isAuthoritative, recursionAvailable, authenticData }, flags);
    }
  });

  test("response codes of the upstream reach the client", async () => {
    for (const rcode of ["NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP"] as const) {
      first.answer = () => ({ rcode, authorities: "test. 60 IN NS ns.test." });
      const reply = await subject.ask(`${rcode}.test. A`);
      assert.equal(reply.rcode, rcode);
      assert.deepEqual(reply.authority, ["test. 60 IN NS ns.test."]);
    }
  });

  test("a reply with a wrong id is waited past", async () => {
    first.misbehave("wrong-id");
    assert.deepEqual((await subject.ask("id.test. A")).answer, ["id.test. 300 IN A 192.0.2.1"]);
  });
});

describe("transport", () => {
  for (const [name, over, transport] of [
    ["www.test.", "udp", "udp"],
    ["www.test.", "tcp", "tcp"],
    ["tcp.test.", "udp", "tcp"],
    ["udp.test.", "tcp", "udp"],
  ] as const) {
    test(`${name} asked over ${over} is forwarded over ${transport}`, async () => {
      assert.equal((await subject.ask(`${name} A`, {}, over)).answer.length, 1);
      assert.deepEqual(
        first.queries.map(query => query.transport),
        [transport],
      );
    });
  }

  test("a cut reply is passed on", async () => {
    first.misbehave("truncate-udp");
    assert.equal((await subject.ask("cut.test. A")).isTruncated, true);
    assert.equal(first.count("tcp"), 0);
  });

  test("prefer_udp has a cut reply completed over TCP", async () => {
    first.misbehave("truncate-udp");
    const reply = await subject.ask("cut.udp.test. A", {}, "tcp");
    assert.deepEqual([reply.isTruncated, reply.answer.length], [false, 1]);
  });
});

const rejects = "coredns_forward_max_concurrent_rejects_total";

describe("choice of the upstream", () => {
  test("round_robin begins with the second", async () => {
    for (const name of ["a", "b", "c", "d"]) await subject.ask(`${name}.in-turn.test. A`);
    assert.deepEqual(
      first.queries.map(({ ask }) => ask),
      ["b.in-turn.test. A", "d.in-turn.test. A"],
    );
    assert.equal(second.count(), 2);
  });

  test("except leaves names to the next plugin", async () => {
    assert.equal((await subject.ask("db.internal.except.test. A")).additional.length, 2);
    assert.equal(first.count(), 0);
    await subject.ask("db.except.test. A");
    assert.equal(first.count(), 1);
  });

  test("the first stanza that takes a name answers it", async () => {
    await subject.ask("x.a.order.test. A");
    await subject.ask("x.b.order.test. A");
    assert.deepEqual([first.count(), second.count()], [1, 1]);
  });

  test("an upstream that refuses is followed by the next", async () => {
    assert.equal((await subject.ask("www.refused.test. A")).answer.length, 1);
  });

  test("an upstream that stays silent is followed by the next after two seconds", async () => {
    first.misbehave("silent");
    const startMs = performance.now();
    assert.equal((await subject.ask("www.silent.test. A")).answer.length, 1);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs > 1_900 && tookMs < 2_600, `${tookMs} ms`);
  });

  test("SERVFAIL is the answer when nobody replies, and the log names the upstream", async () => {
    const reply = await subject.ask("www.nobody.test. A");
    assert.deepEqual([reply.rcode, reply.isAuthoritative, reply.answer], ["SERVFAIL", false, []]);
    assert.ok(subject.subject.output().includes(gone.target));
  });

  test("failover asks the next upstream, SERVFAIL alone does not", async () => {
    first.answer = () => ({ rcode: "SERVFAIL" });
    assert.equal((await subject.ask("www.failover.test. A")).rcode, "NOERROR");
    assert.equal((await subject.ask("www.plain-code.test. A")).rcode, "SERVFAIL");
  });

  test("next asks the following forward", async () => {
    first.answer = () => ({ rcode: "NXDOMAIN" });
    assert.equal((await subject.ask("www.next.test. A")).rcode, "NOERROR");
    second.answer = () => ({ rcode: "NXDOMAIN" });
    assert.equal((await subject.ask("www.next.test. A")).rcode, "NXDOMAIN");
  });

  test("more than max_concurrent queries are refused", async () => {
    first.misbehave({ slowMs: 300 });
    const slow = subject.ask("slow.limit.test. A");
    await first.seen(1);
    assert.equal((await subject.ask("other.limit.test. A")).rcode, "REFUSED");
    assert.equal((await slow).rcode, "NOERROR");
    assert.deepEqual(await metricsOf(subject, rejects), [`${rejects} 1`]);
  });
});

describe("under strain", () => {
  test(
    "equal questions at the same time are one upstream query",
    differsFromCoreDns("CoreDNS asks once for each client"),
    async () => {
      first.misbehave({ slowMs: 100 });
      const replies = await Promise.all(["same.test. A", "SAME.test. A"].map(ask => subject.ask(ask)));
      assert.deepEqual(
        replies.map(({ answer: [record] }) => record?.split(" ")[0]),
        ["same.test.", "SAME.test."],
      );
      assert.equal(first.count(), 1);
    },
  );

  test("failfast answers at once when all upstreams are down", async () => {
    const startMs = performance.now();
    let [broken = ""]: readonly string[] = [];
    while (!/ [1-9]/.test(broken) && performance.now() - startMs < 2_000) {
      assert.equal((await subject.ask("www.failfast.test. A")).rcode, "SERVFAIL");
      [broken = ""] = await metricsOf(subject, "coredns_forward_healthcheck_broken_total");
    }
    assert.match(broken, / [1-9]/);
  });
});

for (const [name, labels] of [
  ["coredns_proxy_request_duration_seconds_count", { to: first.target, rcode: "NOERROR" }],
  ["coredns_proxy_conn_cache_misses_total", { to: first.target, proto: "udp" }],
  ["coredns_proxy_conn_cache_hits_total", { to: first.target, proto: "udp" }],
  ["coredns_proxy_healthcheck_failures_total", { to: gone.target }],
] as const) {
  test(`${name} is counted for ${Object.keys(labels)}`, async () => {
    const lines = await metricsOf(subject, `${name}{`);
    const wanted = Object.entries({ proxy_name: "forward", ...labels }).map(
      ([key, value]) => `${key}="${value}"`,
    );
    const found = lines.filter(line => wanted.every(label => line.includes(label)));
    assert.equal(found.length, 1, lines.join("\n"));
    assert.equal(found[0]?.match(/=/g)?.length, wanted.length, "no other labels");
  });
}
