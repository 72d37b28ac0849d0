import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Service } from "../../../src/cluster/objects.ts";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import { clusterOf, freshAddress, port, service, slice } from "../cluster-fixture.ts";
import type { UdpPeer } from "./proxy-rig.ts";
import { startProxy, startUdp } from "./proxy-rig.ts";

interface Subject {
  readonly cluster: ClusterStore;
  readonly clusterIP: string;
}

function dnsSlice(...endpoints: readonly string[]) {
  return slice("dns", endpoints, { ports: [{ name: "dns", protocol: "UDP", port: 8053 }] });
}

/** A Service `dns`, port 53053/UDP, with these endpoints. */
function dnsCluster(endpoints: readonly string[], fields: Partial<Service> = {}): Subject {
  const clusterIP = freshAddress();
  const dns = service("dns", { clusterIPs: [clusterIP], ports: [port("dns", 53053, "UDP")], ...fields });
  return { cluster: clusterOf(dns, dnsSlice(...endpoints)), clusterIP };
}

/** Answers with its own address before what was sent. */
function startUdpServer(t: TestContext, address: string): Promise<UdpPeer> {
  return startUdp(t, address, { port: 8053, reply: text => `${address} ${text}` });
}

async function ask(client: UdpPeer, clusterIP: string, text: string): Promise<string> {
  client.socket.send(text, 53053, clusterIP);
  return (await client.take()).text;
}

describe("flow", () => {
  test("reply comes from the address and port that was asked", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([address]);
    await startUdpServer(t, address);
    await startProxy(t, cluster);
    const client = await startUdp(t, freshAddress());
    client.socket.send("hello", 53053, clusterIP);
    assert.deepEqual(await client.take(), { text: `${address} hello`, from: `${clusterIP}:53053` });
  });

  test("flow stays with one endpoint, flows are spread over all", async t => {
    const addresses = [freshAddress(), freshAddress()];
    const { cluster, clusterIP } = dnsCluster(addresses);
    for (const address of addresses) await startUdpServer(t, address);
    await startProxy(t, cluster);
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const client = await startUdp(t, "127.0.0.1");
      const first = await ask(client, clusterIP, "x");
      for (let j = 0; j < 3; j++) assert.equal(await ask(client, clusterIP, "x"), first);
      seen.add(first);
    }
    assert.equal(seen.size, 2);
  });

  test("datagrams of a burst and empty ones arrive, in order", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([address]);
    const server = await startUdpServer(t, address);
    await startProxy(t, cluster);
    const client = await startUdp(t, "127.0.0.1");
    const sent = ["", ...Array.from({ length: 50 }, (_, i) => String(i))];
    for (const text of sent) client.socket.send(text, 53053, clusterIP);
    for (const _ of sent) await client.take();
    assert.deepEqual(
      server.received.map(({ text }) => text),
      sent,
    );
  });

  test("flow whose endpoint has gone moves to a current one", async t => {
    const [before, after] = [freshAddress(), freshAddress()];
    const { cluster, clusterIP } = dnsCluster([before]);
    await startUdpServer(t, before);
    await startUdpServer(t, after);
    const proxy = await startProxy(t, cluster);
    const client = await startUdp(t, "127.0.0.1");
    assert.equal(await ask(client, clusterIP, "1"), `${before} 1`);
    cluster.apply(dnsSlice(after));
    await proxy.ready();
    assert.equal(await ask(client, clusterIP, "2"), `${after} 2`);
  });

  test("flow whose endpoint stays is not touched by a change", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([address]);
    const server = await startUdpServer(t, address);
    const proxy = await startProxy(t, cluster);
    const client = await startUdp(t, "127.0.0.1");
    await ask(client, clusterIP, "1");
    cluster.apply(dnsSlice(address, freshAddress()));
    cluster.apply(service("other", { clusterIPs: [freshAddress()] }));
    await proxy.ready();
    await ask(client, clusterIP, "2");
    assert.equal(server.received[0]?.from, server.received[1]?.from);
  });

  test("flow refused by its endpoint finds another one, even with affinity", async t => {
    const [dead, alive] = [freshAddress(), freshAddress()];
    const { cluster, clusterIP } = dnsCluster([dead, alive], { affinityTimeoutSeconds: 3600 });
    await startUdpServer(t, alive);
    await startProxy(t, cluster);
    for (let i = 0; i < 8; i++) {
      const client = await startUdp(t, freshAddress());
      const retry = setInterval(() => client.socket.send("x", 53053, clusterIP), 5).unref();
      t.after(() => clearInterval(retry));
      assert.equal((await client.take()).text, `${alive} x`);
      clearInterval(retry);
    }
  });

  test("client with affinity reaches one endpoint from all its ports", async t => {
    const addresses = [freshAddress(), freshAddress(), freshAddress()];
    const { cluster, clusterIP } = dnsCluster(addresses, { affinityTimeoutSeconds: 3600 });
    for (const address of addresses) await startUdpServer(t, address);
    await startProxy(t, cluster);
    const seen = new Set<string>();
    for (let i = 0; i < 15; i++) seen.add(await ask(await startUdp(t, "127.0.0.1"), clusterIP, "x"));
    assert.equal(seen.size, 1);
  });
});

