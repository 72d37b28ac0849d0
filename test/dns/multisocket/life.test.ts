/** Processes of a group come, go and change while queries are asked. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { corefileFixture } from "../../cli/corefile-fixture.ts";
import { kinds } from "../server/udp-rig.ts";
import { eventually, type Group, startGroup } from "./group-rig.ts";

const skip = process.platform !== "linux";
const question = "www.example.org. A";

/** Resolves when so many processes serve. */
async function untilServing({ socketCount, total }: Group, count: number): Promise<void> {
  await eventually(async () => (await total("frontdesk_dns_processes")) === count || undefined);
  assert.equal(socketCount(), count);
}

async function untilRestarted({ total }: Group, count: number): Promise<void> {
  await eventually(async () => (await total("frontdesk_dns_process_restarts_total")) === count || undefined);
}

for (const kind of kinds) {
  describe(`multisocket with ${kind} listeners`, { skip }, () => {
    before(() => {
      process.env.FRONTDESK_UDP = kind;
    });

    test("a process that is killed costs what was under way in it, and another takes its place", async context => {
      const group = await startGroup(context, { count: 3 });
      const clients = await group.crowd();
      const end = clients.keepAsking(question);
      await eventually(async () => (await group.total("coredns_dns_requests_total")) > 500 || undefined);
      const counted = await group.total("coredns_dns_requests_total");
      const [victim = 0, ...others] = group.others();
      process.kill(victim, "SIGKILL");
      await eventually(() => !group.others().includes(victim) || undefined);
      assert.ok((await group.total("coredns_dns_requests_total")) >= counted);
      await untilServing(group, 3);
      const asked = await end();
      assert.ok(asked.every(({ lost, answered }) => lost <= 1 && answered > 0));
      assert.deepEqual(new Set(asked.flatMap(({ answers }) => [...answers])), new Set(["192.0.2.1"]));
      assert.ok(others.every(one => group.others().includes(one)));
      assert.equal(await group.total("frontdesk_dns_process_restarts_total"), 1);
      const inAll = await group.total("coredns_dns_requests_total");
      process.kill(group.others()[0] ?? 0, "SIGKILL");
      await untilRestarted(group, 2);
      assert.equal(await group.total("coredns_dns_requests_total"), inAll);
      assert.match(group.command.stdout, /\[WARNING\] process \d+ has ended \(SIGKILL\).* process=2/);
    });

    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      test(`${signal} ends all processes with exit code 0, and what was asked before it is answered`, async context => {
        const { command, crowd, others } = await startGroup(context, { count: 3 });
        const [clients, pids] = [await crowd(), others()];
        // All of it waits in the sockets when the signal comes, and is more than is read at once.
        for (const pid of pids) process.kill(pid, "SIGSTOP");
        clients.send(question, 7);
        const ended = command.stop(signal);
        await command.until(({ stdout }) => (stdout.includes("Shutting down") ? true : undefined));
        for (const pid of pids) process.kill(pid, "SIGCONT");
        assert.equal(await clients.receive(7), 7 * clients.size);
        assert.equal((await ended).code, 0);
        for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
        assert.doesNotMatch(command.stdout + command.stderr, /\[(?:WARNING|ERROR)\]/);
      });
    }

    test("more, fewer and no further processes are a reload away, and no query is lost on the way", async context => {
      const group = await startGroup(context, { count: undefined });
      const clients = await group.crowd();
      const end = clients.keepAsking(question);
      const first = group.command.process.pid;
      for (const [count, address] of [
        [3, "192.0.2.2"],
        [2, "192.0.2.3"],
        [4, "192.0.2.4"],
        [undefined, "192.0.2.5"],
      ] as const) {
        await group.reload({ count, address });
        await group.untilReady();
        await untilServing(group, count ?? 1);
        assert.equal(group.others().length, (count ?? 1) - 1);
      }
      const told = await (await group.crowd()).ask(question);
      assert.deepEqual(new Set(told), new Set(["192.0.2.5"]));
      const asked = await end();
      assert.equal(group.command.process.pid, first);
      const lost = asked.reduce((sum, { lost }) => sum + lost, 0);
      // Node's own sockets cannot leave the group before they are closed; four of them are.
      assert.ok(lost <= (kind === "batched" ? 0 : clients.size), `${lost} lost`);
      const answered = asked.reduce((sum, { answered }) => sum + answered, 0);
      const total = await group.total("coredns_dns_requests_total");
      assert.ok(total >= answered + told.length, `${total} counted, ${answered} answered`);
    });
  });
}

