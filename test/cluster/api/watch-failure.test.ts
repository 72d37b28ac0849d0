import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../../support/api-server/fault.ts";
import { firstWarning, service, startRig } from "./source-rig.ts";

const watchFaults: readonly (readonly [what: string, fault: Fault, error: RegExp])[] = [
  ["500", { type: "status", code: 500 }, /^500 Failure/],
  ["a reset", { type: "reset" }, /was reset/],
  ["an ERROR event with code 500", { type: "error-event", code: 500 }, /^500 Failure: planned error 500$/],
  [
    "a line that is not JSON",
    { type: "body", code: 200, text: "<html>\n" },
    /^a watch event is not JSON: <html>$/,
  ],
  ["half an event", { type: "cut", text: `{"type":"ADDED","obj` }, /was reset/],
  ["nothing at all", { type: "body", code: 200, text: "" }, /^the server ended the watch at once$/],
];

for (const [what, fault, error] of watchFaults) {
  test(`watch answered with ${what} is opened again from the same place`, async t => {
    const rig = await startRig(t, {
      objects: [service("web")],
      prepare: server => {
        server.fail({ verb: "watch" }, fault, 2);
      },
    });
    await rig.when(() => rig.delays.length === 2);
    await rig.watching();
    await rig.seesChanges();
    assert.deepEqual(rig.verbs(), ["list", "watch", "watch", "watch"]);
    assert.deepEqual(rig.delays, [100, 200]);
    const [, reason = "", meanwhile] = firstWarning.exec(rig.lines[1] ?? "") ?? [];
    assert.match(reason, error);
    assert.equal(meanwhile, "answers go on from the last known state");
  });
}

test("watch that breaks off after events goes on after the last of them", async t => {
  const rig = await startRig(t);
  await rig.watching();
  await rig.seesChanges();
  const version = rig.server.resourceVersion;
  const again = rig.server.nextWatch("services");
  for (const watch of rig.server.watches()) watch.reset();
  assert.equal((await again).query.get("resourceVersion"), version);
  await rig.seesChanges();
  assert.deepEqual(rig.changes, ["+new-0", "+new-1"]);
});

test("watch that brought something ends the growth of the delays", async t => {
  const rig = await startRig(t);
  for (let round = 0; round < 3; round++) {
    await rig.watching();
    await rig.seesChanges();
    const again = rig.server.nextWatch("services");
    for (const watch of rig.server.watches()) watch.reset();
    await again;
  }
  assert.deepEqual(rig.delays, [100, 100, 100]);
});

test("watch in the middle of which a line is garbage goes on after the last good event", async t => {
  const rig = await startRig(t);
  await rig.watching();
  rig.server.put(service("web"));
  for (const watch of rig.server.watches()) watch.sendRaw(`{"type":"ADDED",}\n`);
  rig.server.put(service("api"));
  await rig.when(() => rig.changes.length === 2);
  assert.deepEqual(rig.changes, ["+web", "+api"]);
  assert.deepEqual(rig.verbs(), ["list", "watch", "watch"]);
});

test("watch that the server ends in time is opened again at once", async t => {
  const rig = await startRig(t);
  await rig.watching();
  await rig.seesChanges();
  const again = rig.server.nextWatch("services");
  for (const watch of rig.server.watches()) watch.end();
  await again;
  await rig.seesChanges();
  assert.deepEqual(rig.delays, []);
  assert.deepEqual(rig.verbs(), ["list", "watch", "watch"]);
  assert.deepEqual(
    rig.lines.filter(line => line.startsWith("warn")),
    [],
  );
});

test("watch that says nothing beyond its time counts as dead", async t => {
  const rig = await startRig(t, {
    timing: { watchSeconds: { min: 0, max: 0 }, watchGraceMs: 30 },
  });
  await rig.watching();
  for (const watch of rig.server.watches()) watch.stall();
  await rig.when(() => rig.delays.length > 0);
  assert.match(rig.lines.join("\n"), /no byte from 127\.0\.0\.1:\d+ for 0\.03 s/);
  await rig.seesChanges();
});

