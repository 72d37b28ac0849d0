import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Reply } from "../../../../src/dns/plugins/outcome.ts";
import { parseZoneText } from "../../../support/parse-zone-text.ts";
import { address, aliased, denied, openCacheRig, type Said, soa } from "./cache-rig.ts";

const ask = "www.example.org. A";

const chain: Said = {
  answers: `c.example.net. 100 IN A 192.0.2.1
    b.example.net. 100 IN CNAME c.example.net.
    WWW.example.org. 100 IN CNAME a.example.net.
    a.example.net. 100 IN CNAME b.example.net.`,
};

suite("what is kept", () => {
  const kept: readonly (readonly [what: string, said: Said, seconds: number])[] = [
    ["an answer", address(300), 300],
    ["an alias and its target", aliased(300, 100), 100],
    ["a chain of aliases in any order", chain, 100],
    ["no such name", denied(60), 60],
    ["no such type", { authorities: soa(60) }, 60],
    ["an alias that leads to nothing, with an SOA", danglingAlias(soa(60)), 60],
    ["an empty reply without a reason", {}, 5],
    ["a referral", { authorities: "example.org. 300 IN NS ns.example.org." }, 5],
    ["a failure", { rcode: "SERVFAIL" }, 5],
    ["something not implemented", { rcode: "NOTIMP" }, 5],
  ];
  for (const [what, said, seconds] of kept) {
    test(`${what} is kept for ${seconds} s`, async () => {
      const rig = await openCacheRig();
      rig.said = said;
      const first = await rig.ask(ask);
      rig.nowMs += seconds * 1000 - 1;
      const second = await rig.ask(ask);
      assert.equal(rig.asked.length, 1);
      assert.deepEqual([second.rcode, second.answers.length], [first.rcode, first.answers.length]);
      rig.nowMs += 1;
      await rig.ask(ask);
      assert.equal(rig.asked.length, 2);
    });
  }

  const passed: readonly (readonly [what: string, said: Said, question?: string])[] = [
    ["a truncated reply", { ...address(300), flags: { isTruncated: true } }],
    ["a refusal", { rcode: "REFUSED" }],
    ["a denial without SOA", { rcode: "NXDOMAIN" }],
    ["an alias that leads to nothing, without SOA", danglingAlias("")],
    ["a circle of aliases", { answers: "www.example.org. 9 IN CNAME www.example.org." }],
    ["an answer about another name", { answers: "ftp.example.org. 300 IN A 192.0.2.1" }],
    ["a zone transfer", address(300), "www.example.org. AXFR"],
  ];
  for (const [what, said, question = ask] of passed) {
    test(`${what} is passed on and not kept`, async () => {
      const rig = await openCacheRig();
      rig.said = said;
      await rig.ask(question);
      await rig.ask(question);
      assert.equal(rig.asked.length, 2);
    });
  }

  test("records of a denial without SOA get the short TTL of what is not kept", async () => {
    const rig = await openCacheRig();
    rig.said = { rcode: "NXDOMAIN", answers: "www.example.org. 300 IN CNAME gone.example.net." };
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 5 IN CNAME gone.example.net."]);
  });

  test("a reply to another question is not kept but counted", async () => {
    const rig = await openCacheRig();
    const other = { name: ["ftp", "example", "org"], type: 1, class: 1 };
    rig.said = {
      answers: "ftp.example.org. 300 IN A 192.0.2.1\nwww.example.org. 300 IN A 192.0.2.1",
      flags: { questions: [other] },
    };
    await rig.ask(ask);
    await rig.ask(ask);
    assert.equal(rig.asked.length, 2);
    assert.equal(rig.counted("drops_total"), 2);
  });

  test("a signature that has expired is not kept for who wants signatures", async () => {
    const rig = await openCacheRig();
    const expired = new Uint8Array(24);
    expired.set([0x10, 0, 0, 0, 0x0f, 0, 0, 0], 8);
    const data = { type: "unknown", code: 46, bytes: expired } as const;
    rig.said = {
      flags: {
        answers: [
          ...parseZoneText("www.example.org. 300 IN A 192.0.2.1"),
          { name: ["www", "example", "org"], class: 1, ttlSeconds: 300, data },
        ],
      },
    };
    for (const isDnssecOk of [true, true, false, false]) await rig.ask(ask, { edns: { isDnssecOk } });
    assert.equal(rig.asked.length, 3);
  });

  test("disable keeps nothing of that kind in its zones, and the last line counts", async () => {
    const rig = await openCacheRig(
      "cache 30 {\n disable success example.com\n disable success example.org\n }",
    );
    rig.said = address(300);
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 30 IN A 192.0.2.1"]);
    await rig.ask(ask);
    assert.equal(rig.asked.length, 2);
    rig.said = denied(300);
    await rig.ask(ask);
    await rig.ask(ask);
    assert.equal(rig.asked.length, 3);
  });

  test("servfail 0 keeps no failure", async () => {
    const rig = await openCacheRig("cache {\n servfail 0\n }");
    rig.said = { rcode: "SERVFAIL" };
    await rig.ask(ask);
    await rig.ask(ask);
    assert.equal(rig.asked.length, 2);
    assert.equal(rig.counted("entries", "denial"), 0);
  });

  test("a failure given again says why", async () => {
    const rig = await openCacheRig();
    rig.said = { rcode: "SERVFAIL" };
    await rig.ask(ask);
    rig.nowMs += 1_000;
    assert.deepEqual(((await rig.ask(ask)).outcome as Reply).reason, {
      code: "cached-error",
      text: "the upstream said SERVFAIL to www.example.org.; it is asked again in 4 s",
    });
  });
});

function danglingAlias(authorities: string): Said {
  return { answers: "www.example.org. 300 IN CNAME nowhere.example.net.", authorities };
}
