import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Agent, request } from "node:http";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import type { Pod } from "../../../src/cluster/objects.ts";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import { StandIns } from "../../../src/proxy/userspace/stand-ins.ts";
import { clusterOf, endpointOfPod, freshAddress, pod, port, service, slice } from "../cluster-fixture.ts";
import {
  connectTo,
  errorCode,
  exchange,
  log,
  readAll,
  readBytes,
  startProxy,
  startServer,
  startUdp,
} from "./proxy-rig.ts";

const webPorts: Pick<Pod, "containerPorts"> = {
  containerPorts: [
    { name: "http", protocol: "TCP", port: 8080 },
    { name: "dns", protocol: "UDP", port: 8053 },
    { name: "sigtran", protocol: "SCTP", port: 2905 },
  ],
};

async function startStandIns(t: TestContext, cluster: ClusterStore): Promise<StandIns> {
  const standIns = new StandIns({ cluster, log });
  t.after(() => standIns.stop());
  await standIns.ready();
  return standIns;
}

/** Pod `web-0` with its stand-ins running. */
async function startWeb(
  t: TestContext,
): Promise<{ address: string; cluster: ClusterStore; standIns: StandIns }> {
  const address = freshAddress();
  const cluster = clusterOf(pod("web-0", address, webPorts));
  return { address, cluster, standIns: await startStandIns(t, cluster) };
}

interface Reply {
  readonly status: number | undefined;
  readonly pod: string | string[] | undefined;
  readonly body: string;
}

async function ask(options: RequestOptions, send = ""): Promise<Reply> {
  const outgoing = request({ port: 8080, agent: false, ...options }).end(send);
  const [reply] = (await once(outgoing, "response")) as [IncomingMessage];
  const parts = await reply.setEncoding("utf8").toArray();
  return { status: reply.statusCode, pod: reply.headers["x-frontdesk-pod"], body: parts.join("") };
}

describe("HTTP stand-in", () => {
  test("reply names the Pod, its address, the request and the client", async t => {
    const { address } = await startWeb(t);
    const reply = await ask({ host: address, path: "/cart?id=1", localAddress: "127.0.0.9" });
    assert.deepEqual([reply.status, reply.pod], [200, "web-0"]);
    assert.deepEqual(reply.body.replace(/127\.0\.0\.9:\d+/, "CLIENT").split("\n"), [
      "pod:       web-0",
      "namespace: default",
      `address:   ${address}:8080`,
      "request:   GET /cart?id=1",
      "client:    CLIENT",
      "",
    ]);
  });

  test("request body is read to its end before the reply", async t => {
    const { address } = await startWeb(t);
    const reply = await ask({ host: address, method: "POST", path: "/upload" }, "x".repeat(8 << 20));
    assert.match(reply.body, /request: {3}POST \/upload/);
  });

  test("HEAD gets the header alone", async t => {
    const { address } = await startWeb(t);
    const reply = await ask({ host: address, method: "HEAD" });
    assert.deepEqual(reply, { status: 200, pod: "web-0", body: "" });
  });

  test("connection is kept for further requests", async t => {
    const { address } = await startWeb(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const clients = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      const { body } = await ask({ host: address, agent });
      clients.add(/client: .*/.exec(body)?.[0]);
    }
    assert.equal(clients.size, 1);
  });

  test("request in small pieces, followed by a half-close, is answered", async t => {
    const { address } = await startWeb(t);
    const client = await connectTo(t, address, 8080);
    client.setNoDelay();
    for (const piece of ["GE", "T / HT", "TP/1.0\r\nHost: web\r", "\n\r"])
      await new Promise<void>(sent => client.write(piece, () => sent()));
    client.end("\n");
    assert.match(
      String(await readAll(client)),
      /^HTTP\/1\.1 200 OK\r\n.*x-frontdesk-pod: web-0\r\n.*GET \//s,
    );
  });

  test("request that is not well-formed is answered with 400", async t => {
    const { address } = await startWeb(t);
    assert.match(await exchange(address, 8080, { send: "GET / HTTP/1.1\r\n:\r\n\r\n" }), /^HTTP\/1\.1 400 /);
  });
});

describe("TCP stand-in", () => {
  test("bytes come back after the Pod's name, and the end after the client's end", async t => {
    const { address } = await startWeb(t);
    const client = await connectTo(t, address, 8080);
    client.write("*1\r\n");
    assert.equal(await readBytes(client, 10), "web-0\n*1\r\n");
    client.end("bye");
    assert.equal(String(await readAll(client)), "bye");
  });

  test("client that sends nothing, or what could have become HTTP, gets the name and the bytes", async t => {
    const { address } = await startWeb(t);
    assert.equal(await exchange(address, 8080), "web-0\n");
    assert.equal(await exchange(address, 8080, { send: "GET /" }), "web-0\nGET /");
  });

  test("16 MB sent before anything is read come back complete", async t => {
    const { address } = await startWeb(t);
    const bytes = Buffer.alloc(16 << 20, "0123456789");
    const client = await connectTo(t, address, 8080);
    client.end(bytes);
    const answer = await readAll(client);
    assert.ok(answer.equals(Buffer.concat([Buffer.from("web-0\n"), bytes])));
  });
});

describe("UDP stand-in", () => {
  test("payload comes back after the Pod's name", async t => {
    const { address } = await startWeb(t);
    const client = await startUdp(t, "127.0.0.1");
    client.socket.send("hello", 8053, address);
    assert.deepEqual(await client.take(), { text: "web-0\nhello", from: `${address}:8053` });
  });

  test("largest payload comes back as far as it fits", async t => {
    const { address } = await startWeb(t);
    const client = await startUdp(t, "127.0.0.1");
    client.socket.send("x".repeat(65_507), 8053, address);
    assert.equal((await client.take()).text, `web-0\n${"x".repeat(65_501)}`);
  });
});