test("watch is asked to last for 40 to 60 s", async t => {
  for (const [random, timeoutSeconds] of [
    [0, "40"],
    [0.999, "60"],
  ] as const) {
    const rig = await startRig(t, { timing: { random: () => random } });
    await rig.watching();
    assert.equal(rig.server.requests.at(-1)?.query.get("timeoutSeconds"), timeoutSeconds);
  }
});

test("watch that is not allowed is made up for by lists", async t => {
  const allow: (() => void)[] = [];
  const rig = await startRig(t, {
    prepare: server => {
      const forbidden = { type: "status", code: 403 } as const;
      allow.push(server.fail(({ verb }) => verb === "watch", forbidden, Number.POSITIVE_INFINITY));
    },
  });
  await rig.when(() => rig.store.isSynced("Service"));
  await rig.seesChanges();
  allow[0]?.();
  await rig.watching();
  await rig.seesChanges();
});

test("watch that is quiet for longer than an answer may take stays open", async t => {
  const answerSilenceMs = 400;
  const rig = await startRig(t, { timing: { answerSilenceMs } });
  await rig.watching();
  await delay(2 * answerSilenceMs);
  await rig.seesChanges();
  assert.deepEqual(rig.verbs(), ["list", "watch"]);
});

test("watch keeps up by bookmarks, so that a compacted history costs no list", async t => {
  const rig = await startRig(t);
  await rig.watching();
  rig.server.put({ kind: "Pod", metadata: { name: "of-another-kind" } });
  rig.server.sendBookmarks();
  await rig.when(() => rig.status("Service").resourceVersion === rig.server.resourceVersion);
  rig.server.compact();
  const again = rig.server.nextWatch("services");
  for (const watch of rig.server.watches()) watch.end();
  await again;
  await rig.seesChanges();
  assert.deepEqual(rig.verbs(), ["list", "watch", "watch"]);
});

test("watch too old for the server's history lists again at once and applies the differences only", async t => {
  const rig = await startRig(t, { objects: [service("stays"), service("goes"), service("changes")] });
  await rig.watching();
  await rig.server.stop();
  rig.server.remove("Service", "shop", "goes");
  rig.server.put(service("changes", "10.96.0.77"));
  rig.server.put(service("comes"));
  rig.server.compact();
  await rig.server.restart();
  await rig.when(() => rig.changes.length === 6);
  assert.deepEqual(rig.changes.slice(0, 3), ["+changes", "+goes", "+stays"]);
  assert.deepEqual(rig.changes.slice(3), ["~changes", "+comes", "-goes"]);
  assert.equal(rig.status("Service").relistCount, 1);
  await rig.watching();
  assert.deepEqual(rig.verbs(), ["list", "watch", "watch", "list", "watch"]);
});

test("watch told 410 in an ERROR event lists again at once, each time", async t => {
  const rig = await startRig(t);
  for (let round = 1; round <= 3; round++) {
    await rig.watching();
    await rig.seesChanges();
    for (const watch of rig.server.watches()) watch.fail(410, "too old resource version: 1 (2)");
    await rig.when(() => rig.status("Service").relistCount === round);
  }
  assert.deepEqual(rig.delays, []);
  assert.ok(rig.lines.includes("info services: 410 Expired: too old resource version: 1 (2); listing again"));
});

test("watch told 410 again and again is backed off", async t => {
  const rig = await startRig(t, {
    prepare: server => {
      server.fail({ verb: "watch" }, { type: "status", code: 410, reason: "Expired" }, 4);
    },
  });
  await rig.when(() => rig.status("Service").relistCount === 4);
  await rig.watching();
  assert.deepEqual(rig.delays, [100, 200, 400]);
  await rig.seesChanges();
});
