/** The contract of a UDP listener: every datagram gets to the responder whole, and its answer back to who sent it. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { UDPKind } from "../../../src/dns/server/listener.ts";
import type { Shortcut } from "../../../src/dns/server/shortcut.ts";
import { maxShortcutOctets } from "../../../src/dns/server/shortcut.ts";
import { exchangeUdp } from "../../support/dns-client.ts";
import { ownAddress } from "../../support/own-address.ts";
import { client, echo, hasIPv6, listen, query, receiveAll, replyTo, serverOf } from "./udp-rig.ts";

/** Registers a test for each clause. */
export function contractCases(kind: UDPKind): void {
  deliveryCases(kind);
  lateCases(kind);
  addressCases(kind);
  shortcutCases(kind);
}

function deliveryCases(kind: UDPKind): void {
  test("a lone query is answered at once, and again", async context => {
    const server = serverOf(await listen(context, kind));
    for (const number of [1, 2, 3]) {
      assert.deepEqual(await exchangeUdp(server, query(number)), replyTo(query(number)));
    }
  });

  test("every query of a burst is answered, each to its client", async context => {
    const server = serverOf(await listen(context, kind));
    const clients = await Promise.all(Array.from({ length: 8 }, () => client(context, server)));
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    for (const number of numbers) {
      for (const [index, one] of clients.entries()) one.send(query(number * 8 + index));
    }
    for (const [index, one] of clients.entries()) {
      const expected = numbers.map(number => replyTo(query(number * 8 + index)));
      assert.deepEqual(await receiveAll(one, numbers.length), expected);
    }
  });

  for (const sizeBytes of [3, 512, 513, 4_096, 4_097, 9_000, 65_507]) {
    test(`a query of ${sizeBytes} octets comes whole, and so does an answer of this size`, async context => {
      const sizes: number[] = [];
      const respond = (octets: Uint8Array) => {
        sizes.push(octets.length);
        return replyTo(Buffer.from(octets));
      };
      const server = serverOf(await listen(context, kind, { respond }));
      // Small ones around it must not mix with it.
      const one = await client(context, server);
      const queries = [query(1), query(2, sizeBytes), query(3)];
      for (const octets of queries) one.send(octets);
      assert.deepEqual(await receiveAll(one, 3), queries.map(replyTo));
      assert.deepEqual(
        sizes.sort((a, b) => a - b),
        [40, 40, sizeBytes].sort((a, b) => a - b),
      );
    });
  }

  test("many large answers to one burst all come", async context => {
    const respond = (octets: Uint8Array) => query(Buffer.from(octets).readUInt16BE(), 60_000);
    const one = await client(context, serverOf(await listen(context, kind, { respond })));
    // Few enough for the client's receive buffer.
    for (const number of [1, 2, 3]) one.send(query(number));
    assert.deepEqual(
      await receiveAll(one, 3),
      [1, 2, 3].map(number => query(number, 60_000)),
    );
  });

  test("a datagram without octets is no reason to stop", async context => {
    const sizes: number[] = [];
    const respond = (octets: Uint8Array) => {
      sizes.push(octets.length);
      return octets.length === 0 ? undefined : Buffer.from("x");
    };
    const one = await client(context, serverOf(await listen(context, kind, { respond })));
    one.send(Buffer.alloc(0));
    one.send(query(1));
    assert.deepEqual(await one.receive(), Buffer.from("x"));
    assert.deepEqual(sizes, [0, 40]);
  });

  test("dropped answers and streams are not sent, the others are", async context => {
    const respond = (octets: Uint8Array) => {
      const number = Buffer.from(octets).readUInt16BE();
      if (number % 3 === 0) return undefined;
      return number % 3 === 1 ? [Buffer.from("a"), Buffer.from("b")] : replyTo(Buffer.from(octets));
    };
    const one = await client(context, serverOf(await listen(context, kind, { respond })));
    for (let number = 0; number < 90; number++) one.send(query(number));
    const replies = await receiveAll(one, 30);
    assert.deepEqual(
      replies.map(reply => reply.readUInt16BE()),
      Array.from({ length: 30 }, (_, index) => index * 3 + 2),
    );
    assert.equal(one.unreadCount, 0);
  });

  test("clients that are gone take nothing from the others", async context => {
    const server = serverOf(await listen(context, kind));
    const stays = await client(context, server);
    for (let number = 0; number < 50; number++) {
      const leaves = createSocket("udp4");
      leaves.connect(server.port, server.host);
      await once(leaves, "connect");
      await new Promise(resolve => leaves.send(query(number), resolve));
      leaves.close();
      stays.send(query(number));
    }
    assert.equal((await receiveAll(stays, 50)).length, 50);
  });
}

