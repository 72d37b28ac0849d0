import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import { clusterOf, freshAddress, port, service, slice } from "../cluster-fixture.ts";
import {
  connectTo,
  errorCode,
  exchange,
  readAll,
  readBytes,
  startNamedServer,
  startProxy,
  startServer,
} from "./proxy-rig.ts";

interface Subject {
  readonly cluster: ClusterStore;
  readonly clusterIP: string;
}

/** A Service `web`, port 20080, with these endpoints. */
function webCluster(...endpoints: readonly string[]): Subject {
  const clusterIP = freshAddress();
  return {
    cluster: clusterOf(
      service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] }),
      slice("web", endpoints),
    ),
    clusterIP,
  };
}

/** One endpoint whose connections are handed over as they come. */
async function startOneServer(t: TestContext): Promise<Subject & { accepted(): Promise<Socket> }> {
  const address = freshAddress();
  const subject = webCluster(address);
  const server = await startServer(t, address, () => {});
  await startProxy(t, subject.cluster);
  return { ...subject, accepted: async () => (await once(server, "connection"))[0] };
}

describe("choice of endpoint", () => {
  test("connections are spread evenly over the endpoints", async t => {
    const addresses = [freshAddress(), freshAddress(), freshAddress()];
    const { cluster, clusterIP } = webCluster(...addresses);
    for (const address of addresses) await startNamedServer(t, address, address);
    await startProxy(t, cluster);
    const counts = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      const name = await exchange(clusterIP, 20080);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    // 100 each are expected with a standard deviation of 8.
    assert.deepEqual([...counts.keys()].sort(), [...addresses].sort());
    assert.ok(Math.min(...counts.values()) > 50, `uneven: ${[...counts.values()]}`);
  });

  test("new connections follow a change of endpoints, existing ones stay", async t => {
    const [before, after] = [freshAddress(), freshAddress()];
    const { cluster, clusterIP } = webCluster(before);
    await startServer(t, before, socket => socket.pipe(socket));
    await startNamedServer(t, after, "after");
    const proxy = await startProxy(t, cluster);
    const existing = await connectTo(t, clusterIP, 20080);
    existing.write("one");
    assert.equal(await readBytes(existing, 3), "one");

    cluster.apply(slice("web", [after]));
    await proxy.ready();
    assert.equal(await exchange(clusterIP, 20080), "after");
    existing.write("two");
    assert.equal(await readBytes(existing, 3), "two");
  });
});

describe("Service without endpoints", () => {
  test("connection is refused at once", async t => {
    const { cluster, clusterIP } = webCluster();
    await startProxy(t, cluster);
    assert.equal(await errorCode(exchange(clusterIP, 20080)), "ECONNREFUSED");
  });

  test("port opens with the first endpoint and closes with the last, connections stay", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = webCluster();
    await startServer(t, address, socket => socket.pipe(socket));
    const proxy = await startProxy(t, cluster);
    for (let round = 0; round < 3; round++) {
      cluster.apply(slice("web", [address]));
      await proxy.ready();
      const open = await connectTo(t, clusterIP, 20080);
      cluster.apply(slice("web", []));
      await proxy.ready();
      assert.equal(await errorCode(exchange(clusterIP, 20080)), "ECONNREFUSED");
      open.end("still here");
      assert.equal(String(await readAll(open)), "still here");
    }
  });

  test("no connection hangs while endpoints come and go", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = webCluster(address);
    await startNamedServer(t, address, "here");
    const proxy = await startProxy(t, cluster);
    const attempts: Promise<string>[] = [];
    for (let round = 0; round < 100; round++) {
      attempts.push(exchange(clusterIP, 20080).catch(error => error.code));
      cluster.apply(slice("web", round % 2 === 0 ? [] : [address]));
      if (round % 3 === 0) await proxy.ready();
    }
    const outcomes = new Set(await Promise.all(attempts));
    for (const code of ["ECONNREFUSED", "ECONNRESET"]) outcomes.delete(code);
    assert.deepEqual([...outcomes], ["here"]);
  });
});

