/**
 * Upstreams die and come back while names of the cluster are asked for: those are answered as if nothing had happened,
 * and names outside are answered by whoever is left.
 */

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Reply } from "../../support/dns-client-reply.ts";
import { inPhase, latencyMs, outcomes } from "./load.ts";
import { assertUnharmed, clientQueries, readTimeoutMs, slackMs, useUpstreams } from "./upstream-rig.ts";

/** Long enough to hold health checks and sweeps of what is overdue. */
const sliceMs = 600;
/** A busy machine makes some of them useless. */
const mostRounds = 4;
const extendedErrorCode = 15;

const rig = useUpstreams();

function extendedErrors({ opt }: Reply): readonly string[] {
  return (opt?.options ?? [])
    .filter(({ code }) => code === extendedErrorCode)
    .map(({ data }) => data.subarray(2).toString());
}

describe("names of the cluster", () => {
  test("are neither lost nor slower while upstreams fall silent, end and come back", async context => {
    const differences: number[] = [];
    do differences.push(await slowdownMs(context));
    while (Math.min(...differences) >= 10 && differences.length < mostRounds);
    assert.ok(
      Math.min(...differences) < 10,
      `p99 with failures less p99 without: ${differences.join(", ")} ms`,
    );
  });
});

/** What failures add to the 99th percentile of the latency. */
async function slowdownMs(context: TestContext): Promise<number> {
  const { first, second } = rig;
  const load = await rig.clusterLoad(context);
  const outside = await rig.outsideLoad(context);
  const silence = () => {
    for (const upstream of [first, second]) upstream.misbehave("silent");
  };
  const end = () => Promise.all([first.stop(), second.stop()]);
  const failures = [() => first.misbehave("silent"), silence, end, silence, end, silence];
  for (const [index, fail] of failures.entries()) {
    load.enter(`well ${index}`);
    await delay(sliceMs);
    await fail();
    load.enter(`ill ${index}`);
    await delay(sliceMs);
    await rig.restore();
  }
  const samples = await load.end();
  assertUnharmed(samples);
  assert.deepEqual(Object.keys(outcomes(await outside.end())).sort(), ["NOERROR", "SERVFAIL"]);
  // The best of the slices tells what the server does; the others also tell what else the machine does.
  const p99 = (phase: string) => latencyMs(inPhase(samples, phase), 0.99);
  const best = (state: string) => Math.min(...failures.map((_, index) => p99(`${state} ${index}`)));
  return best("ill") - best("well");
}

describe("names outside", () => {
  test("fail over within the read timeout, and then at once, whatever the policy", async () => {
    const policies = ["random.test", "sequential.test", "in-turn.test"] as const;
    await rig.recover(...policies);
    rig.first.misbehave("silent");
    // With `sequential` all of them ask the first, otherwise each of many is as likely to.
    const waiting = await Promise.all(policies.map(zone => rig.askNew(zone, 8)));
    for (const { rcode, tookMs } of waiting.flat()) {
      assert.equal(rcode, "NOERROR");
      assert.ok(tookMs < readTimeoutMs + slackMs, `${tookMs} ms`);
    }
    for (const zone of policies) assert.ok(clientQueries(rig.first, zone) > 0, zone);
    rig.first.queries.length = 0;
    const next = await Promise.all(policies.map(zone => rig.askNew(zone, 8)));
    for (const { rcode } of next.flat()) assert.equal(rcode, "NOERROR");
    for (const zone of policies)
      assert.equal(clientQueries(rig.first, zone), 0, `${zone} asked the one in doubt`);
    await rig.recover(...policies);
  });

  test("go to the other upstream at once when one refuses connections", async () => {
    await rig.recover("sequential.test");
    await rig.first.stop();
    for (const { rcode, tookMs } of await rig.askNew("sequential.test", 8)) {
      assert.equal(rcode, "NOERROR");
      assert.ok(tookMs < slackMs, `${tookMs} ms`);
    }
  });

  test("get the code that an upstream answers, or with failover another's answer", async () => {
    await rig.recover("sequential.test");
    for (const code of ["SERVFAIL", "REFUSED"] as const) {
      rig.first.misbehave(code);
      assert.equal((await rig.askNew("sequential.test", 1))[0]?.rcode, code);
      assert.equal((await rig.askNew("failover.test", 1))[0]?.rcode, "NOERROR");
    }
    rig.first.restore();
  });

  test("are SERVFAIL at once when all upstreams are dead, with the reason and one line in the log for each", async context => {
    await rig.recover("random.test");
    await Promise.all([rig.first.stop(), rig.second.stop()]);
    const linesBefore = errorLines();
    const load = await rig.clusterLoad(context);
    for (let round = 0; round < 20; round += 1) {
      for (const reply of await rig.askNew("random.test", 20)) {
        assert.equal(reply.rcode, "SERVFAIL");
        assert.ok(reply.tookMs < slackMs, `${reply.tookMs} ms`);
        assert.match(extendedErrors(reply).join(), /^(?:upstream-failed|no-reachable-upstream): .*127\./);
      }
    }
    assertUnharmed(await load.end());
    assert.ok(errorLines() - linesBefore <= 2, rig.subject.output());
  });
});

function errorLines(): number {
  return rig.subject.output().match(/^\[ERROR\] plugin\/errors.*random\.test/gm)?.length ?? 0;
}
