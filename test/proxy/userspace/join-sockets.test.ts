import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { joinSockets, resetSocket } from "../../../src/proxy/userspace/join-sockets.ts";
import { freshAddress } from "../cluster-fixture.ts";
import { readAll } from "./proxy-rig.ts";

/** Two ends of one connection. */
async function socketPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, freshAddress());
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const near = connect({ host: address.address, port: address.port, allowHalfOpen: true });
  const [[far]] = await Promise.all([once(server, "connection") as Promise<[Socket]>, once(near, "connect")]);
  server.close();
  t.after(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

/** client ⇄ (inner, outer) ⇄ server, the two in the middle being joined. */
async function joinedPairs(t: TestContext) {
  const [client, inner] = await socketPair(t);
  const [outer, server] = await socketPair(t);
  joinSockets(inner, outer);
  return { client, inner, outer, server };
}

test("64 MB to a slow reader are held back in the kernel and arrive complete", async t => {
  const { client, inner, outer, server } = await joinedPairs(t);
  const chunk = Buffer.alloc(1 << 20, "x");
  const send = async () => {
    for (let i = 0; i < 64; i++) if (!server.write(chunk)) await once(server, "drain");
    server.end();
  };
  const sent = send();
  let receivedBytes = 0;
  let mostBuffered = 0;
  for await (const part of client) {
    receivedBytes += part.length;
    mostBuffered = Math.max(mostBuffered, inner.writableLength + outer.readableLength);
    await nextTurn();
  }
  await sent;
  client.end();
  assert.equal(receivedBytes, 64 << 20);
  assert.ok(mostBuffered > 0, "the reader was never too slow");
  assert.ok(mostBuffered <= 512 * 1024, `${mostBuffered} bytes buffered`);
});

test("answer that the server completed before it failed still reaches a slow client", async t => {
  const { client, inner, outer, server } = await joinedPairs(t);
  let sentBytes = 0;
  // Until the kernel takes no more on the way to the client and the joint itself has to keep some.
  while (inner.writableLength === 0) {
    sentBytes += 16_384;
    server.write(Buffer.alloc(16_384, "x"));
    while (outer.bytesRead < sentBytes) await nextTurn();
  }
  server.end();
  await once(outer, "end");
  assert.equal(inner.writableFinished, false);
  outer.destroy(new Error("write after the server closed"));
  let receivedBytes = 0;
  client.on("data", part => {
    receivedBytes += part.length;
  });
  await once(client, "end");
  assert.equal(receivedBytes, sentBytes);
  assert.ok(inner.destroyed);
});

test("failure in the middle of an answer resets the client", async t => {
  const { client, outer, server } = await joinedPairs(t);
  server.write("half an ans");
  await once(client.resume(), "data");
  const failure = once(client, "error");
  outer.destroy(new Error("reset"));
  assert.equal((await failure)[0].code, "ECONNRESET");
});

test("reset right after a half-close is carried out and the socket closed", async t => {
  const [near, far] = await socketPair(t);
  far.on("error", () => {});
  near.end("bye");
  resetSocket(near);
  await once(near, "close");
  assert.equal(near.errored, null);
});

test("reset of a socket that still has bytes to send drops them", async t => {
  const [near, far] = await socketPair(t);
  near.end(Buffer.alloc(16 << 20));
  await nextTurn();
  resetSocket(near);
  await once(near, "close");
  await assert.rejects(readAll(far), { code: "ECONNRESET" });
});