describe("UDP Service without endpoints", () => {
  test("client hears that the port is unreachable, and is served once there is an endpoint", async t => {
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([]);
    await startUdpServer(t, address);
    const proxy = await startProxy(t, cluster);
    const refused = createSocket("udp4");
    t.after(() => refused.close());
    refused.connect(53053, clusterIP);
    await once(refused, "connect");
    refused.send("x");
    const [error] = await once(refused, "error");
    assert.equal(error.code, "ECONNREFUSED");

    cluster.apply(dnsSlice(address));
    await proxy.ready();
    assert.equal(await ask(await startUdp(t, "127.0.0.1"), clusterIP, "x"), `${address} x`);
  });
});

describe("idle flow", () => {
  /** Sockets that are being closed count until the loop has turned. */
  async function openUdpSockets(): Promise<number> {
    for (let i = 0; i < 3; i++) await nextTurn();
    return process.getActiveResourcesInfo().filter(name => name.startsWith("UDP")).length;
  }

  /** Clock and timers moved together; yields to the sockets, which run on real time. */
  function fakeTime(t: TestContext) {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let nowMs = 1;
    return {
      nowMs: () => nowMs,
      passSeconds: (seconds: number) => {
        nowMs += seconds * 1000;
        t.mock.timers.tick(seconds * 1000);
      },
    };
  }

  test("flow that was answered ends after 120 s without a datagram", async t => {
    const { nowMs, passSeconds } = fakeTime(t);
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([address]);
    const server = await startUdpServer(t, address);
    await startProxy(t, cluster, { nowMs });
    const client = await startUdp(t, "127.0.0.1");
    for (const pause of [0, 119, 119, 121]) {
      passSeconds(pause);
      await ask(client, clusterIP, "x");
    }
    const [first, second, third, fourth] = server.received.map(({ from }) => from);
    assert.deepEqual([second, third], [first, first]);
    assert.notEqual(fourth, first);
  });

  test("flow that has ended keeps no socket", async t => {
    const { nowMs, passSeconds } = fakeTime(t);
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([address]);
    await startUdpServer(t, address);
    await startProxy(t, cluster, { nowMs });
    const client = await startUdp(t, "127.0.0.1");
    const before = await openUdpSockets();
    await ask(client, clusterIP, "x");
    assert.equal(await openUdpSockets(), before + 1);
    passSeconds(121);
    assert.equal(await openUdpSockets(), before);
  });

  test("flow that was never answered ends after 30 s without a datagram", async t => {
    const { nowMs, passSeconds } = fakeTime(t);
    const address = freshAddress();
    const { cluster, clusterIP } = dnsCluster([address]);
    const server = await startUdp(t, address, { port: 8053 });
    await startProxy(t, cluster, { nowMs });
    const client = await startUdp(t, "127.0.0.1");
    for (const pause of [0, 29, 29, 31]) {
      passSeconds(pause);
      client.socket.send("x", 53053, clusterIP);
      await server.take();
    }
    const [first, second, third, fourth] = server.received.map(({ from }) => from);
    assert.deepEqual([second, third], [first, first]);
    assert.notEqual(fourth, first);
  });
});

test("flow unused for longest gives way when there are too many", async t => {
  const address = freshAddress();
  const { cluster, clusterIP } = dnsCluster([address]);
  const server = await startUdpServer(t, address);
  await startProxy(t, cluster, { maxUdpFlows: 2 });
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => startUdp(t, "127.0.0.1")));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  for (const client of [a, b, a, c, a, b]) await ask(client, clusterIP, "x");
  const [a1, b1, a2, , a3, b2] = server.received.map(({ from }) => from);
  assert.deepEqual([a2, a3], [a1, a1]);
  assert.notEqual(b2, b1);
});
