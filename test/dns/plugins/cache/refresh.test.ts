import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Outcome, Reply } from "../../../../src/dns/plugins/outcome.ts";
import { failure } from "../../../../src/dns/plugins/outcome.ts";
import { address, type CacheRig, denied, openCacheRig, replyOf } from "./cache-rig.ts";

const ask = "www.example.org. A";
const servfail = { rcode: "SERVFAIL" } as const;

/** Asks, lets queries in the background end, and gives the code, the first TTL and the reason. */
async function look(rig: CacheRig): Promise<string> {
  const { outcome, rcode, answers, authorities } = await rig.ask(ask);
  await nextTurn();
  const ttl = [...answers, ...authorities][0]?.split(" ")[1] ?? "-";
  const { reason } = outcome as Reply;
  return [rcode, ttl, ...(reason === undefined ? [] : [reason.code])].join(" ");
}

suite("prefetch", () => {
  test("a name asked for often enough is asked for again in its last seconds, once", async () => {
    const rig = await openCacheRig("cache {\n prefetch 2 1m 20%\n }");
    rig.said = address(100);
    await look(rig);
    rig.nowMs += 50_000;
    await look(rig);
    rig.nowMs += 29_000;
    assert.equal(await look(rig), "NOERROR 21");
    assert.equal(rig.asked.length, 1);
    rig.nowMs += 1_000;
    assert.equal(await look(rig), "NOERROR 20");
    assert.equal(rig.asked.length, 2);
    assert.equal(await look(rig), "NOERROR 100");
    assert.equal(rig.counted("prefetch_total"), 1);
    assert.equal(rig.asked[1]?.client.protocol, "tcp");
  });

  test("a new entry is as popular as the one before", async () => {
    const rig = await openCacheRig("cache {\n prefetch 3 1m 20%\n }");
    rig.said = address(100);
    for (const pause of [0, 30_000, 30_000, 25_000]) {
      rig.nowMs += pause;
      await look(rig);
    }
    assert.equal(rig.asked.length, 2);
    for (const pause of [55_000, 44_000]) {
      rig.nowMs += pause;
      await look(rig);
    }
    assert.equal(rig.asked.length, 3);
  });

  test("a long pause makes the counting begin anew", async () => {
    const rig = await openCacheRig("cache {\n prefetch 2 10s 90%\n }");
    rig.said = address(100);
    for (const pause of [0, 11_000, 11_000, 11_000]) {
      rig.nowMs += pause;
      await look(rig);
    }
    assert.equal(rig.asked.length, 1);
    rig.nowMs += 9_000;
    await look(rig);
    assert.equal(rig.asked.length, 2);
  });

  test("a failure leaves what is there in its place and is not followed by more attempts at once", async () => {
    const rig = await openCacheRig("cache {\n prefetch 1 1m 90%\n }");
    rig.said = address(100);
    await look(rig);
    rig.said = servfail;
    rig.nowMs += 20_000;
    for (let index = 0; index < 3; index++) assert.equal(await look(rig), "NOERROR 80");
    assert.equal(rig.asked.length, 2);
    rig.nowMs += 5_000;
    await look(rig);
    assert.equal(rig.asked.length, 3);
  });

  test("a denial takes an answer's place", async () => {
    const rig = await openCacheRig("cache {\n prefetch 1 1m 90%\n }");
    rig.said = address(100);
    await look(rig);
    rig.said = denied(60);
    rig.nowMs += 20_000;
    await look(rig);
    assert.equal(await look(rig), "NXDOMAIN 60");
    assert.equal(rig.counted("entries", "success"), 0);
  });

  test("queries in the background are one at a time", async () => {
    const rig = await openCacheRig("cache {\n prefetch 1 1m 90%\n }");
    rig.said = address(100);
    await look(rig);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    rig.said = () => promise;
    rig.nowMs += 20_000;
    for (let index = 0; index < 3; index++) assert.equal(await look(rig), "NOERROR 80");
    assert.equal(rig.asked.length, 2);
    resolve(failure(2, "no upstream"));
  });
});

suite("serve_stale", () => {
  test("what has expired is given out with TTL 0 and its reason while the upstream is asked", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n }");
    rig.said = address(10);
    await look(rig);
    rig.nowMs += 70_000;
    assert.equal(await look(rig), "NOERROR 0 stale-answer");
    assert.equal(await look(rig), "NOERROR 10");
    assert.equal(rig.asked.length, 2);
    assert.equal(rig.counted("served_stale_total"), 1);
    assert.equal(rig.counted("prefetch_total"), 1);
  });

  test("a denial that has expired is stale, too, under a name of its own", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n }");
    rig.said = denied(10);
    await look(rig);
    rig.nowMs += 10_000;
    const { outcome } = await rig.ask(ask);
    assert.deepEqual((outcome as Reply).reason, {
      code: "stale-nxdomain",
      text: "what the upstream said of www.example.org. expired 0 s ago, and there is nothing newer",
    });
  });

  test("after the time allowed nothing is left", async () => {
    const rig = await openCacheRig("cache {\n serve_stale 20s\n }");
    rig.said = address(10);
    await look(rig);
    rig.said = servfail;
    rig.nowMs += 29_999;
    assert.equal(await look(rig), "NOERROR 0 stale-answer");
    rig.nowMs += 1;
    assert.equal(await look(rig), "SERVFAIL -");
  });

  test("a failing upstream never hides an answer that may still be given out", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n servfail 5m\n }");
    rig.said = address(10);
    await look(rig);
    rig.said = servfail;
    for (let minute = 1; minute <= 59; minute++) {
      rig.nowMs += 60_000;
      assert.equal(await look(rig), "NOERROR 0 stale-answer");
    }
    // Every five minutes, as servfail says.
    assert.equal(rig.asked.length, 1 + 12);
  });

  test("a failure that is over is not given out as stale", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n }");
    rig.said = servfail;
    await look(rig);
    rig.said = address(10);
    rig.nowMs += 5_000;
    assert.equal(await look(rig), "NOERROR 10");
  });

  test("the TTL of stale answers and the pause between attempts can be set", async () => {
    const rig = await openCacheRig("cache {\n serve_stale 1h immediate 30s 1m\n }");
    rig.said = address(10);
    await look(rig);
    rig.said = () => failure(2, "no upstream");
    rig.nowMs += 10_000;
    assert.equal(await look(rig), "NOERROR 30 stale-answer");
    await look(rig);
    assert.equal(rig.asked.length, 2);
    rig.nowMs += 60_000;
    await look(rig);
    assert.equal(rig.asked.length, 3);
  });

  test("keepttl does not make stale answers last", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n keepttl\n }");
    rig.said = address(10);
    await look(rig);
    rig.nowMs += 10_000;
    assert.equal(await look(rig), "NOERROR 0 stale-answer");
  });

  test("a bug in an inner plugin costs the refresh, not the process", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n }");
    rig.said = address(10);
    await look(rig);
    rig.nowMs += 10_000;
    rig.said = () => {
      throw new Error("out of order");
    };
    assert.equal(await look(rig), "NOERROR 0 stale-answer");
    assert.match(rig.lines.join(), /refreshing an entry failed/);
  });
});

