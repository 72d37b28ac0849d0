/** What `forward` does about upstreams that fail, refuse, or contradict each other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardOver } from "../../../../src/dns/plugins/forward/forward.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { Rig, startRig } from "../rig.ts";
import { nameError, type Script, ScriptedUpstreams, serverFailure } from "./scripted-upstreams.ts";
import { a, b, c, inSequence, startForward } from "./start-forward.ts";

test("an upstream that refuses is followed by the next and not asked again", async () => {
  const { rig, upstreams } = await startForward(inSequence(), { [a]: () => "REFUSED" });
  assert.deepEqual((await rig.ask("www.example.org. A")).answers, ["www.example.org. 60 IN A 10.0.0.2"]);
  assert.deepEqual(upstreams.order, [a, b]);
  const failing = await startForward(inSequence(), { [a]: () => "REFUSED", [b]: () => "RESET" });
  const { outcome, rcode } = await failing.rig.ask("www.example.org. A");
  assert.equal(rcode, "SERVFAIL");
  assert.deepEqual(failing.upstreams.order, [a, b]);
  assert.ok(outcome.kind === "failure");
  assert.equal(outcome.errorGroup, b);
  assert.equal(outcome.error, "10.0.0.2:53: RESET (forward in Corefile:2)");
  assert.equal(outcome.reason?.code, "upstream-failed");
  assert.match(outcome.reason?.text ?? "", /10\.0\.0\.2:53/);
});

test("a silent upstream is asked a second time after all others", async () => {
  let tries = 0;
  const { rig, upstreams } = await startForward(inSequence(), {
    [a]: () => (++tries === 1 ? "TIMEOUT" : ""),
    [b]: () => "REFUSED",
  });
  assert.equal((await rig.ask("www.example.org. A")).rcode, "NOERROR");
  assert.deepEqual(upstreams.order, [a, b, a]);
});

for (const [options, count] of [
  ["", 4],
  ["max_connect_attempts 1", 1],
  ["max_connect_attempts 3", 3],
] as const) {
  test(`silent upstreams are asked ${count} times with ${options || "the default"}`, async () => {
    const { rig, upstreams } = await startForward(inSequence(options), {
      [a]: () => "TIMEOUT",
      [b]: () => "TIMEOUT",
    });
    assert.equal((await rig.ask("www.example.org. A")).rcode, "SERVFAIL");
    assert.equal(upstreams.asked.length, count);
  });
}

test("each exchange gets read_timeout, and all together five seconds", async () => {
  const rig = new Rig();
  const upstreams = new ScriptedUpstreams({
    [a]: ({ timeoutMs }) => {
      rig.nowMs += timeoutMs;
      return "TIMEOUT";
    },
  });
  const corefile = ". {\n forward . 10.0.0.1 {\n max_connect_attempts 0\n max_fails 0\n }\n}";
  await rig.start(corefile, { plugins: [forwardOver(upstreams.open)] });
  const startMs = rig.nowMs;
  assert.equal((await rig.ask("www.example.org. A")).rcode, "SERVFAIL");
  assert.equal(rig.nowMs - startMs, 5_000);
  assert.deepEqual(
    upstreams.asked.map(({ timeoutMs }) => timeoutMs),
    [2_000, 2_000, 1_000],
  );
});

test("a reply that cannot be read counts as a failure of its upstream", async () => {
  const upstreams = new ScriptedUpstreams();
  const open: typeof upstreams.open = (target, options) =>
    target.address === "10.0.0.1"
      ? { exchange: async query => query.subarray(0, 14), close: () => {} }
      : upstreams.open(target, options);
  const rig = await startRig(`. {\n${inSequence()}\n}`, { plugins: [forwardOver(open)] });
  assert.equal((await rig.ask("www.example.org. A")).rcode, "NOERROR");
});

test("a server failure is passed on as it came, unless failover names it", async () => {
  const scripts: Record<string, Script> = { [a]: () => serverFailure };
  const plain = await startForward(inSequence(), scripts);
  const { outcome, rcode } = await plain.rig.ask("www.example.org. A");
  assert.deepEqual([rcode, outcome.kind], ["SERVFAIL", "reply"]);
  const failingOver = await startForward(inSequence("failover refused servfail"), scripts);
  assert.equal((await failingOver.rig.ask("www.example.org. A")).rcode, "NOERROR");
  assert.deepEqual(failingOver.upstreams.order, [a, b]);
});

test("failover ends with the last reply when no upstream has a better one", async () => {
  const { rig, upstreams } = await startForward(inSequence("failover SERVFAIL REFUSED"), {
    [a]: () => serverFailure,
    [b]: () => ({ rcode: rcodes.REFUSED }),
  });
  const { rcode, outcome } = await rig.ask("www.example.org. A");
  assert.deepEqual([rcode, outcome.kind], ["REFUSED", "reply"]);
  assert.deepEqual(upstreams.order, [a, b]);
});

test("next gives a reply's question to the following forward that takes the name", async () => {
  const { rig, upstreams } = await startForward(
    "forward . 10.0.0.1 {\n next NXDOMAIN\n}\nforward . 10.0.0.2 {\n next_on_nodata\n}\nforward example.org 10.0.0.3",
    { [a]: () => nameError, [b]: () => "" },
  );
  assert.deepEqual((await rig.ask("www.example.org. A")).answers, ["www.example.org. 60 IN A 10.0.0.3"]);
  assert.deepEqual(upstreams.order, [a, b, c]);
  const stays = await rig.ask("www.example.com. A");
  assert.deepEqual([stays.rcode, stays.answers], ["NOERROR", []]);
});

test("next leads to no other plugin than forward", async () => {
  const upstreams = new ScriptedUpstreams({ [a]: () => nameError });
  const rig = await startRig(
    ". {\n forward . 10.0.0.1 {\n next NXDOMAIN\n }\n forward example.com 10.0.0.2\n}",
    {
      plugins: [forwardOver(upstreams.open)],
      upstream: () => assert.fail("asked the plugin behind"),
    },
  );
  assert.equal((await rig.ask("www.example.org. A")).rcode, "NXDOMAIN");
});

test("two upstreams that contradict each other are told once, with both addresses", async () => {
  const { rig } = await startForward("forward . 10.0.0.1 10.0.0.2 {\n policy round_robin\n}", {
    [a]: ({ ask }) => (ask.startsWith("private.") ? nameError : "private.example. 60 IN A 10.1.1.1"),
    [b]: ({ ask }) => (ask.startsWith("old.") ? nameError : "private.example. 60 IN A 10.1.1.1"),
  });
  for (const name of ["www.example.", "www.example.", "nodata.example.", "nodata.example."])
    await rig.ask(`${name} A`);
  assert.deepEqual(rig.lines, []);
  await rig.ask("old.example. A");
  rig.nowMs += 61_000;
  await rig.ask("old.example. A");
  assert.deepEqual(rig.lines, [], "it may have changed in a minute");
  for (let round = 0; round < 4; round += 1) await rig.ask("private.example. A");
  assert.equal(rig.lines.length, 1);
  assert.match(
    rig.lines[0] ?? "",
    /"level":40.*"knows":"10\.0\.0\.2:53".*"denies":"10\.0\.0\.1:53".*policy sequential/,
  );
});