describe("which Pods have stand-ins", () => {
  const rows = (standIns: StandIns) =>
    standIns.status().map(one => `${one.podName} ${one.protocol} ${one.port}→${one.servedPort} ${one.state}`);

  test("every port but SCTP is served, ready or not", async t => {
    const cluster = clusterOf(
      pod("web-0", freshAddress(), { ...webPorts, phase: "Pending", isReady: false }),
    );
    const standIns = await startStandIns(t, cluster);
    assert.deepEqual(rows(standIns), ["web-0 TCP 8080→8080 serving", "web-0 UDP 8053→8053 serving"]);
  });

  test("port that only a slice knows is served", async t => {
    const address = freshAddress();
    const slices = slice("web", [endpointOfPod(address, "web-0")], {
      ports: [8080, 9090].map(number => ({ name: String(number), protocol: "TCP", port: number })),
    });
    const standIns = await startStandIns(t, clusterOf(pod("web-0", address, webPorts), slices));
    assert.deepEqual(rows(standIns), [
      "web-0 TCP 8080→8080 serving",
      "web-0 UDP 8053→8053 serving",
      "web-0 TCP 9090→9090 serving",
    ]);
    assert.equal(await exchange(address, 9090), "web-0\n");
  });

  test("Pod that has ended has none, and loses those it had", async t => {
    const { address, cluster, standIns } = await startWeb(t);
    const client = await connectTo(t, address, 8080);
    client.write("hello");
    await readBytes(client, 11);
    const ended = once(client.resume(), "end");
    cluster.apply(pod("web-0", address, { ...webPorts, phase: "Succeeded" }));
    await standIns.ready();
    await ended;
    assert.deepEqual(standIns.status(), []);
    assert.equal(await errorCode(exchange(address, 8080)), "ECONNREFUSED");
  });

  test("Pods that come, get ports and go are followed", async t => {
    const address = freshAddress();
    const cluster = clusterOf();
    const standIns = await startStandIns(t, cluster);
    const steps = [
      () => cluster.apply(pod("web-0", address, webPorts)),
      () =>
        cluster.apply(
          slice("web", [endpointOfPod(address, "web-0")], {
            ports: [{ name: "", protocol: "TCP", port: 9090 }],
          }),
        ),
      () => cluster.remove("EndpointSlice", "default/web-abcde"),
      () => cluster.remove("Pod", "default/web-0"),
    ];
    const counts: number[] = [];
    for (const step of steps) {
      step();
      await standIns.ready();
      counts.push(standIns.status().length);
    }
    assert.deepEqual(counts, [2, 3, 2, 0]);
    assert.equal(await errorCode(exchange(address, 8080)), "ECONNREFUSED");
  });

  test("address that is not loopback is reported", async t => {
    const standIns = await startStandIns(t, clusterOf(pod("web-0", "10.244.0.5", webPorts)));
    const [status] = standIns.status();
    assert.deepEqual(
      [status?.state, status?.note],
      [
        "unservable",
        "not reachable: 10.244.0.5 is not an address of this machine (ip addr add 10.244.0.5/32 dev lo)",
      ],
    );
  });

  test("program that already serves the Pod's port is left in place and reported", async t => {
    const address = freshAddress();
    await startServer(t, address, socket => socket.resume().end("the real one"));
    const standIns = await startStandIns(t, clusterOf(pod("web-0", address, webPorts)));
    assert.deepEqual(rows(standIns), ["web-0 TCP 8080→8080 unservable", "web-0 UDP 8053→8053 serving"]);
    assert.equal(await exchange(address, standIns.dialPort(address, 8080, "TCP")), "the real one");
  });
});

describe("proxy before stand-ins", () => {
  test("Service leads to its Pods, on ports that need privilege too", async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    const lowPorts = [
      { name: "http", protocol: "TCP", port: 80 },
      { name: "dns", protocol: "UDP", port: 53 },
    ] as const;
    const cluster = clusterOf(
      service("web", { clusterIPs: [clusterIP], ports: [port("http", 80), port("dns", 53, "UDP")] }),
      slice("web", [endpointOfPod(address, "web-0")], { ports: lowPorts }),
      pod("web-0", address, { containerPorts: lowPorts }),
    );
    const standIns = await startStandIns(t, cluster);
    const proxy = await startProxy(t, cluster, { dialPort: standIns.dialPort });
    const [http, dns] = proxy.waysIn();
    assert.ok(http !== undefined && dns !== undefined);
    const reply = await ask({ host: clusterIP, port: http.servedPort });
    assert.equal(reply.pod, "web-0");
    assert.match(reply.body, new RegExp(`address: {3}${address}:80\n`));
    assert.equal(await exchange(clusterIP, http.servedPort, { send: "raw" }), "web-0\nraw");
    const client = await startUdp(t, "127.0.0.1");
    client.socket.send("x", dns.servedPort, clusterIP);
    assert.equal((await client.take()).text, "web-0\nx");

    cluster.remove("Pod", "default/web-0");
    await standIns.ready();
    assert.equal(standIns.dialPort(address, 80, "TCP"), 80);
  });
});

test("stop closes stand-ins and their connections at once", async t => {
  const { address, standIns } = await startWeb(t);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await ask({ host: address, agent });
  const client = await connectTo(t, address, 8080);
  client.write("hello");
  await readBytes(client, 11);
  const ended = once(client.resume(), "end");
  await standIns.stop();
  await ended;
  assert.deepEqual(standIns.status(), []);
  assert.equal(standIns.dialPort(address, 8080, "TCP"), 8080);
  assert.equal(await errorCode(exchange(address, 8080)), "ECONNREFUSED");
});
