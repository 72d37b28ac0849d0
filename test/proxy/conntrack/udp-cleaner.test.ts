import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { ConntrackMissingError } from "../../../src/proxy/conntrack/conntrack-program.ts";
import type { UdpCleanerTiming, UdpCleanup } from "../../../src/proxy/conntrack/udp-cleaner.ts";
import { UdpCleaner } from "../../../src/proxy/conntrack/udp-cleaner.ts";
import type { ConntrackTable, UdpFlow } from "../../../src/proxy/conntrack/udp-flow.ts";
import { UdpFrontends } from "../../../src/proxy/conntrack/udp-frontends.ts";
import { everyWayIn, udpPortsOf } from "./udp-service.ts";

/** A table that really loses what is deleted. */
class FakeTable implements ConntrackTable {
  entries: readonly UdpFlow[];
  listCount = 0;
  failures: Error[] = [];

  constructor(...entries: readonly UdpFlow[]) {
    this.entries = entries;
  }

  async *list(): AsyncGenerator<UdpFlow> {
    this.listCount++;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    yield* this.entries;
  }

  async delete(_family: string, flow: UdpFlow): Promise<number> {
    const before = this.entries.length;
    this.entries = this.entries.filter(entry => JSON.stringify(entry) !== JSON.stringify(flow));
    return before - this.entries.length;
  }
}

const key = "default/cleanup-test";
const live = flowTo("10.240.0.4");
const dead = flowTo("10.240.2.6");

function flowTo(backend: string): UdpFlow {
  return { destination: "172.30.1.1", destinationPort: 8000, backend, backendPort: 9090 };
}

interface Rig {
  readonly cleaner: UdpCleaner;
  readonly frontends: UdpFrontends;
  readonly lines: string[];
  /** The next pass that ends, from now on. */
  cleaned(): Promise<UdpCleanup>;
}

function rig(t: TestContext, table: ConntrackTable, timing: Partial<UdpCleanerTiming> = {}): Rig {
  const frontends = new UdpFrontends();
  frontends.apply(key, udpPortsOf(everyWayIn, [live.backend]));
  const lines: string[] = [];
  const waiting: ((cleanup: UdpCleanup) => void)[] = [];
  const cleaner = new UdpCleaner({
    family: "IPv4",
    table,
    frontends,
    log: pino({ base: null }, { write: line => lines.push(JSON.parse(line).msg) }),
    onCleaned: cleanup => {
      for (const resolve of waiting.splice(0)) resolve(cleanup);
    },
    timing: { pauseMs: 1, retryMs: 1, ...timing },
  });
  t.after(() => cleaner.close());
  return { cleaner, frontends, lines, cleaned: () => new Promise(resolve => waiting.push(resolve)) };
}

test("UdpCleaner request deletes all entries of stale flows and no others", async t => {
  const table = new FakeTable(live, dead, live, dead, dead);
  const { cleaner, cleaned } = rig(t, table);
  cleaner.request();
  const { family, deletedCount, durationSeconds } = await cleaned();
  assert.deepEqual(table.entries, [live, live]);
  assert.deepEqual([family, deletedCount], ["IPv4", 3]);
  assert.ok(durationSeconds >= 0 && durationSeconds < 10);
});

test("UdpCleaner requests during a pass are answered by one more pass", async t => {
  const table = new FakeTable(live);
  const { cleaner, cleaned } = rig(t, table);
  for (let i = 0; i < 10; i++) cleaner.request();
  await cleaned();
  table.entries = [dead];
  cleaner.request();
  cleaner.request();
  await cleaned();
  assert.deepEqual([table.entries, table.listCount], [[], 2]);
});

test("UdpCleaner pass after a Service was deleted deletes its flows and forgets them", async t => {
  const table = new FakeTable(live);
  const { cleaner, cleaned, frontends } = rig(t, table);
  frontends.apply(key, []);
  cleaner.request();
  await cleaned();
  assert.deepEqual(table.entries, []);
  assert.equal(
    frontends.isStale(live, () => false),
    false,
  );
});

test("UdpCleaner with more stale flows than fit one round deletes them all", async t => {
  const many = Array.from({ length: 450 }, (_, i) => ({ ...dead, backendPort: 10_000 + i }));
  const table = new FakeTable(...many, live);
  const { cleaner, cleaned } = rig(t, table);
  cleaner.request();
  const rounds = [await cleaned(), await cleaned(), await cleaned()];
  assert.deepEqual(
    rounds.map(({ deletedCount }) => deletedCount),
    [200, 200, 50],
  );
  assert.deepEqual(table.entries, [live]);
});

test("UdpCleaner after a failure tries again by itself and says the same only once", async t => {
  const table = new FakeTable(dead);
  table.failures = ["not root", "not root", "busy"].map(message => new Error(message));
  const { cleaner, cleaned, lines } = rig(t, table);
  cleaner.request();
  await cleaned();
  assert.deepEqual(table.entries, []);
  assert.equal(table.listCount, 4);
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /removed endpoint.*: not root$/);
  assert.match(lines[1] ?? "", /: busy$/);
});

test("UdpCleaner without the program says so once and does not try by itself", async t => {
  const table = new FakeTable(live, dead);
  table.failures = [1, 2].map(() => new ConntrackMissingError("there is no program conntrack"));
  const { cleaner, cleaned, lines, frontends } = rig(t, table);
  cleaner.request();
  cleaner.request();
  frontends.apply(key, []);
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(table.listCount, 1);
  cleaner.request();
  const installed = cleaned();
  while (table.failures.length > 0) await new Promise(resolve => setTimeout(resolve, 1));
  cleaner.request();
  await installed;
  assert.deepEqual(lines.length, 1);
  assert.match(lines[0] ?? "", /install conntrack-tools$/);
});

test("UdpCleaner close breaks off a pass that hangs and reports nothing", async t => {
  const started = Promise.withResolvers<void>();
  const table: ConntrackTable = {
    async *list(_family, signal) {
      started.resolve();
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
    delete: () => Promise.reject(new Error("not reached")),
  };
  const { cleaner, lines } = rig(t, table);
  cleaner.request();
  await started.promise;
  await cleaner.close();
  cleaner.request();
  assert.deepEqual(lines, []);
});
