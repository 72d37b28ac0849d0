/** Health of upstreams: checks begin with a failure and end with an answer. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardOver } from "../../../../src/dns/plugins/forward/forward.ts";
import { UpstreamHealth } from "../../../../src/dns/plugins/forward/upstream-health.ts";
import { startRig } from "../rig.ts";
import { type Script, ScriptedUpstreams } from "./scripted-upstreams.ts";

const a = "10.0.0.1:53";
const b = "10.0.0.2:53";

/** Health checks run on real timers; a test that waits for them keeps the process alive itself. */
function useClock(t: { after(end: () => void): void }): void {
  const timer = setInterval(() => {}, 60_000);
  t.after(() => clearInterval(timer));
}

async function start(options: string, scripts: Readonly<Record<string, Script>>, to = "10.0.0.1 10.0.0.2") {
  const upstreams = new ScriptedUpstreams(scripts);
  const corefile = `. {\n forward . ${to} {\n policy sequential\n health_check 50ms\n ${options}\n }\n}`;
  const rig = await startRig(corefile, { plugins: [forwardOver(upstreams.open)] });
  return { rig, upstreams };
}

test("an upstream that answers is never checked", async () => {
  const { rig, upstreams } = await start("", {});
  await rig.ask("www.example.org. A");
  assert.equal(upstreams.checks.length, 0);
  await rig.close();
});

test("a failed exchange starts a check, and any reply ends it", async t => {
  useClock(t);
  const { rig, upstreams } = await start("", {
    [a]: ({ ask }) => (ask.endsWith(" NS") ? { rcode: 5 } : "RESET"),
  });
  await rig.ask("www.example.org. A");
  await upstreams.checked(1);
  const [check] = upstreams.checks;
  assert.deepEqual([check?.to, check?.ask, check?.over, check?.timeoutMs], [a, ". NS", "udp", 1_000]);
  assert.equal(check?.message.recursionDesired, true);
  await rig.ask("www.example.org. A");
  assert.deepEqual(upstreams.order, [a, b, a, b], "it is still asked first");
  await rig.close();
});

for (const [options, ask, recursionDesired, over] of [
  ["health_check 50ms no_rec", ". NS", false, "udp"],
  ["health_check 50ms domain Example.org no_rec", "Example.org. NS", false, "udp"],
  ["force_tcp", ". NS", true, "tcp"],
] as const) {
  test(`${options} makes checks ask ${ask} over ${over} with RD ${recursionDesired}`, async t => {
    useClock(t);
    const { rig, upstreams } = await start(options, { [a]: () => "RESET" });
    await rig.ask("www.example.org. A");
    await upstreams.checked(1);
    const [check] = upstreams.checks;
    assert.deepEqual([check?.ask, check?.over], [ask, over]);
    assert.equal(check?.message.recursionDesired, recursionDesired);
    await rig.close();
  });
}

test("an upstream in doubt comes last, is left out after more than max_fails failed checks, and returns with its first answer", async t => {
  useClock(t);
  let isBroken = true;
  const { rig, upstreams } = await start("max_fails 1", { [a]: () => (isBroken ? "TIMEOUT" : "") });
  await rig.ask("www.example.org. A");
  await upstreams.checked(1);
  await rig.ask("www.example.org. A");
  assert.deepEqual(upstreams.order, [a, b, b], "nobody waits for it a second time");
  assert.equal(rig.lines.length, 0, "one failed check is forgiven");
  await upstreams.checked(3);
  await rig.ask("www.example.org. A");
  assert.deepEqual(upstreams.order.slice(3), [b]);
  isBroken = false;
  await upstreams.checked(4);
  await new Promise(resolve => setImmediate(resolve));
  await rig.ask("www.example.org. A");
  assert.deepEqual(upstreams.order.slice(4), [a]);
  const failures = rig.metrics.get(
    `coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="${a}"}`,
  );
  assert.equal(failures, 3);
  assert.equal(rig.lines.length, 2, "one line when it goes, one when it returns");
  assert.match(rig.lines[0] ?? "", /10\.0\.0\.1:53.*forward in Corefile:2.*does not answer/);
  await rig.close();
});

for (const [option, answers] of [
  ["", 1],
  ["failfast_all_unhealthy_upstreams", 0],
] as const) {
  test(`with all upstreams down and ${option || "no option"} ${answers} of them is tried`, async t => {
    useClock(t);
    const { rig, upstreams } = await start(`max_fails 1\n ${option}`, { [a]: () => "TIMEOUT" }, "10.0.0.1");
    await rig.ask("www.example.org. A");
    await upstreams.checked(3);
    upstreams.asked.length = 0;
    const { rcode, outcome } = await rig.ask("www.example.org. A");
    assert.equal(rcode, "SERVFAIL");
    assert.equal(upstreams.asked.length, answers);
    assert.equal(rig.metrics.get("coredns_forward_healthcheck_broken_total"), 1);
    const reason = outcome.kind === "failure" ? outcome.reason?.code : undefined;
    assert.equal(reason, answers === 1 ? "upstream-failed" : "no-reachable-upstream");
    await rig.close();
  });
}

test("max_fails 0 neither checks nor leaves out", async () => {
  const { rig, upstreams } = await start("max_fails 0", { [a]: () => "REFUSED" });
  for (let round = 0; round < 4; round += 1) await rig.ask("www.example.org. A");
  assert.equal(upstreams.checks.length, 0);
  assert.deepEqual(upstreams.order, [a, b, a, b, a, b, a, b]);
});

test("one check at a time runs, however many exchanges fail", async () => {
  let running = 0;
  const health = new UpstreamHealth({
    maxFails: 2,
    intervalMs: 500,
    check: () => {
      running += 1;
      return new Promise(() => {});
    },
    onChange: () => {},
  });
  for (let count = 0; count < 5; count += 1) health.suspect();
  assert.equal(running, 1);
  health.close();
});

test("nothing is checked after the block has closed", async () => {
  const { rig, upstreams } = await start("", { [a]: () => "RESET" });
  await rig.close();
  await rig.ask("www.example.org. A");
  assert.equal(upstreams.checks.length, 0);
});
