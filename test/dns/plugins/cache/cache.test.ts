import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { andThen, type Reply } from "../../../../src/dns/plugins/outcome.ts";
import { definePlugin } from "../../../../src/dns/plugins/plugin.ts";
import { replyTo, withReplyMessage } from "../../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { parseZoneText } from "../../../support/parse-zone-text.ts";
import { address, aliased, denied, openCacheRig, type Said, soa } from "./cache-rig.ts";

const ask = "www.example.org. A";

suite("hits", () => {
  test("a reply given again counts down, has AA and asks nobody", async () => {
    const rig = await openCacheRig();
    rig.said = address(300);
    const first = await rig.ask(ask);
    rig.nowMs += 10_500;
    const second = await rig.ask(ask);
    assert.deepEqual(first.answers, ["www.example.org. 300 IN A 192.0.2.1"]);
    assert.deepEqual(second.answers, ["www.example.org. 290 IN A 192.0.2.1"]);
    const isAuthoritative = [first, second].map(({ outcome }) => (outcome as Reply).message.isAuthoritative);
    assert.deepEqual(isAuthoritative, [false, true]);
    assert.equal(rig.asked.length, 1);
  });

  test("a hit is there at once, without a promise", async () => {
    const rig = await openCacheRig();
    rig.said = address(300);
    await rig.ask(ask);
    assert.ok(!(rig.chain.handle(rig.query(ask)) instanceof Promise));
  });

  test("a hit goes on counting below the least TTL", async () => {
    const rig = await openCacheRig();
    rig.said = address(10);
    await rig.ask(ask);
    rig.nowMs += 8_000;
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 2 IN A 192.0.2.1"]);
  });

  test("a hit that an inner plugin changes goes on counting below the least TTL", async () => {
    const changing = definePlugin<true>({
      name: "changing",
      read: () => true,
      explain: () => [],
      start: () => ({
        handle: (query, next) =>
          andThen(next(query), outcome =>
            outcome.kind === "reply" ? withReplyMessage(outcome, outcome.message) : outcome,
          ),
      }),
    });
    const rig = await openCacheRig("cache\n changing", [changing]);
    rig.said = address(10);
    await rig.ask(ask);
    rig.nowMs += 8_000;
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 2 IN A 192.0.2.1"]);
  });

  test("an entry that has expired is asked for again", async () => {
    const rig = await openCacheRig();
    rig.said = address(10);
    await rig.ask(ask);
    rig.nowMs += 10_000;
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 10 IN A 192.0.2.1"]);
    assert.equal(rig.asked.length, 2);
  });

  test("keepttl gives the whole TTL until the end", async () => {
    const rig = await openCacheRig("cache {\n keepttl\n }");
    rig.said = address(10);
    await rig.ask(ask);
    rig.nowMs += 9_000;
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 10 IN A 192.0.2.1"]);
    rig.nowMs += 1_000;
    await rig.ask(ask);
    assert.equal(rig.asked.length, 2);
  });

  test("clients get the name in their own letters", async () => {
    const rig = await openCacheRig();
    rig.said = address(300);
    await rig.ask("WWW.example.org. A");
    const query = rig.query("www.eXample.ORG. A");
    const reply = (await rig.chain.handle(query)) as Reply;
    const sent = decodeMessage(reply.encode(query.message, [], 512));
    assert.deepEqual(sent.questions[0]?.name, ["www", "eXample", "ORG"]);
    assert.deepEqual(sent.answers[0]?.name, ["www", "eXample", "ORG"]);
    assert.equal(rig.asked.length, 1);
  });

  for (const [what, other, options] of [
    ["type", "www.example.org. AAAA", {}],
    ["class", "www.example.org. CH A", {}],
    ["name", "ww.wexample.org. A", {}],
    ["DO", ask, { edns: { isDnssecOk: true } }],
    ["CD", ask, { checkingDisabled: true }],
  ] as const) {
    test(`queries that differ in ${what} share nothing`, async () => {
      const rig = await openCacheRig();
      rig.said = address(300);
      await rig.ask(ask);
      await rig.ask(other, options);
      assert.equal(rig.asked.length, 2);
    });
  }

  test("AD is for clients that ask for it, whoever asked first", async () => {
    const rig = await openCacheRig();
    rig.said = { ...address(300), flags: { authenticData: true } };
    const seen: boolean[] = [];
    for (const authenticData of [false, true, false, true]) {
      const { outcome } = await rig.ask(ask, { authenticData });
      seen.push((outcome as Reply).message.authenticData);
    }
    assert.deepEqual(seen, [false, true, false, true]);
    assert.deepEqual(
      rig.asked.map(({ message }) => message.authenticData),
      [true],
    );
  });
});