function lateCases(kind: UDPKind): void {
  test("late answers reach their clients, and may look at the query until then", async context => {
    const turns = new Map<number, () => void>();
    const respond = async (octets: Uint8Array) => {
      await new Promise<void>(resolve => turns.set(Buffer.from(octets).readUInt16BE(), resolve));
      return replyTo(Buffer.from(octets));
    };
    const server = serverOf(await listen(context, kind, { respond }));
    const [one, other] = [await client(context, server), await client(context, server)];
    for (let number = 0; number < 100; number++) (number % 2 === 0 ? one : other).send(query(number));
    while (turns.size < 100) await new Promise(resolve => setImmediate(resolve));
    for (const number of [...turns.keys()].reverse()) turns.get(number)?.();
    const even = Array.from({ length: 50 }, (_, index) => replyTo(query(index * 2)));
    const odd = Array.from({ length: 50 }, (_, index) => replyTo(query(index * 2 + 1)));
    assert.deepEqual(await receiveAll(one, 50), even);
    assert.deepEqual(await receiveAll(other, 50), odd);
  });

  test("a late answer waits for nothing but what it needs", async context => {
    // Only ticks and microtasks; and with the client elsewhere nothing else happens in this thread.
    const respond = async (octets: Uint8Array) => {
      await new Promise<void>(resolve => process.nextTick(resolve));
      return replyTo(Buffer.from(octets));
    };
    const server = serverOf(await listen(context, kind, { respond }));
    const asker = new Worker(new URL("./udp-asker.ts", import.meta.url), { workerData: server });
    const [outcome] = await once(asker, "message");
    assert.equal(outcome, "20 answers");
  });

  test("a late answer may be large, dropped or empty", async context => {
    const respond = async (octets: Uint8Array) => {
      const number = Buffer.from(octets).readUInt16BE();
      return [undefined, query(1, 65_507), new Uint8Array(0)][number];
    };
    const one = await client(context, serverOf(await listen(context, kind, { respond })));
    one.send(query(0));
    one.send(query(1));
    assert.deepEqual(await one.receive(), query(1, 65_507));
    one.send(query(2));
    assert.deepEqual(await one.receive(), Buffer.alloc(0));
  });
}

