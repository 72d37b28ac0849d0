/** Corefile word cache, in front of an upstream on real sockets. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { QueryOptions } from "../../support/dns-client-query.ts";
import { subjectName } from "../../support/subject.ts";
import { type TestAnswer, TestUpstream } from "../../support/test-upstream.ts";
import { differsFromCoreDns } from "../conformance-case.ts";
import { metricsOf, useCorefile } from "./use-corefile.ts";

const soa = (zone: string, ttlSeconds: number) =>
  `${zone} ${ttlSeconds} IN SOA ns.${zone} admin.${zone} 1 7200 3600 86400 900`;

/** By the first label of the name asked for. */
function answerTo(name: string): TestAnswer {
  const [label = "", ...rest] = name.toLowerCase().split(".");
  const [kind = "", seconds = "0"] = label.split("-");
  const zone = rest.slice(-3).join(".");
  switch (kind) {
    case "a":
      return { answers: `${name} ${seconds} IN A 192.0.2.1` };
    case "alias":
      return { answers: `${name} ${seconds} IN CNAME other.test.\nother.test. 300 IN A 192.0.2.2` };
    case "signed":
      return { answers: `${name} ${seconds} IN A 192.0.2.1`, flags: { authenticData: true } };
    case "nxdomain":
      return { rcode: "NXDOMAIN", authorities: soa(zone, Number(seconds)) };
    case "nodata":
      return { authorities: soa(zone, Number(seconds)) };
    case "bare":
      return { rcode: "NXDOMAIN" };
    case "referral":
      return { authorities: `${zone} 300 IN NS ns.${zone}` };
    case "servfail":
      return { rcode: "SERVFAIL" };
    case "refused":
      return { rcode: "REFUSED" };
    case "cut":
      return { answers: `${name} ${seconds} IN A 192.0.2.1`, flags: { isTruncated: true } };
    default:
      return { rcode: "REFUSED" };
  }
}

let upstream: TestUpstream;
let isSilent = false;
before(async () => {
  upstream = await TestUpstream.start({
    answer: ({ nameText }) => (isSilent ? undefined : answerTo(nameText)),
  });
});
after(() => upstream.stop());

const subject = useCorefile({
  corefile: at => {
    const block = (zones: readonly string[], words: string) =>
      `${at.keys(...zones)} {\n ${zones[0] === "." ? at.common : at.bind}\n ${words}\n forward . ${upstream.target}\n}\n`;
    return [
      block(["."], "cache 30\n hosts {\n 10.0.0.1 web.hosts.test\n ttl 3600\n fallthrough\n }"),
      block(["default.test"], "cache"),
      block(["keep.test"], "cache 30 {\n keepttl\n }"),
      block(["low.test", "under.test"], "cache {\n success 2000 100 0\n denial 2000 7 0\n servfail 0\n }"),
      block(["off.test"], "cache 30 {\n disable success off.test\n disable denial\n }"),
      block(["part.test"], "cache 30 inner.part.test"),
      block(["stale.test"], "cache {\n success 2000 1 0\n serve_stale 1h\n }"),
    ].join("");
  },
});

/** `TTL CODE` of what comes back, and how many queries the upstream got for it. */
async function ask(question: string, query: QueryOptions = {}) {
  const before = upstream.queries.length;
  const reply = await subject.ask(question, query);
  const [first] = [...reply.answer, ...reply.authority, ...reply.additional];
  const ttls = [...reply.answer, ...reply.authority, ...reply.additional].map(text => text.split(" ")[1]);
  const ttl = first === undefined ? "-" : [...new Set(ttls)].join("/");
  return { reply, ttl, says: `${reply.rcode} ${ttl}`, asked: upstream.queries.length - before };
}

suite("TTL rule", () => {
  for (const [question, says] of [
    ["a-300.one.test. A", "NOERROR 30"],
    ["a-1.one.test. A", "NOERROR 5"],
    ["a-17.one.test. A", "NOERROR 17"],
    ["alias-11.one.test. A", "NOERROR 11"],
    ["nxdomain-300.one.test. A", "NXDOMAIN 30"],
    ["nodata-20.one.test. A", "NOERROR 20"],
    ["referral.one.test. A", "NOERROR 5"],
    ["a-86400.default.test. A", "NOERROR 3600"],
    ["nxdomain-86400.default.test. A", "NXDOMAIN 1800"],
    ["a-1.low.test. A", "NOERROR 1"],
    ["a-300.under.test. A", "NOERROR 100"],
    ["nxdomain-300.low.test. A", "NXDOMAIN 7"],
    ["a-300.off.test. A", "NOERROR 30"],
    ["web.hosts.test. A", "NOERROR 30"],
    ["a-300.part.test. A", "NOERROR 300"],
  ] as const) {
    test(`${question} is answered ${says}`, async () => assert.equal((await ask(question)).says, says));
  }
});

