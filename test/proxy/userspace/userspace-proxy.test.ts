import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { UserspaceProxy } from "../../../src/proxy/userspace/userspace-proxy.ts";
import { clusterOf, endpoint, freshAddress, port, service, slice } from "../cluster-fixture.ts";
import {
  connectTo,
  errorCode,
  exchange,
  log,
  readBytes,
  startNamedServer,
  startProxy,
  startServer,
  startUdp,
  table,
} from "./proxy-rig.ts";

describe("ways in", () => {
  test("every way in leads to the endpoints, with one affinity for all", async t => {
    const [clusterIP, externalIP, balancerIP, nodeIP] = [1, 2, 3, 4].map(freshAddress) as [
      string,
      string,
      string,
      string,
    ];
    const endpoints = [1, 2, 3, 4, 5, 6].map(freshAddress);
    const web = service("web", {
      type: "LoadBalancer",
      clusterIPs: [clusterIP],
      externalIPs: [externalIP],
      loadBalancerIngress: [{ ip: balancerIP, hostname: "", ipMode: "VIP" }],
      ports: [port("http", 20080, "TCP", 30080)],
      affinityTimeoutSeconds: 10_800,
    });
    for (const address of endpoints) await startNamedServer(t, address, address);
    const proxy = await startProxy(t, clusterOf(web, slice("web", endpoints)), {
      nodePortAddresses: [nodeIP],
    });
    assert.deepEqual(table(proxy), [
      `ClusterIP ${clusterIP} 20080→20080 serving`,
      `ExternalIP ${externalIP} 20080→20080 serving`,
      `LoadBalancer ${balancerIP} 20080→20080 serving`,
      `NodePort ${nodeIP} 30080→30080 serving`,
    ]);
    const ways: [string, number][] = [
      [clusterIP, 20080],
      [externalIP, 20080],
      [balancerIP, 20080],
      [nodeIP, 30080],
    ];
    for (let i = 0; i < 5; i++) {
      const from = freshAddress();
      const answers = await Promise.all(ways.map(([address, number]) => exchange(address, number, { from })));
      assert.deepEqual(new Set(answers).size, 1);
    }
  });

  test("endpoint is dialled on the port that dialPort says", async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    await startServer(t, address, socket => socket.resume().end("moved"), 18_080);
    const cluster = clusterOf(
      service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] }),
      slice("web", [address]),
    );
    await startProxy(t, cluster, {
      dialPort: (host, number, protocol) =>
        host === address && protocol === "TCP" ? number + 10_000 : number,
    });
    assert.equal(await exchange(clusterIP, 20080), "moved");
  });

  test("draining endpoint serves while no other is ready", async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    await startNamedServer(t, address, "draining");
    const draining = endpoint(address, { isReady: false, isTerminating: true });
    const web = service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] });
    await startProxy(t, clusterOf(web, slice("web", [draining])));
    assert.equal(await exchange(clusterIP, 20080), "draining");
  });
});

