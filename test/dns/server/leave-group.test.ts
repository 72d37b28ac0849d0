/** A batched listener that shares its port with others closes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Respond } from "../../../src/dns/server/responder.ts";
import { client, echo, hasIPv6, listen, query } from "./udp-rig.ts";

const clientCount = 32;

for (const [bound, asked, isThere] of [
  ["127.0.0.1", "127.0.0.1", true],
  ["0.0.0.0", "127.0.0.1", true],
  ["::1", "::1", hasIPv6],
  ["::", "::1", hasIPv6],
] as const) {
  test(`one that closes on ${bound} is given no more, and answers what it had been given`, {
    skip: process.platform !== "linux" || !isThere,
  }, async context => {
    const gate = Promise.withResolvers<void>();
    const read: number[] = [];
    const respond: Respond = (octets, from) => {
      read.push(Buffer.from(octets).readUInt16BE());
      const reply = echo(octets, from);
      return gate.promise.then(() => reply);
    };
    const shared = { address: bound, sharesQueries: true };
    const leaving = await listen(context, "batched", { ...shared, respond });
    const clients = await Promise.all(
      Array.from({ length: clientCount }, () => client(context, { host: asked, port: leaving.port })),
    );
    clients.forEach((one, index) => void one.send(query(index)));
    while (read.length < clientCount) await new Promise(resolve => setImmediate(resolve));
    await listen(context, "batched", { ...shared, port: leaving.port });
    const closed = leaving.close();
    // It waits for its late answers, with its socket open: all new queries are the other's, which answers at once.
    clients.forEach((one, index) => void one.send(query(clientCount + index)));
    for (const [index, one] of clients.entries()) {
      assert.equal((await one.receive()).readUInt16BE(), clientCount + index);
    }
    gate.resolve();
    for (const [index, one] of clients.entries()) assert.equal((await one.receive()).readUInt16BE(), index);
    await closed;
    assert.equal(read.length, clientCount);
  });
}