describe("endpoint that does not accept", () => {
  test("next endpoint is tried, and the client notices nothing", async t => {
    const [dead, alive] = [freshAddress(), freshAddress()];
    const { cluster, clusterIP } = webCluster(dead, alive, freshAddress());
    await startServer(t, alive, socket => socket.pipe(socket));
    await startProxy(t, cluster);
    for (let i = 0; i < 20; i++) assert.equal(await exchange(clusterIP, 20080, { send: "hello" }), "hello");
  });

  test("client is reset when every endpoint refuses", async t => {
    const { cluster, clusterIP } = webCluster(freshAddress(), freshAddress());
    await startProxy(t, cluster);
    assert.equal(await errorCode(exchange(clusterIP, 20080, { send: "hello" })), "ECONNRESET");
  });

  test("silent endpoint is given up after the connect timeout", async t => {
    const { address: silent } = await startSilentServer(t);
    const alone = webCluster(silent);
    const alive = freshAddress();
    const accompanied = webCluster(silent, alive);
    await startNamedServer(t, alive, "alive");
    await startProxy(t, alone.cluster, { connectTimeoutMs: 50 });
    // Time enough for the one that accepts, on a busy machine too.
    await startProxy(t, accompanied.cluster, { connectTimeoutMs: 1_000 });
    assert.equal(await errorCode(exchange(alone.clusterIP, 20080)), "ECONNRESET");
    const answers = Array.from({ length: 8 }, () => exchange(accompanied.clusterIP, 20080));
    assert.deepEqual(await Promise.all(answers), Array(8).fill("alive"));
  });
});

describe("connect timeout", () => {
  test("connection once made may be idle for longer", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = webCluster(address);
    await startServer(t, address, socket => socket.pipe(socket));
    await startProxy(t, cluster, { connectTimeoutMs: 500 });
    const client = await connectTo(t, clusterIP, 20080);
    client.write("one");
    assert.equal(await readBytes(client, 3), "one");
    await delay(750);
    client.write("two");
    assert.equal(await readBytes(client, 3), "two");
  });

  test("client that gives up meanwhile leaves no connection behind", async t => {
    const { address, worker, release } = await startSilentServer(t);
    const { cluster, clusterIP } = webCluster(address);
    await startProxy(t, cluster);
    const client = await connectTo(t, clusterIP, 20080);
    client.resetAndDestroy();
    const outcome = once(worker, "message");
    release();
    // The kernel repeats its SYN after a second and is accepted then.
    assert.deepEqual(await outcome, ["third connection closed"]);
  });
});

/** Listens on port 8080 with a queue that is full, so that the kernel leaves connections unanswered until released. */
async function startSilentServer(t: TestContext) {
  const address = freshAddress();
  const released = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { parentPort, workerData: released } = require("node:worker_threads");
    const sockets = [];
    const server = require("node:net").createServer(socket => {
      if (sockets.push(socket.on("error", () => {}).resume()) < 3) return;
      socket.on("close", () => parentPort.postMessage("third connection closed"));
    });
    server.listen({ host: "${address}", port: 8080, backlog: 1 }, () => {
      parentPort.postMessage("listening");
      Atomics.wait(released, 0, 0);
    });`;
  const worker = new Worker(code, { eval: true, workerData: released });
  t.after(() => worker.terminate());
  await once(worker, "message");
  for (let i = 0; i < 2; i++) (await connectTo(t, address, 8080)).on("error", () => {});
  const release = () => {
    Atomics.store(released, 0, 1);
    Atomics.notify(released, 0);
  };
  return { address, worker, release };
}

describe("ends of a connection", () => {
  test("server may answer after the client has half-closed", async t => {
    const { clusterIP, accepted } = await startOneServer(t);
    const answer = exchange(clusterIP, 20080, { send: "question" });
    const server = await accepted();
    const question = await readAll(server);
    server.end(`answer to ${question}`);
    assert.equal(await answer, "answer to question");
  });

  test("client may go on sending after the server has half-closed", async t => {
    const { clusterIP, accepted } = await startOneServer(t);
    const [client, server] = await Promise.all([connectTo(t, clusterIP, 20080), accepted()]);
    server.end("greeting");
    assert.equal(String(await readAll(client)), "greeting");
    client.write("more ");
    client.end("to say");
    assert.equal(String(await readAll(server)), "more to say");
  });

  test("client may send everything and half-close before the server reads", async t => {
    const { clusterIP, accepted } = await startOneServer(t);
    const [client, server] = await Promise.all([connectTo(t, clusterIP, 20080), accepted()]);
    const flushed = once(client, "finish");
    client.end(Buffer.alloc(200_000, "x"));
    await flushed;
    server.end(String((await readAll(server)).length));
    assert.equal(String(await readAll(client)), "200000");
  });

  test("reset by the client reaches the server as a reset", async t => {
    const { clusterIP, accepted } = await startOneServer(t);
    const [client, server] = await Promise.all([connectTo(t, clusterIP, 20080), accepted()]);
    server.resume();
    const failure = once(server, "error");
    client.resetAndDestroy();
    assert.equal((await failure)[0].code, "ECONNRESET");
  });

  test("reset by the server reaches the client as a reset", async t => {
    const { clusterIP, accepted } = await startOneServer(t);
    const [client, server] = await Promise.all([connectTo(t, clusterIP, 20080), accepted()]);
    client.resume();
    const failure = once(client, "error");
    server.resetAndDestroy();
    assert.equal((await failure)[0].code, "ECONNRESET");
  });
});
