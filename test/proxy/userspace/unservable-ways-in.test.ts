import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { describe, test } from "node:test";
import type { Service } from "../../../src/cluster/objects.ts";
import { clusterOf, freshAddress, port, service, slice } from "../cluster-fixture.ts";
import { errorCode, exchange, startNamedServer, startProxy, startServer, table } from "./proxy-rig.ts";

async function mayListenOnLowPorts(): Promise<boolean> {
  const server = createServer().listen(80, freshAddress());
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

const privileged = await mayListenOnLowPorts();

describe("what cannot be served as asked", () => {
  const notHere = (address: string) =>
    `not reachable: ${address} is not an address of this machine (ip addr add ${address}/${address.includes(":") ? 128 : 32} dev lo)`;

  /** State and note of the ways into a Service, which has an endpoint. */
  async function notes(t: TestContext, fields: Partial<Service>): Promise<string[]> {
    const family = fields.clusterIPs?.[0]?.includes(":") ? "IPv6" : "IPv4";
    const slices = slice("web", [family === "IPv6" ? "::1" : freshAddress()], { addressType: family });
    const proxy = await startProxy(
      t,
      clusterOf(service("web", { ports: [port("http", 20080)], ...fields }), slices),
    );
    return proxy.waysIn().map(({ state, note }) => `${state} ${note}`);
  }

  test("address of another machine is reported as not reachable", async t => {
    const local = freshAddress();
    assert.deepEqual(await notes(t, { clusterIPs: ["10.96.0.10"], externalIPs: [local] }), [
      `unservable ${notHere("10.96.0.10")}`,
      "serving ",
    ]);
    assert.deepEqual(await notes(t, { clusterIPs: ["fd00:10:96::a"] }), [
      `unservable ${notHere("fd00:10:96::a")}`,
    ]);
  });

  const outward = Object.values(networkInterfaces())
    .flat()
    .find(own => own !== undefined && !own.internal && own.family === "IPv4")?.address;
  test("address of a network interface is never listened on", { skip: outward === undefined }, async t => {
    const local = freshAddress();
    const [, note] = await notes(t, { clusterIPs: [local], externalIPs: [outward ?? ""] });
    assert.equal(
      note,
      `unservable not served: ${outward} belongs to a network interface, and only loopback addresses are served`,
    );
    assert.equal(await errorCode(exchange(outward ?? "", 20080)), "ECONNREFUSED");
  });

  test("SCTP is reported", async t => {
    const found = await notes(t, { clusterIPs: [freshAddress()], ports: [port("http", 20080, "SCTP")] });
    assert.deepEqual(found, ["unservable SCTP is not relayed"]);
  });

  test("port in use is reported, and served when it is free again", async t => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    await startNamedServer(t, address, "web");
    const occupant = await startServer(t, clusterIP, () => {}, 20080);
    const cluster = clusterOf(
      service("web", { clusterIPs: [clusterIP], ports: [port("http", 20080)] }),
      slice("web", [address]),
    );
    const proxy = await startProxy(t, cluster);
    const [way] = proxy.waysIn();
    assert.equal(way?.state, "unservable");
    assert.match(way?.note ?? "", /port 20080 is in use: stop what listens there/);

    occupant.close();
    t.mock.timers.tick(5_000);
    await proxy.ready();
    assert.deepEqual(table(proxy), [`ClusterIP ${clusterIP} 20080→20080 serving`]);
    assert.equal(await exchange(clusterIP, 20080), "web");
  });

  test("port that needs privilege is served on port + 10000", {
    skip: privileged && "this process may listen on low ports; see listen-with-fallback.test.ts",
  }, async t => {
    const [clusterIP, address] = [freshAddress(), freshAddress()];
    await startNamedServer(t, address, "web");
    const cluster = clusterOf(service("web", { clusterIPs: [clusterIP] }), slice("web", [address]));
    const proxy = await startProxy(t, cluster);
    assert.deepEqual(table(proxy), [`ClusterIP ${clusterIP} 80→10080 serving`]);
    assert.equal(proxy.waysIn()[0]?.note, "port 80 needs privilege: served on 10080");
    assert.equal(await exchange(clusterIP, 10080), "web");
  });
});
