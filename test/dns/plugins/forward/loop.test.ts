/** Upstreams that send queries back: found, set aside, told once, and taken back when they no longer do. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { forward, forwardOver } from "../../../../src/dns/plugins/forward/forward.ts";
import { loop, loopAt } from "../../../../src/dns/plugins/loop.ts";
import { definePlugin } from "../../../../src/dns/plugins/plugin.ts";
import { withMessage } from "../../../../src/dns/plugins/query.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { typeCodes } from "../../../../src/dns/wire/record.ts";
import { TestUpstream } from "../../../support/test-upstream.ts";
import { until } from "../../../support/until.ts";
import { findingsOf, Rig } from "../rig.ts";
import { RigSocket } from "./rig-socket.ts";
import { type Script, ScriptedUpstreams } from "./scripted-upstreams.ts";

const quick = loopAt({ firstMs: 1, retryMs: 10, beginningMs: 30_000, againMs: 20 });

/** Stands for `kubernetes`: answers names in cluster.local itself, in front of loop and forward. */
const cluster = definePlugin<true>({
  name: "cluster",
  read: () => true,
  explain: () => [],
  start: () => ({
    handle: (query, next) =>
      query.name.at(-1) === "local" ? replyTo(query.message, { plugin: "cluster" }) : next(query),
  }),
});

async function startRig(
  t: TestContext,
  rig: Rig,
  text: string,
  open?: ScriptedUpstreams["open"],
): Promise<Rig> {
  const plugins = [cluster, quick, open === undefined ? forward : forwardOver(open)];
  await rig.start(`. {\n cluster\n loop\n ${text}\n}`, { plugins });
  t.after(() => rig.close());
  return rig;
}

/** An upstream that sends everything back to the rig. */
function back(rig: Rig): Script {
  return async ({ message }) => {
    const outcome = await rig.chain.handle(withMessage(rig.query(". A"), message));
    return { rcode: outcome.kind === "reply" ? outcome.message.rcode : rcodes.SERVFAIL };
  };
}

async function startScripted(t: TestContext, text: string, scripts: (rig: Rig) => Record<string, Script>) {
  const rig = new Rig();
  const upstreams = new ScriptedUpstreams(scripts(rig));
  await startRig(t, rig, text, upstreams.open);
  return { rig, upstreams };
}

test("an upstream on the network that leads back is set aside, told once, and never asked", async t => {
  const socket = await RigSocket.open();
  const good = await TestUpstream.start();
  t.after(() => good.stop());
  t.after(() => socket.close());
  const rig = new Rig();
  await startRig(t, rig, `forward . ${socket.target} ${good.target}`);
  socket.leadTo(rig);
  await until("a loop is told", () => rig.lines.length > 0);
  assert.equal(rig.lines.length, 1);
  const [line = ""] = rig.lines;
  for (const part of [socket.target, "forward in Corefile:4", "loop", "--resolv-conf", '"level":50']) {
    assert.ok(line.includes(part), `${part} is not in ${line}`);
  }
  const cameBack = socket.queries.length;
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await rig.ask(`n${round}.example.org. A`)).rcode, "NOERROR");
  }
  assert.equal(good.queries.filter(({ ask }) => ask.endsWith(" A")).length, 20);
  for (const octets of socket.queries.slice(cameBack)) {
    assert.deepEqual(decodeMessage(octets).questions[0]?.type, typeCodes.HINFO, "only probes go there");
  }
  assert.equal(rig.lines.length, 1);
});

test("a loop through a second server is found and cut", async t => {
  const sockets = [await RigSocket.open(), await RigSocket.open()] as const;
  t.after(() => sockets.forEach(socket => void socket.close()));
  const rigs = [new Rig(), new Rig()] as const;
  await startRig(t, rigs[0], `forward . ${sockets[1].target}`);
  await startRig(t, rigs[1], `forward . ${sockets[0].target}`);
  sockets[0].leadTo(rigs[0]);
  sockets[1].leadTo(rigs[1]);
  await until("a loop is told", () => rigs.some(rig => rig.lines.length > 0));
  const found = rigs.find(rig => rig.lines.length > 0) ?? rigs[0];
  const { rcode, outcome } = await found.ask("www.example.org. A");
  assert.equal(rcode, "SERVFAIL");
  assert.equal(outcome.kind === "failure" && outcome.reason?.code, "upstream-loop");
});

test("with all upstreams looping names of the cluster go on and others say why they fail", async t => {
  const { rig, upstreams } = await startScripted(t, "forward . 127.0.0.53", rig => ({
    "127.0.0.53:53": back(rig),
  }));
  await until("a loop is told", () => rig.lines.some(line => line.includes("a loop")));
  assert.equal((await rig.ask("web.shop.svc.cluster.local. A")).rcode, "NOERROR");
  const { outcome, rcode } = await rig.ask("www.example.org. A");
  assert.equal(rcode, "SERVFAIL");
  assert.ok(outcome.kind === "failure");
  assert.equal(outcome.errorGroup, "127.0.0.53:53");
  assert.deepEqual(outcome.reason, {
    code: "upstream-loop",
    text: "127.0.0.53:53 (forward in Corefile:4) sends queries back here: a loop",
  });
  assert.ok(upstreams.asked.every(({ ask }) => ask.endsWith(" HINFO")));
  const told = rig.lines.find(line => line.includes("a loop")) ?? "";
  assert.match(told, /\/run\/systemd\/resolve\/resolv\.conf.*systemd-resolved/);
});

