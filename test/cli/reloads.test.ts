/** When a running server looks at its Corefile, what it makes of it, and what it tells. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import type { LoadedCorefile } from "../../src/cli/corefile-source.ts";
import { lameduckMs, Reloads } from "../../src/cli/reloads.ts";
import { finding } from "../../src/dns/corefile/finding.ts";
import type { RunningBlock } from "../../src/dns/plugins/block.ts";
import { recordedInstruments } from "./recorded-instruments.ts";

const at = { file: "Corefile", line: 3, column: 5 };

/** `intervalMs`: of the word reload; undefined without it. */
function corefile(fingerprint: string, intervalMs?: number): LoadedCorefile {
  const entry = { plugin: { name: "reload" }, config: { intervalMs, jitterMs: 0 }, at };
  const entries = intervalMs === undefined ? [] : [entry];
  return { fingerprint, plan: { blocks: [{ entries }], findings: [] } } as unknown as LoadedCorefile;
}

interface Server {
  /** What each reading of the file gives from now on; an error is thrown. */
  file: LoadedCorefile | Error;
  /** What starting with a Corefile does, if not succeed. */
  onUse: (corefile: LoadedCorefile) => Promise<void>;
  readonly reloads: Reloads;
  readonly used: readonly string[];
  readonly lines: readonly string[];
  readonly metrics: ReadonlyMap<string, number>;
  readonly readCount: number;
  /** Resolves when the condition holds; looks every millisecond. */
  when(condition: () => boolean): Promise<void>;
}

function follow(context: TestContext, running: LoadedCorefile): Server {
  const used: string[] = [];
  const lines: string[] = [];
  const metrics = recordedInstruments();
  let readCount = 0;
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const reloads = new Reloads({
    source: {
      name: "Corefile",
      load() {
        readCount += 1;
        if (server.file instanceof Error) throw server.file;
        return server.file;
      },
    },
    async use(loaded) {
      used.push(loaded.fingerprint);
      await server.onUse(loaded);
    },
    metrics,
    log,
  });
  const server: Server = {
    ...{ file: running, onUse: async () => {}, reloads, used, lines, metrics: metrics.values },
    get readCount() {
      return readCount;
    },
    async when(condition) {
      while (!condition()) await delay(1);
    },
  };
  context.after(async () => {
    await reloads.stop();
    process.removeAllListeners("SIGUSR1");
  });
  return server;
}

const failed = "coredns_reload_failed_total{}";
const version = (hash: string) => `coredns_reload_version_info{hash="sha512",value="${hash}"}`;
const signal = () => void process.emit("SIGUSR1");
const timeout = 10_000;

test("a change is used at the next interval, and the version told is the one in use", {
  timeout,
}, async context => {
  const server = follow(context, corefile("old", 5));
  server.reloads.start(corefile("old", 5));
  assert.deepEqual([...server.metrics.keys()], [failed, version("old")]);
  server.file = corefile("new", 5);
  await server.when(() => server.metrics.has(version("new")));
  assert.deepEqual(server.used, ["new"]);
  assert.deepEqual(
    [...server.metrics],
    [
      [failed, 0],
      [version("new"), 1],
    ],
  );
  assert.deepEqual(server.lines, [
    "Running configuration SHA512 = old",
    "Reloading",
    "Running configuration SHA512 = new",
    "Reloading complete",
  ]);
});

test("what has not changed is read again and again, and never used again", { timeout }, async context => {
  const server = follow(context, corefile("old", 2));
  server.reloads.start(corefile("old", 2));
  await server.when(() => server.readCount > 5);
  assert.deepEqual(server.used, []);
});

test("without the word reload nothing is read until the signal comes, and no version is told", {
  timeout,
}, async context => {
  const server = follow(context, corefile("old"));
  server.reloads.start(corefile("old"));
  server.file = corefile("new");
  await delay(20);
  assert.equal(server.readCount, 0);
  signal();
  await server.when(() => server.lines.includes("Reloading complete"));
  assert.deepEqual(server.used, ["new"]);
  assert.deepEqual([...server.metrics.keys()], [failed]);
});