function addressCases(kind: UDPKind): void {
  /** The client as the responder is told it. */
  async function toldClient(context: Parameters<typeof listen>[0], address: string, host = address) {
    const clients: unknown[] = [];
    const respond = (octets: Uint8Array, from: unknown) => {
      clients.push(from);
      return replyTo(Buffer.from(octets));
    };
    const { port } = await listen(context, kind, { address, respond });
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    context.after(() => socket.close());
    socket.connect(port, host);
    await once(socket, "connect");
    socket.send(query(7));
    const [reply] = await once(socket, "message", { signal: AbortSignal.timeout(3_000) });
    assert.deepEqual(reply, replyTo(query(7)));
    return { told: clients[0], port, from: socket.address() };
  }

  test("the responder is told who asks, and where", async context => {
    const { told, port, from } = await toldClient(context, ownAddress);
    assert.deepEqual(told, {
      ...{ protocol: "udp", family: "IPv4", address: from.address, port: from.port },
      ...{ serverAddress: ownAddress, serverPort: port },
    });
  });

  test("a query over IPv6 is answered", { skip: !hasIPv6 }, async context => {
    const { told, port, from } = await toldClient(context, "::1");
    assert.deepEqual(told, {
      ...{ protocol: "udp", family: "IPv6", address: "::1", port: from.port },
      ...{ serverAddress: "::1", serverPort: port },
    });
  });

  // Node's own sockets cannot choose the source of a reply (IP_PKTINFO): the kernel takes the route's.
  const isRightSource = kind === "batched";

  test("a reply of a socket for all addresses comes from the one that was asked", {
    skip: !isRightSource,
  }, async context => {
    for (const host of ["127.0.0.1", "127.0.0.2", ownAddress]) {
      const { told } = await toldClient(context, "0.0.0.0", host);
      assert.equal((told as { serverAddress: string }).serverAddress, host);
    }
  });

  test("so does a reply over IPv6", { skip: !isRightSource || !hasIPv6 }, async context => {
    for (const host of addresses6()) {
      const { told } = await toldClient(context, "::", host);
      assert.equal((told as { serverAddress: string }).serverAddress, host);
    }
  });

  test("so does a late reply", { skip: !isRightSource }, async context => {
    const respond = async (octets: Uint8Array) => replyTo(Buffer.from(octets));
    const { port } = await listen(context, kind, { address: "0.0.0.0", respond });
    assert.deepEqual(await exchangeUdp({ host: "127.0.0.3", port }, query(3)), replyTo(query(3)));
  });

  test("a socket for all addresses of IPv6 leaves IPv4 alone", { skip: !hasIPv6 }, async context => {
    const { port } = await listen(context, kind, { address: "::" });
    const other = createSocket("udp4").bind(port, "0.0.0.0");
    context.after(() => other.close());
    await once(other, "listening");
  });

  for (const [address, code] of [
    ["192.0.2.1", "EADDRNOTAVAIL"],
    [ownAddress, "EADDRINUSE"],
  ] as const) {
    test(`an address that cannot be had is refused with ${code}`, async context => {
      const taken = createSocket("udp4").bind(0, ownAddress);
      context.after(() => taken.close());
      await once(taken, "listening");
      await assert.rejects(listen(context, kind, { address, port: taken.address().port }), { code });
    });
  }
}

/** This machine's own, with the interface where one is needed. */
function addresses6(): readonly string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
    list
      .filter(({ family }) => family === "IPv6")
      .map(({ address, scopeid = 0 }) => (scopeid > 0 ? `${address}%${name}` : address)),
  );
}

/** Answers queries with an even number by themselves, behind the marks of a prepared answer. */
class EvenNumbers implements Shortcut {
  readonly clients: unknown[] = [];

  answer(...[octets, start, end, out, outStart, arrival]: Parameters<Shortcut["answer"]>): number {
    if (end - start < 2 || octets.readUInt16BE(start) % 2 === 1) return 0;
    this.clients.push(arrival.client());
    octets.copy(out, outStart, start, end);
    out.write("ready", outStart + 2);
    return end - start;
  }
}

function shortcutCases(kind: UDPKind): void {
  test("what the shortcut knows is its answer, what it does not goes the long way", async context => {
    const shortcut = new EvenNumbers();
    const one = await client(context, serverOf(await listen(context, kind, { shortcut, respond: echo })));
    for (let number = 0; number < 150; number++) one.send(query(number));
    const expected = Array.from({ length: 150 }, (_, number) => {
      if (number % 2 === 1) return replyTo(query(number));
      const ready = query(number);
      ready.write("ready", 2);
      return ready;
    });
    assert.deepEqual(await receiveAll(one, 150), expected);
    assert.equal(shortcut.clients.length, 75);
    assert.equal((shortcut.clients[0] as { protocol: string }).protocol, "udp");
  });

  test("a shortcut has room for the largest answer each time", async context => {
    const shortcut: Shortcut = {
      answer(octets, start, end, out, outStart) {
        out.fill(0x2e, outStart, outStart + maxShortcutOctets);
        octets.copy(out, outStart, start, end);
        return maxShortcutOctets;
      },
    };
    const server = serverOf(await listen(context, kind, { shortcut }));
    // More than one buffer holds on the way out, and less than those of the clients on the way in.
    const clients = await Promise.all(Array.from({ length: 6 }, () => client(context, server)));
    for (let number = 0; number < 16; number++) for (const one of clients) one.send(query(number));
    const expected = Array.from({ length: 16 }, (_, number) =>
      Buffer.concat([query(number), Buffer.alloc(maxShortcutOctets - 40, 0x2e)]),
    );
    for (const one of clients) assert.deepEqual(await receiveAll(one, 16), expected);
  });
}