suite("TTLs", () => {
  const cases: readonly (readonly [what: string, said: Said, seconds: number])[] = [
    ["a TTL below the least", address(1), 5],
    ["a TTL above the greatest", address(100), 30],
    ["the lowest of an alias and its target", aliased(300, 10), 10],
    ["an SOA's own TTL, not its minimum", denied(20), 20],
    ["a failure", { rcode: "SERVFAIL", authorities: soa(300) }, 5],
    ["a refusal", { rcode: "REFUSED", authorities: soa(300) }, 5],
    ["a referral", { authorities: "example.org. 300 IN NS ns.example.org." }, 5],
    ["nothing but additional records", { additionals: "www.example.org. 20 IN A 192.0.2.1" }, 20],
  ];
  for (const [what, said, seconds] of cases) {
    test(`${what} makes every record last ${seconds} s`, async () => {
      const rig = await openCacheRig("cache 30");
      rig.said = said;
      const { answers, authorities, additionals } = await rig.ask(ask);
      const records = [...answers, ...authorities, ...additionals];
      assert.ok(records.length > 0);
      for (const text of records) assert.equal(text.split(" ")[1], String(seconds), text);
    });
  }

  test("replies of other plugins get a TTL within the limits, and are not kept", async () => {
    let made = 0;
    const cluster = definePlugin<true>({
      name: "cluster",
      read: () => true,
      explain: () => [],
      start: () => ({
        handle: query => {
          made++;
          return replyTo(query.message, {
            plugin: "cluster",
            answers: parseZoneText("www.example.org. 0 IN A 10.0.0.1\nwww.example.org. 28800 IN A 10.0.0.2"),
          });
        },
      }),
    });
    const rig = await openCacheRig("cache 30\n cluster", [cluster]);
    assert.deepEqual((await rig.ask(ask)).answers, [
      "www.example.org. 5 IN A 10.0.0.1",
      "www.example.org. 5 IN A 10.0.0.2",
    ]);
    await rig.ask(ask);
    assert.equal(made, 2);
  });

  test("names outside the zones are left alone", async () => {
    const rig = await openCacheRig("cache 30 example.com");
    rig.said = address(300);
    await rig.ask(ask);
    assert.deepEqual((await rig.ask(ask)).answers, ["www.example.org. 300 IN A 192.0.2.1"]);
    assert.equal(rig.asked.length, 2);
  });
});

suite("names the cluster comes to know", () => {
  test("a denial of an upstream is of no effect when the cluster knows the name", async () => {
    let isKnown = false;
    const cluster = definePlugin<true>({
      name: "cluster",
      read: () => true,
      explain: () => [],
      start: () => ({
        handle: (query, next) =>
          isKnown
            ? replyTo(query.message, {
                plugin: "cluster",
                answers: parseZoneText("1.0.0.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local."),
              })
            : next(query),
      }),
    });
    const rig = await openCacheRig("cache 30\n cluster", [cluster]);
    rig.said = denied(300);
    const pointer = "1.0.0.10.in-addr.arpa. PTR";
    assert.equal((await rig.ask(pointer)).rcode, "NXDOMAIN");
    isKnown = true;
    assert.equal((await rig.ask(pointer)).rcode, "NOERROR");
    isKnown = false;
    assert.equal((await rig.ask(pointer)).rcode, "NXDOMAIN");
    assert.equal(rig.asked.length, 1);
  });
});

suite("metrics", () => {
  test("requests, hits, misses and entries are counted with server, zones, view and type", async () => {
    const rig = await openCacheRig("cache example.org example.net");
    rig.said = address(300);
    for (const name of ["a", "b", "a", "a"]) {
      rig.said = { answers: `${name}.example.org. 300 IN A 192.0.2.1` };
      await rig.ask(`${name}.example.org. A`);
    }
    rig.said = denied(300);
    await rig.ask("c.example.org. A");
    await rig.ask("c.example.org. A");
    const labels = (type: string) =>
      `server="dns://:53",zones="example.org.,example.net.",view=""${type && `,type="${type}"`}`;
    const expected = new Map([
      [`coredns_cache_requests_total{${labels("")}}`, 6],
      [`coredns_cache_misses_total{${labels("")}}`, 3],
      [`coredns_cache_entries{${labels("success")}}`, 2],
      [`coredns_cache_entries{${labels("denial")}}`, 1],
      [`coredns_cache_hits_total{${labels("success")}}`, 2],
      [`coredns_cache_hits_total{${labels("denial")}}`, 1],
    ]);
    assert.deepEqual(new Map([...rig.metrics].sort()), new Map([...expected].sort()));
  });

  test("a full cache drops what was not asked for longest, and counts it", async () => {
    const rig = await openCacheRig("cache {\n success 0\n }");
    rig.said = query => {
      const name = query.question.name.join(".");
      return replyTo(query.message, {
        plugin: "test",
        isFromUpstream: true,
        answers: parseZoneText(`${name}. 300 IN A 192.0.2.1`),
      });
    };
    for (let index = 0; index < 1030; index++) await rig.ask(`n${index}.example.org. A`);
    assert.equal(rig.counted("entries", "success"), 1024);
    assert.equal(rig.counted("evictions_total", "success"), 6);
    await rig.ask("n0.example.org. A");
    assert.equal(rig.asked.length, 1031);
  });
});