suite("serve_stale verify", () => {
  test("the upstream's new answer goes before a stale one", async () => {
    const rig = await openCacheRig("cache {\n serve_stale 1h verify\n }");
    rig.said = address(10);
    await look(rig);
    rig.said = denied(20);
    rig.nowMs += 10_000;
    assert.equal(await look(rig), "NXDOMAIN 20");
    assert.equal(rig.counted("served_stale_total"), 0);
  });

  for (const [what, outcome] of [
    ["says SERVFAIL", servfail],
    ["says REFUSED", { rcode: "REFUSED" }],
    ["says too little", { ...address(10), flags: { isTruncated: true } }],
    ["cannot be reached", () => failure(2, "no upstream")],
  ] as const) {
    test(`a stale answer is given out when the upstream ${what}`, async () => {
      const rig = await openCacheRig("cache {\n serve_stale 1h verify\n }");
      rig.said = address(10);
      await look(rig);
      rig.said = outcome;
      rig.nowMs += 10_000;
      assert.equal(await look(rig), "NOERROR 0 stale-answer");
      assert.equal(rig.asked.length, 2);
    });
  }

  test("a stale answer is given out when the upstream takes too long, and the new one is kept when it comes", async () => {
    const rig = await openCacheRig("cache {\n serve_stale 1h verify 1ms 30s\n }");
    rig.said = address(10);
    await look(rig);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    rig.said = () => promise;
    rig.nowMs += 10_000;
    const keepsProcess = setTimeout(() => {}, 5_000);
    assert.equal(await look(rig), "NOERROR 30 stale-answer");
    clearTimeout(keepsProcess);
    resolve(replyOf(rig.asked[1] as (typeof rig.asked)[number], address(77)));
    await nextTurn();
    assert.equal(await look(rig), "NOERROR 77");
    assert.equal(rig.asked.length, 2);
  });
});

test("with a pause between attempts nobody waits for an attempt under way", async () => {
  const rig = await openCacheRig("cache {\n serve_stale 1h verify 0 30s 1m\n }");
  rig.said = address(10);
  await look(rig);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  rig.said = () => promise;
  rig.nowMs += 10_000;
  const first = look(rig);
  assert.equal(await look(rig), "NOERROR 30 stale-answer");
  resolve(failure(2, "no upstream"));
  assert.equal(await first, "NOERROR 30 stale-answer");
  assert.equal(rig.asked.length, 2);
});

suite("serve_stale_policy prefer_positive", () => {
  const options = "cache {\n serve_stale\n serve_stale_policy prefer_positive\n }";

  for (const [what, said, seconds] of [
    ["a denial", denied(30), 30],
    ["a referral", { authorities: "example.org. 300 IN NS ns.example.org." }, 5],
    ["an empty reply", {}, 5],
  ] as const) {
    test(`a stale answer goes before ${what}`, async () => {
      const rig = await openCacheRig(options);
      rig.said = address(10);
      await look(rig);
      rig.said = said;
      rig.nowMs += 10_000;
      for (let index = 0; index < 3; index++) assert.equal(await look(rig), "NOERROR 0 stale-answer");
      assert.equal(rig.asked.length, 2);
      rig.nowMs += seconds * 1000;
      await look(rig);
      assert.equal(rig.asked.length, 3);
    });
  }

  test("a new answer takes the place of a stale one and of a denial", async () => {
    const rig = await openCacheRig(options);
    rig.said = address(10);
    await look(rig);
    rig.said = denied(30);
    rig.nowMs += 10_000;
    await look(rig);
    rig.said = address(99);
    rig.nowMs += 30_000;
    await look(rig);
    assert.equal(await look(rig), "NOERROR 99");
    assert.equal(rig.counted("entries", "denial"), 0);
  });

  test("without the policy a denial takes the answer's place", async () => {
    const rig = await openCacheRig("cache {\n serve_stale\n }");
    rig.said = address(10);
    await look(rig);
    rig.said = denied(30);
    rig.nowMs += 10_000;
    await look(rig);
    assert.equal(await look(rig), "NXDOMAIN 30");
  });
});
