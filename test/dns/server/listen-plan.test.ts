import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import type { RunningBlock } from "../../../src/dns/plugins/block.ts";
import { PluginStartError } from "../../../src/dns/plugins/plugin.ts";
import type { ListenPlan } from "../../../src/dns/server/listen-plan.ts";
import { planListeners } from "../../../src/dns/server/listen-plan.ts";
import { Work } from "../../../src/dns/server/work.ts";
import { planOf } from "./test-server.ts";

function listenersOf(corefile: string): readonly ListenPlan[] {
  const prepared = planOf(corefile).blocks.map(plan => ({
    block: { plan, members: [] } as unknown as RunningBlock,
    tls: undefined,
  }));
  return planListeners(prepared, 1053, new Work());
}

function addressesOf(bind: string): readonly string[] {
  return listenersOf(`test {\n ${bind}\n answer\n}`).map(({ address }) => address);
}

const loopback = networkInterfaces().lo?.map(({ address }) => address) ?? [];

test("without bind it listens on all addresses, IPv4 first, under the name dns://:PORT", () => {
  const plans = listenersOf("test {\n answer\n}");
  assert.equal(plans[0]?.address, "0.0.0.0");
  assert.deepEqual(new Set(plans.map(({ server }) => server)), new Set(["dns://:1053"]));
});

test("bind with addresses listens on each of them once, under their names", () => {
  const plans = listenersOf("test {\n bind 127.0.0.2 ::1 127.0.0.2\n answer\n}");
  assert.deepEqual(
    plans.map(({ server }) => server),
    ["dns://127.0.0.2:1053", "dns://[::1]:1053"],
  );
});

test("bind with an interface listens on its addresses, but for those it excepts", {
  skip: !loopback[0],
}, () => {
  assert.deepEqual(addressesOf("bind lo"), loopback);
  assert.deepEqual(addressesOf("bind lo 127.0.0.2 {\n except 127.0.0.1\n }"), [
    ...loopback.filter(address => address !== "127.0.0.1"),
    "127.0.0.2",
  ]);
  assert.deepEqual(addressesOf("bind 127.0.0.1 127.0.0.2 {\n except lo\n }"), ["127.0.0.2"]);
});

test("except belongs to its own bind alone", () => {
  assert.deepEqual(addressesOf("bind 127.0.0.1 127.0.0.2 {\n except 127.0.0.1\n }\n bind 127.0.0.1"), [
    "127.0.0.2",
    "127.0.0.1",
  ]);
});

test("an interface that is not there is told with its place and those that are", () => {
  assert.throws(
    () => addressesOf("bind 127.0.0.2 eth99"),
    (error: unknown) => {
      assert.ok(error instanceof PluginStartError);
      assert.deepEqual([error.at.line, error.at.column], [2, 17]);
      assert.match(error.what, /eth99/);
      assert.match(error.remedy, /\blo\b/);
      return true;
    },
  );
});

test("each scheme has its own usual port, which a key can change", () => {
  const keys = "a.org tls://a.org https://a.org tls://a.org:8853";
  assert.deepEqual(
    listenersOf(`${keys} {\n bind 127.0.0.2\n answer\n}`).map(({ scheme, port }) => `${scheme} ${port}`),
    ["dns 1053", "tls 853", "https 443", "tls 8853"],
  );
});

test("blocks on one address and port share a listener, and the limits of the first of them", () => {
  const limits =
    "timeouts {\n read 1s\n idle 2s\n write 4s\n maxtcpqueries 5\n }\n https {\n max_connections 6\n }";
  const [plan, ...others] = listenersOf(
    `a.org {\n bind 127.0.0.2\n ${limits}\n answer\n}\nb.org {\n bind 127.0.0.2\n answer\n}`,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(
    plan?.sites.map(({ zoneText }) => zoneText),
    ["a.org.", "b.org."],
  );
  assert.deepEqual(plan?.timeouts, { firstQueryMs: 1000, idleMs: 2000, writeMs: 4000, maxQueries: 5 });
  assert.equal(plan?.maxHttpsConnections, 6);
});

test("limits that no word sets are CoreDNS's", () => {
  const [plan] = listenersOf("test {\n bind 127.0.0.2\n timeouts {\n idle 20s\n }\n answer\n}");
  assert.deepEqual(plan?.timeouts, {
    firstQueryMs: 3000,
    idleMs: 20_000,
    writeMs: 5000,
    maxQueries: Infinity,
  });
  assert.equal(plan?.maxHttpsConnections, 200);
});