test("a changed Corefile is served by all processes when the reload is told to be complete", {
  skip,
}, async context => {
  const { crowd, reload } = await startGroup(context, { count: 3 });
  const clients = await crowd();
  for (const address of ["192.0.2.2", "192.0.2.3"]) {
    await reload({ count: 3, address });
    assert.deepEqual(new Set(await clients.ask(question)), new Set([address]));
  }
});

test("a broken Corefile changes no process, and one started anew runs what the others run", {
  skip,
}, async context => {
  const { crowd, others, reload, socketCount } = await startGroup(context, { count: 2 });
  const [victim = 0] = others();
  await reload(". {\n forward\n", "reload failed");
  assert.deepEqual(others(), [victim]);
  process.kill(victim, "SIGKILL");
  await eventually(() => socketCount() === 1 || undefined);
  await eventually(() => socketCount() === 2 || undefined);
  assert.deepEqual(new Set(await (await crowd()).ask(question)), new Set(["192.0.2.1"]));
});

test("a process that is told to end finishes its queries, and another takes its place", {
  skip,
}, async context => {
  const group = await startGroup(context, { count: 2 });
  const clients = await group.crowd();
  const [one = 0] = group.others();
  clients.send(question, 40);
  process.kill(one, "SIGTERM");
  assert.equal(await clients.receive(40), 40 * clients.size);
  await eventually(() => !group.others().includes(one) || undefined);
  await untilServing(group, 2);
  assert.equal(await group.total("coredns_dns_requests_total"), 40 * clients.size);
});

test("a restart counts once, also while the process of its place finishes what is under way", {
  skip,
}, async context => {
  const group = await startGroup(context, { count: 2 });
  process.kill(group.others()[0] ?? 0, "SIGKILL");
  await untilRestarted(group, 1);
  await untilServing(group, 2);
  const [last = 0] = group.others();
  process.kill(last, "SIGSTOP");
  const reloaded = group.reload({ count: undefined });
  try {
    // Each takes as long as a process has to answer, and the reload is at that one by the second.
    for (let look = 0; look < 2; look++) {
      assert.equal(await group.total("frontdesk_dns_process_restarts_total"), 1);
    }
  } finally {
    process.kill(last, "SIGCONT");
  }
  await reloaded;
  assert.equal(await group.total("frontdesk_dns_process_restarts_total"), 1);
});

test("without the first process none goes on", { skip }, async context => {
  const { command, others, socketCount } = await startGroup(context, { count: 3 });
  const pids = others();
  command.process.kill("SIGKILL");
  await eventually(() => socketCount() === 0 || undefined);
  const isGone = (pid: number) => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  };
  await eventually(() => pids.every(isGone) || undefined);
});

test("a process that begins when the first is gone already ends, and is no first one itself", async context => {
  const { file } = await corefileFixture(context, ".:0 {\n bind 127.0.0.1\n whoami\n}\n");
  const untilAlone = "data:text/javascript,await new Promise(gone => process.once('disconnect', gone))";
  const orphan = fork(
    fileURLToPath(new URL("../../../src/main.ts", import.meta.url)),
    ["dns", "-conf", file],
    {
      env: { ...process.env, FRONTDESK_MEMBER: "2" },
      execArgv: ["--import", untilAlone],
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    },
  );
  context.after(() => orphan.kill("SIGKILL"));
  const stdout = orphan.stdout ?? assert.fail();
  const output = text(stdout);
  // A first one would tell where it listens, and stay.
  const listens = once(stdout, "data").then(() => "listens");
  orphan.disconnect();
  assert.deepEqual(await Promise.race([once(orphan, "exit"), listens]), [0, null]);
  assert.equal(await output, "");
});
