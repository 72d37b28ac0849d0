/** How a UDP listener ends: nothing that has come is lost, and its port can be had by another before and after. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { UDPKind } from "../../../src/dns/server/listener.ts";
import { sharesPorts } from "../../../src/dns/server/port-sharing.ts";
import { client, kinds, listen, open, query, receiveAll, replyTo, sendFrom, serverOf } from "./udp-rig.ts";

const counted = (count: number) => Array.from({ length: count }, (_, index) => query(index));

/** Registers a test for each clause. */
export function closingCases(kind: UDPKind): void {
  test("closing answers what has come", async context => {
    const listener = await open(kind);
    const from = await sendFrom(context, serverOf(listener), counted(200));
    await listener.close();
    await from.received(200);
    assert.deepEqual(new Set(from.replies.map(reply => reply.readUInt16BE())).size, 200);
  });

  test("closing waits for late answers, and answers what comes meanwhile", async context => {
    const slow = Promise.withResolvers<void>();
    const listener = await open(kind, {
      respond: octets => {
        const reply = replyTo(Buffer.from(octets));
        return reply.readUInt16BE() === 1 ? slow.promise.then(() => reply) : reply;
      },
    });
    const one = await client(context, serverOf(listener));
    one.send(query(1));
    one.send(query(2));
    assert.equal((await one.receive()).readUInt16BE(), 2);
    const closed = listener.close();
    one.send(query(3));
    assert.equal((await one.receive()).readUInt16BE(), 3);
    slow.resolve();
    assert.equal((await one.receive()).readUInt16BE(), 1);
    await closed;
  });

  test("closing waits for late answers to what has come while it waited", async context => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let readCount = 0;
    const respond = async (octets: Uint8Array) => {
      const reply = replyTo(Buffer.from(octets));
      await gates[readCount++]?.promise;
      return reply;
    };
    const listener = await open(kind, { respond });
    const one = await client(context, serverOf(listener));
    const readOne = async () => {
      const before = readCount;
      one.send(query(before));
      while (readCount === before) await nextTurn();
    };
    await readOne();
    const closed = listener.close();
    await nextTurn();
    await readOne();
    gates[0].resolve();
    assert.equal((await one.receive()).readUInt16BE(), 0);
    await nextTurn();
    gates[1].resolve();
    assert.equal((await one.receive()).readUInt16BE(), 1);
    await closed;
  });

  test("a port that is closed can be had by one that does not share it", async context => {
    const listener = await open(kind);
    await listener.close();
    const other = createSocket("udp4").bind(listener.port, listener.address);
    context.after(() => other.close());
    await once(other, "listening");
  });

  for (const heirKind of kinds) {
    test(`a ${heirKind} listener takes over without losing a query`, {
      skip: !sharesPorts,
    }, async context => {
      const listener = await open(kind);
      const server = serverOf(listener);
      // The kernel spreads clients over the sockets of a port by their own ports.
      const clients = await Promise.all(Array.from({ length: 16 }, () => client(context, server)));
      let number = 0;
      const ask = () => {
        for (const one of clients) one.send(query(number));
        number += 1;
      };
      ask();
      const heir = await listen(context, heirKind, { port: listener.port });
      assert.equal(heir.port, listener.port);
      ask();
      const closed = listener.close();
      ask();
      await closed;
      ask();
      for (const one of clients) {
        assert.deepEqual(await receiveAll(one, 4), counted(4).map(replyTo));
      }
    });
  }
}