test("a probe that comes back is answered at once and goes no further", async t => {
  const answered: string[] = [];
  const { rig, upstreams } = await startScripted(t, "forward . 10.0.0.1", rig => ({
    "10.0.0.1:53": async ({ message }) => {
      const outcome = rig.chain.handle(withMessage(rig.query(". A"), message));
      assert.ok(!(outcome instanceof Promise));
      answered.push(outcome.kind);
      return { rcode: rcodes.NXDOMAIN };
    },
  }));
  await until("a loop is told", () => rig.lines.length > 0);
  assert.equal(answered.length, upstreams.asked.length);
  assert.deepEqual(new Set(answered), new Set(["reply"]));
});

test("probes are two random labels below FROM, and HINFO of others passes", async t => {
  const { rig, upstreams } = await startScripted(
    t,
    "forward corp.example 10.0.0.1 {\n except x.corp.example\n }",
    () => ({}),
  );
  await until("a probe", () => upstreams.asked.length > 0);
  const [probe] = upstreams.asked;
  assert.match(probe?.ask ?? "", /^\d+\.\d+\.corp\.example\. HINFO$/);
  assert.equal(probe?.message.recursionDesired, true);
  assert.equal((await rig.ask("1.2.corp.example. HINFO")).rcode, "NOERROR");
  assert.equal(upstreams.asked.length, 2);
  assert.deepEqual(rig.lines, []);
});

test("an upstream that does not answer is probed again until it does", async t => {
  let tries = 0;
  const { rig, upstreams } = await startScripted(t, "forward . 10.0.0.1", rig => ({
    "10.0.0.1:53": asked => (++tries < 4 ? "REFUSED" : back(rig)(asked)),
  }));
  await until("a loop is told", () => rig.lines.length > 0);
  assert.ok(upstreams.asked.length >= 4);
  assert.equal(
    new Set(upstreams.asked.map(({ ask }) => ask)).size,
    upstreams.asked.length,
    "each probe is another",
  );
  assert.match(rig.lines.join(), /a loop/);
});

test("an upstream that answers elsewhere is probed once", async t => {
  const { rig, upstreams } = await startScripted(t, "forward . 10.0.0.1 10.0.0.2", () => ({}));
  await until("two probes", () => upstreams.asked.length >= 2);
  await new Promise(resolve => setTimeout(resolve, 60));
  assert.equal(upstreams.asked.length, 2);
  assert.deepEqual(rig.lines, []);
});

test("an upstream returns when it has stopped leading back, not when it merely fails", async t => {
  let state: "looping" | "failing" | "mended" = "looping";
  let failures = 0;
  const { rig } = await startScripted(t, "forward . 10.0.0.1", rig => ({
    "10.0.0.1:53": asked => {
      if (state === "looping") return back(rig)(asked);
      if (state === "mended") return { rcode: rcodes.NXDOMAIN };
      failures += 1;
      return failures % 2 === 0 ? "TIMEOUT" : { rcode: rcodes.SERVFAIL };
    },
  }));
  await until("a loop is told", () => rig.lines.length > 0);
  state = "failing";
  await until("four failed probes", () => failures >= 4);
  assert.equal(rig.lines.length, 1);
  assert.equal((await rig.ask("www.example.org. A")).rcode, "SERVFAIL");
  state = "mended";
  await until("its return is told", () => rig.lines.length > 1);
  assert.match(rig.lines[1] ?? "", /"level":30.*10\.0\.0\.1:53.*no longer/);
  assert.equal((await rig.ask("www.example.org. A")).rcode, "NXDOMAIN");
});

test("probing ends with the block", async t => {
  const { rig, upstreams } = await startScripted(t, "forward . 10.0.0.1", () => ({
    "10.0.0.1:53": () => "REFUSED",
  }));
  await until("two probes", () => upstreams.asked.length > 1);
  await rig.close();
  const { length } = upstreams.asked;
  await new Promise(resolve => setTimeout(resolve, 50));
  assert.equal(upstreams.asked.length, length);
});

test("loop has neither arguments nor options, stands once, and wants a forward beside it", () => {
  assert.deepEqual(findingsOf(". {\n loop now {\n x\n }\n loop\n forward . ::1\n}", [loop, forward]), [
    "5:2 COREFILE_DUPLICATE",
    "2:7 COREFILE_ARGUMENTS",
    "2:2 COREFILE_SYNTAX",
  ]);
  assert.deepEqual(findingsOf(". {\n loop\n}", [loop]), ["2:2 COREFILE_NO_EFFECT"]);
});
