/** What the batched listener does about what the kernel says. */

import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { exchangeUdp } from "../../support/dns-client.ts";
import { FailingCalls } from "./datagrams/failing-calls.ts";
import {
  client,
  echo,
  listen,
  open,
  query,
  type RigOptions,
  receiveAll,
  replyTo,
  sendFrom,
  serverOf,
} from "./udp-rig.ts";

const { EAGAIN, ECONNREFUSED, EINTR, ENOMEM, EPERM, ENOBUFS } = constants.errno;
const numbers = Array.from({ length: 100 }, (_, index) => index);
const queries = numbers.map(number => query(number));

/** A listener whose socket has all hundred queries before it looks for the first time. */
async function burst(context: TestContext, kernel: FailingCalls, options: RigOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const onLogLine = (line: Record<string, unknown>) => lines.push(line);
  const listener = await listen(context, "batched", { calls: kernel.calls, onLogLine, ...options });
  const from = await sendFrom(context, serverOf(listener), queries);
  return { listener, lines, ...from };
}

function numbersOf(replies: readonly Buffer[]): readonly number[] {
  return replies.map(reply => reply.readUInt16BE()).sort((a, b) => a - b);
}

describe("batched UDP listener", { skip: process.platform !== "linux" }, () => {
  test("replies that the kernel takes a few at a time are all sent, each once", async context => {
    const kernel = await FailingCalls.load();
    kernel.maxSendCount = 3;
    const { received, replies } = await burst(context, kernel);
    await received(100);
    assert.deepEqual(numbersOf(replies), numbers);
  });

  test("replies that the kernel has no room for wait until it has, and so do queries", async context => {
    const kernel = await FailingCalls.load();
    kernel.fail("sendmmsg", ...Array(5).fill(EAGAIN));
    let answeredCount = 0;
    const answeredWhenBlocked: number[] = [];
    const respond = (octets: Uint8Array) => {
      answeredCount += 1;
      return replyTo(Buffer.from(octets));
    };
    const { sendmmsg } = kernel.calls;
    const calls = {
      ...kernel.calls,
      sendmmsg: (...given: Parameters<typeof sendmmsg>) => {
        answeredWhenBlocked.push(answeredCount);
        return sendmmsg(...given);
      },
    };
    const { received, replies } = await burst(context, kernel, { respond, calls });
    await received(100);
    assert.deepEqual(numbersOf(replies), numbers);
    assert.equal(new Set(answeredWhenBlocked.slice(0, 6)).size, 1);
    assert.deepEqual(kernel.trace, ["watch readable", "watch writable", "watch readable"]);
  });

  test("large and late answers wait for room as well", async context => {
    const kernel = await FailingCalls.load();
    kernel.fail("sendmmsg", ...Array(9).fill(EAGAIN));
    const respond = (octets: Uint8Array) => {
      const number = Buffer.from(octets).readUInt16BE();
      const reply = query(number, number % 10 === 0 ? 20_000 : 40);
      return number % 2 === 0 ? reply : nextTurn().then(() => reply);
    };
    const listener = await listen(context, "batched", { calls: kernel.calls, respond });
    const one = await client(context, serverOf(listener));
    // Two buffers full, and less than the client's own.
    for (let number = 0; number < 50; number++) one.send(query(number));
    const expected = Array.from({ length: 50 }, (_, number) =>
      query(number, number % 10 === 0 ? 20_000 : 40),
    );
    assert.deepEqual(await receiveAll(one, 50), expected);
  });

  test("late answers beyond a batch wait for room", async context => {
    const kernel = await FailingCalls.load();
    kernel.isBlocked = true;
    const allRead = Promise.withResolvers<void>();
    let readCount = 0;
    const respond = async (octets: Uint8Array) => {
      const reply = replyTo(Buffer.from(octets));
      readCount += 1;
      if (readCount === 100) allRead.resolve();
      await allRead.promise;
      return reply;
    };
    const { received, replies } = await burst(context, kernel, { respond });
    await allRead.promise;
    await nextTurn();
    kernel.isBlocked = false;
    await received(100);
    assert.deepEqual(numbersOf(replies), numbers);
  });

  test("closing waits for room, too", async context => {
    const kernel = await FailingCalls.load();
    kernel.fail("sendmmsg", ...Array(5).fill(EAGAIN));
    const listener = await open("batched", { calls: kernel.calls });
    const from = await sendFrom(context, serverOf(listener), queries);
    await listener.close();
    await from.received(100);
    assert.deepEqual(kernel.trace.slice(-2), ["end of watch", "close"]);
  });

  test("a reply that cannot be sent costs the others nothing, and is a line for who looks for it", async context => {
    const kernel = await FailingCalls.load();
    kernel.fail("sendmmsg", EPERM, EINTR, ENOBUFS);
    const { received, replies, lines } = await burst(context, kernel);
    await received(98);
    assert.deepEqual(numbersOf(replies), numbers.slice(2));
    assert.deepEqual(
      lines.map(({ level, msg, code }) => [level, msg, code]),
      [
        [20, "UDP reply not sent", "EPERM"],
        [20, "UDP reply not sent", "ENOBUFS"],
      ],
    );
  });

  test("an error of an earlier reply does not count against the next, one of its own does", async context => {
    const kernel = await FailingCalls.load();
    kernel.fail("sendmmsg", ECONNREFUSED);
    const { received, replies, lines, listener } = await burst(context, kernel);
    await received(100);
    assert.deepEqual([numbersOf(replies), lines], [numbers, []]);
    kernel.fail("sendmmsg", ECONNREFUSED, ECONNREFUSED);
    const one = await client(context, serverOf(listener));
    one.send(query(1));
    one.send(query(2));
    assert.deepEqual(await one.receive(), replyTo(query(2)));
    assert.equal(lines.length, 1);
  });

  test("a read that fails is told once, and repeated", async context => {
    const kernel = await FailingCalls.load();
    kernel.fail("recvmmsg", EINTR, EAGAIN, ENOMEM, ECONNREFUSED, ENOMEM);
    const { received, lines } = await burst(context, kernel);
    await received(100);
    assert.deepEqual(
      lines.map(({ level, msg, code }) => [level, msg, code]),
      [
        [40, "UDP socket error; listening goes on", "ENOMEM"],
        [20, "UDP reply not sent", "ECONNREFUSED"],
      ],
    );
  });

  test("an error that ends the watching of the socket starts it again", async context => {
    const kernel = await FailingCalls.load();
    const { received, listener } = await burst(context, kernel);
    await received(100);
    kernel.ready(-constants.errno.EBADF);
    await nextTurn();
    assert.deepEqual(kernel.trace, ["watch readable", "watch readable"]);
    assert.deepEqual(await exchangeUdp(serverOf(listener), query(1)), replyTo(query(1)));
  });

  test("a flood leaves a turn of the event loop to others between its batches", async context => {
    const kernel = await FailingCalls.load();
    let answeredCount = 0;
    const perTurn: number[] = [];
    const countTurns = async () => {
      while (answeredCount < 100) {
        const before = answeredCount;
        await nextTurn();
        perTurn.push(answeredCount - before);
      }
    };
    const respond = (octets: Uint8Array) => {
      answeredCount += 1;
      return replyTo(Buffer.from(octets));
    };
    const listener = await listen(context, "batched", { calls: kernel.calls, respond });
    const sent = await sendFrom(context, serverOf(listener), queries);
    await countTurns();
    await sent.received(100);
    assert.ok(Math.max(...perTurn) <= 64, `${Math.max(...perTurn)} queries in one turn`);
  });

  test("an answer that no datagram can hold is dropped", async context => {
    const lines: Record<string, unknown>[] = [];
    const respond = (octets: Uint8Array) => new Uint8Array([70_000, 200_000, 1][octets.length - 40] ?? 0);
    const onLogLine = (line: Record<string, unknown>) => lines.push(line);
    const one = await client(context, serverOf(await listen(context, "batched", { respond, onLogLine })));
    for (const sizeBytes of [40, 41, 42]) one.send(query(1, sizeBytes));
    assert.deepEqual(await one.receive(), Buffer.alloc(1));
    assert.deepEqual(
      lines.map(({ code }) => code),
      ["EMSGSIZE", "EMSGSIZE"],
    );
  });

  test("a lone query is sent back by the call after the one that read it", async context => {
    const kernel = await FailingCalls.load();
    const listener = await listen(context, "batched", { calls: kernel.calls, respond: echo });
    for (const number of [1, 2, 3]) await exchangeUdp(serverOf(listener), query(number));
    assert.deepEqual(kernel.sendCounts, [1, 1, 1]);
  });

  test("late answers that are ready in one turn of the event loop leave in one call", async context => {
    const kernel = await FailingCalls.load();
    const allCame = Promise.withResolvers<void>();
    let cameCount = 0;
    const respond = async (octets: Uint8Array) => {
      const reply = replyTo(Buffer.from(octets));
      cameCount += 1;
      if (cameCount === 50) allCame.resolve();
      await allCame.promise;
      return reply;
    };
    const listener = await listen(context, "batched", { calls: kernel.calls, respond });
    const { received, replies } = await sendFrom(context, serverOf(listener), queries.slice(0, 50));
    await received(50);
    assert.deepEqual(numbersOf(replies), numbers.slice(0, 50));
    assert.deepEqual(kernel.sendCounts, [50]);
  });

  test("late answers that are ready when it closes are sent before", async () => {
    const answer = Promise.withResolvers<Buffer>();
    const came = Promise.withResolvers<void>();
    const respond = () => {
      came.resolve();
      return answer.promise;
    };
    const listener = await open("batched", { respond });
    const asked = exchangeUdp(serverOf(listener), query(1));
    await came.promise;
    const closed = listener.close();
    // By then it has read all there is.
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    answer.resolve(replyTo(query(1)));
    await closed;
    assert.deepEqual(await asked, replyTo(query(1)));
  });

  test("a listener that nobody holds goes on", async context => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    const listener = new WeakRef(await open("batched"));
    context.after(() => listener.deref()?.close());
    const server = serverOf(listener.deref() ?? assert.fail());
    for (let round = 0; round < 5; round++) {
      collectGarbage();
      await nextTurn();
      assert.deepEqual(await exchangeUdp(server, query(round)), replyTo(query(round)));
    }
  });

  test("a descriptor is closed once, after the end of its watch, and none is left", async () => {
    const kernel = await FailingCalls.load();
    const listener = await open("batched", { calls: kernel.calls });
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    assert.deepEqual(kernel.trace, ["watch readable", "end of watch", "close"]);
    kernel.fail("getsockname", ENOMEM);
    await assert.rejects(open("batched", { calls: kernel.calls }), {
      code: "ENOMEM",
      syscall: "getsockname",
    });
    assert.deepEqual(kernel.trace.slice(3), ["close"]);
  });

  test("a process without rights takes the receive buffer it is given", async context => {
    const kernel = await FailingCalls.load();
    const options: number[] = [];
    const { setsockopt } = kernel.calls;
    const calls = {
      ...kernel.calls,
      setsockopt: (...given: Parameters<typeof setsockopt>) => {
        options.push(given[2]);
        // SO_RCVBUFFORCE
        if (given[2] === 33) kernel.fail("setsockopt", EPERM);
        return setsockopt(...given);
      },
    };
    await listen(context, "batched", { calls });
    // SO_REUSEPORT, SO_RCVBUFFORCE, SO_RCVBUF
    assert.deepEqual(options, [15, 33, 8]);
  });
});