suite("what is kept", () => {
  for (const question of [
    "a-60.kept.test. A",
    "alias-60.kept.test. A",
    "nxdomain-60.kept.test. A",
    "nodata-60.kept.test. A",
    "referral.kept.test. A",
    "servfail.kept.test. A",
    "a-60.x.inner.part.test. A",
  ]) {
    test(`${question} is asked for once`, async () => {
      const first = await ask(question);
      const second = await ask(question);
      assert.deepEqual([first.asked, second.asked], [1, 0]);
      assert.equal(second.reply.rcode, first.reply.rcode);
      assert.deepEqual([first.reply.isAuthoritative, second.reply.isAuthoritative], [false, true]);
    });
  }

  for (const [question, why] of [
    ["refused.passed.test. A", undefined],
    ["cut-60.passed.test. A", undefined],
    ["bare.passed.test. A", undefined],
    ["a-60.off.test. A", undefined],
    ["nxdomain-60.off.test. A", undefined],
    ["servfail.under.test. A", undefined],
    ["a-60.part.test. A", undefined],
  ] as const) {
    test(`${question} is asked for each time`, why === undefined ? {} : differsFromCoreDns(why), async () => {
      const asked = [(await ask(question)).asked, (await ask(question)).asked];
      assert.deepEqual(asked, [1, 1]);
    });
  }

  for (const [what, question, query] of [
    ["type", "a-60.keys.test. AAAA", {}],
    ["DO", "a-60.keys.test. A", { edns: { isDnssecOk: true } }],
    ["CD", "a-60.keys.test. A", { checkingDisabled: true }],
  ] as const) {
    test(`a query that differs in ${what} is asked for by itself`, async () => {
      await ask("a-60.keys.test. A");
      assert.equal((await ask(question, query)).asked, 1);
    });
  }

  test("letter case makes no difference", async () => {
    await ask("a-60.letters.test. A");
    const { asked, reply } = await ask("A-60.LETTERS.test. A");
    assert.equal(asked, 0);
    const owner = reply.answer[0]?.split(" ")[0];
    // CoreDNS gives everybody the letters of the first client.
    assert.equal(owner, subjectName === "coredns" ? "a-60.letters.test." : "A-60.LETTERS.test.");
  });

  test(
    "a query of another class is asked for by itself",
    differsFromCoreDns("CoreDNS 1.13 gives it the answer of class IN"),
    async () => {
      await ask("a-60.classes.test. A");
      assert.equal((await ask("a-60.classes.test. CH A")).asked, 1);
    },
  );
});

suite("hits", () => {
  test("TTLs count down, and do not with keepttl", async () => {
    await ask("a-10.count.test. A");
    await ask("a-10.keep.test. A");
    await delay(1_050);
    const [counted, kept] = [await ask("a-10.count.test. A"), await ask("a-10.keep.test. A")];
    assert.deepEqual([counted.says, kept.says], ["NOERROR 9", "NOERROR 10"]);
  });

  test("AD is given to clients that ask for it", async () => {
    const seen: boolean[] = [];
    for (const authenticData of [true, false, true]) {
      seen.push((await ask("signed-60.ad.test. A", { authenticData })).reply.authenticData);
    }
    assert.deepEqual(seen, [true, false, true]);
  });

  test("what has expired is served stale when the upstream is silent", async () => {
    await ask("a-1.stale.test. A");
    await delay(1_050);
    isSilent = true;
    const { says } = await ask("a-1.stale.test. A");
    isSilent = false;
    assert.equal(says, "NOERROR 0");
  });

  test(
    "a failure given again has an extended error",
    differsFromCoreDns("CoreDNS does not say why"),
    async () => {
      await ask("servfail.why.test. A", { edns: {} });
      const { reply } = await ask("servfail.why.test. A", { edns: {} });
      assert.equal(reply.opt?.options[0]?.data.readUInt16BE(0), 13);
    },
  );
});

suite("metrics", () => {
  test("requests, hits, misses and entries have the labels server, zones, view and type", async () => {
    for (let index = 0; index < 3; index++) await ask("a-60.under.test. A");
    const { host, port } = subject.subject.server;
    for (const name of ["requests_total", "hits_total", "misses_total", "entries"]) {
      const hasType = name === "hits_total" || name === "entries";
      const labels = `server="dns://${host}:${port}",${hasType ? 'type="success",' : ""}view="",zones="low.test.,under.test."`;
      const lines = await metricsOf(subject, `coredns_cache_${name}{`);
      const found = lines.map(sortedLabels).find(line => line.startsWith(`coredns_cache_${name}{${labels}}`));
      assert.ok(found, `${name} in ${lines.join("\n")}`);
    }
  });
});

/** The order of labels means nothing. */
function sortedLabels(line: string): string {
  return line.replace(
    /\{(.*)\}/,
    (_, labels: string) => `{${(labels.match(/\w+="[^"]*"/g) ?? []).sort().join(",")}}`,
  );
}