test("the signal uses a Corefile that has not changed, since files that it names may have", {
  timeout,
}, async context => {
  const server = follow(context, corefile("old"));
  server.reloads.start(corefile("old"));
  signal();
  await server.when(() => server.used.length === 1);
  assert.deepEqual(server.used, ["old"]);
});

test("a signal that came before the start is heeded after it", { timeout }, async context => {
  const server = follow(context, corefile("old"));
  signal();
  assert.equal(server.readCount, 0);
  server.reloads.start(corefile("old"));
  await server.when(() => server.used.length === 1);
});

test("what cannot be used is tried, told and counted once, and again after a signal", {
  timeout,
}, async context => {
  const server = follow(context, corefile("old", 2));
  server.onUse = () => Promise.reject(Object.assign(new Error("the port is taken"), { remedy: "free it" }));
  server.reloads.start(corefile("old", 2));
  server.file = corefile("new", 2);
  await server.when(() => server.metrics.get(failed) === 1);
  const readBefore = server.readCount;
  await server.when(() => server.readCount > readBefore + 4);
  assert.deepEqual(server.used, ["new"]);
  assert.deepEqual(
    server.lines.filter(line => line.includes("failed")),
    ["Corefile changed but reload failed: the port is taken; free it. What ran before goes on."],
  );
  assert.ok(server.metrics.has(version("old")));
  signal();
  await server.when(() => server.metrics.get(failed) === 2);
  assert.deepEqual(server.used, ["new", "new"]);
});

test("findings that the server cannot go on with are a failure that starts nothing", {
  timeout,
}, async context => {
  const server = follow(context, corefile("old", 2));
  server.reloads.start(corefile("old", 2));
  const findings = [finding("COREFILE_VALUE", at, '"x" is not a duration', "write 5s")];
  const broken = corefile("broken", 2);
  server.file = { ...broken, plan: { ...broken.plan, findings } };
  await server.when(() => server.metrics.get(failed) === 1);
  assert.deepEqual(server.used, []);
  assert.match(server.lines.at(-1) ?? "", /Corefile:3:5: "x" is not a duration; write 5s/);
});

test("a file that cannot be read is told and counted once, and used when it is back", {
  timeout,
}, async context => {
  const server = follow(context, corefile("old", 2));
  server.reloads.start(corefile("old", 2));
  server.file = new Error("no such file");
  await server.when(() => server.metrics.get(failed) === 1);
  const readBefore = server.readCount;
  await server.when(() => server.readCount > readBefore + 4);
  assert.equal(server.metrics.get(failed), 1);
  server.file = corefile("new", 2);
  await server.when(() => server.used.length === 1);
});

test("a file that is being written is used when two readings agree", { timeout }, async context => {
  const server = follow(context, corefile("old", 2));
  server.reloads.start(corefile("old", 2));
  server.file = corefile("half", 2);
  const readBefore = server.readCount;
  await server.when(() => server.readCount > readBefore);
  server.file = corefile("whole", 2);
  await server.when(() => server.used.length > 0);
  assert.deepEqual(server.used, ["whole"]);
});

test("stopping waits for a reload that is under way, and lets none begin", { timeout }, async context => {
  const server = follow(context, corefile("old"));
  const use = Promise.withResolvers<void>();
  server.onUse = () => use.promise;
  server.reloads.start(corefile("old"));
  server.file = corefile("new");
  signal();
  await server.when(() => server.used.length === 1);
  let isStopped = false;
  const stopped = server.reloads.stop().then(() => {
    isStopped = true;
  });
  signal();
  await delay(5);
  assert.equal(isStopped, false);
  use.resolve();
  await stopped;
  await delay(60);
  assert.deepEqual(server.used, ["new"]);
});

test("the time of grace is the longest that any block asks for", () => {
  const block = (ms: number | undefined) =>
    ({
      plan: { entries: ms === undefined ? [] : [{ plugin: { name: "health" }, config: { lameduckMs: ms } }] },
    }) as unknown as RunningBlock;
  assert.equal(lameduckMs([]), 0);
  assert.equal(lameduckMs([block(undefined), block(2_000), block(5_000), block(0)]), 5_000);
});