describe("following the store", () => {
  test("nothing is served before Services and EndpointSlices are synced", async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    const cluster = new ClusterStore(assert.ifError);
    const proxy = new UserspaceProxy({ cluster, log });
    t.after(() => proxy.stop());
    cluster.apply(service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] }));
    cluster.markSynced("Service");
    await nextTurn();
    assert.deepEqual(proxy.waysIn(), []);
    cluster.apply(slice("web", [address]));
    cluster.markSynced("EndpointSlice");
    await proxy.ready();
    assert.deepEqual(table(proxy), [`ClusterIP ${clusterIP} 20080→20080 serving`]);
  });

  test("ways in that are added, changed and removed are opened and closed, the others stay open", async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    await startNamedServer(t, address, "web");
    const slices = slice("web", [address], {
      ports: ["http", "extra"].map(name => ({ name, protocol: "TCP", port: 8080 })),
    });
    const withPorts = (...numbers: readonly [string, number][]) =>
      service("web", { clusterIPs: [clusterIP], ports: numbers.map(([name, number]) => port(name, number)) });
    const cluster = clusterOf(withPorts(["http", 20080]), slices);
    const proxy = await startProxy(t, cluster);

    const steps = [
      [withPorts(["http", 20080], ["extra", 20081]), [20080, 20081]],
      [withPorts(["http", 20080], ["extra", 20082]), [20080, 20082]],
      [withPorts(["http", 20080]), [20080]],
    ] as const;
    for (const [changed, open] of steps) {
      cluster.apply(changed);
      await proxy.ready();
      for (const number of [20080, 20081, 20082]) {
        const expected = (open as readonly number[]).includes(number) ? "none" : "ECONNREFUSED";
        assert.equal(await errorCode(exchange(clusterIP, number)), expected, `port ${number}`);
      }
    }
    cluster.remove("Service", "default/web");
    await proxy.ready();
    assert.deepEqual(proxy.waysIn(), []);
    assert.equal(await errorCode(exchange(clusterIP, 20080)), "ECONNREFUSED");
  });

  test("address that moves to another Service in one turn is served by that one", async t => {
    const [clusterIP, one, two] = [freshAddress(), freshAddress(), freshAddress()];
    await startNamedServer(t, one, "one");
    await startNamedServer(t, two, "two");
    const fields = { clusterIPs: [clusterIP], ports: [port("http", 20080)] };
    // `b` comes first in the pass, before `a` has given the address up.
    const cluster = clusterOf(service("a", fields), slice("a", [one]), slice("b", [two]));
    const proxy = await startProxy(t, cluster);
    assert.equal(await exchange(clusterIP, 20080), "one");
    cluster.apply(service("b", fields));
    cluster.remove("Service", "default/a");
    await proxy.ready();
    assert.equal(await exchange(clusterIP, 20080), "two");
  });

  test("listeners hear of changes of the table and of nothing else", async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    const cluster = clusterOf(service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] }));
    const proxy = await startProxy(t, cluster);
    const heard: string[][] = [];
    const unsubscribe = proxy.onStatusChange(() =>
      heard.push(proxy.waysIn().map(way => `${way.state} ${way.endpointCount}`)),
    );
    const applyAndWait = async (...objects: Parameters<ClusterStore["apply"]>[0][]) => {
      for (const object of objects) cluster.apply(object);
      await proxy.ready();
    };
    await applyAndWait(slice("web", []), slice("web", [address]));
    const another = freshAddress();
    await applyAndWait(slice("web", [address, another]));
    await applyAndWait(slice("web", [another, address]));
    await applyAndWait(slice("web", []));
    cluster.remove("Service", "default/web");
    await proxy.ready();
    unsubscribe();
    await applyAndWait(service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] }));
    assert.deepEqual(heard, [["serving 1"], ["serving 2"], ["refusing 0"], []]);
  });
});

describe("stop", () => {
  /** Everything that keeps a process alive, sockets not yet closed included. */
  async function handles(): Promise<string> {
    for (let i = 0; i < 5; i++) await nextTurn();
    return process
      .getActiveResourcesInfo()
      .filter(name => /TCP|UDP/.test(name))
      .join();
  }

  test("listeners, connections and flows are closed at once, and nothing is left", async t => {
    const before = await handles();
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    const cluster = clusterOf(
      service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080), port("dns", 20053, "UDP")] }),
      slice("web", [address], {
        ports: [
          { name: "http", protocol: "TCP", port: 8080 },
          { name: "dns", protocol: "UDP", port: 8053 },
        ],
      }),
    );
    const proxy = new UserspaceProxy({ cluster, log, nodePortAddresses: [] });
    await proxy.ready();
    const server = await startServer(t, address, socket => socket.pipe(socket));
    const udpServer = await startUdp(t, address, { port: 8053, reply: text => text });
    const udpClient = await startUdp(t, "127.0.0.1");
    const client = await connectTo(t, clusterIP, 20080);
    client.write("x");
    await readBytes(client, 1);
    udpClient.socket.send("x", 20053, clusterIP);
    await udpClient.take();

    const closed = once(client.resume(), "end");
    await proxy.stop();
    await closed;
    assert.deepEqual(proxy.waysIn(), []);
    assert.equal(await errorCode(exchange(clusterIP, 20080)), "ECONNREFUSED");

    client.destroy();
    server.close();
    const ends = [once(udpServer.socket, "close"), once(udpClient.socket, "close"), once(server, "close")];
    udpServer.socket.close();
    udpClient.socket.close();
    await Promise.all(ends);
    assert.equal(await handles(), before);
  });

  test("stop before the store is synced, and twice, is fine", async () => {
    const proxy = new UserspaceProxy({ cluster: new ClusterStore(assert.ifError), log });
    const ready = proxy.ready();
    await proxy.stop();
    await proxy.stop();
    await ready;
  });

  test("change after stop opens nothing", async t => {
    const clusterIP = freshAddress();
    const cluster = clusterOf();
    const proxy = await startProxy(t, cluster);
    cluster.apply(service("early", { clusterIPs: [clusterIP] }));
    const stopped = proxy.stop();
    cluster.apply(service("late", { clusterIPs: [clusterIP] }));
    await stopped;
    await nextTurn();
    assert.deepEqual(proxy.waysIn(), []);
  });
});
