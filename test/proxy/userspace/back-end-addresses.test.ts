/** Addresses that the machine has because Services are served on them. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { IpAddressHolder } from "../../../src/proxy/userspace/address-holder.ts";
import { freshAddress } from "../cluster-fixture.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../nftables/plan-fixture.ts";
import { clients, machineAddresses, openBackEnd, visit } from "./back-end-rig.ts";
import { FakeIp } from "./fake-ip.ts";
import { connectTo, readBytes, startNamedServer, startServer } from "./proxy-rig.ts";

describe("service addresses", () => {
  const held = ["198.51.100.7/32", "10.96.0.1/32"];
  const web = plan("web", { clusterIP: "10.96.0.1", externalIPs: ["198.51.100.7", "192.0.2.9"] });
  const open = (ip: FakeIp, t: Parameters<typeof openBackEnd>[0]) =>
    openBackEnd(t, {
      addressHolder: new IpAddressHolder(ip),
      machineAddresses: () => [
        ...machineAddresses,
        { address: "192.0.2.1", cidr: "192.0.2.1/24", internal: false },
      ],
    });

  test("become the machine's unless they may be a neighbour's, and go with the Service", async t => {
    const ip = new FakeIp();
    const backEnd = open(ip, t);
    await backEnd.start(byService(web));
    assert.deepEqual(ip.on("frontdesk0").toSorted(), held.toSorted());
    await backEnd.update(byService({ ...web, clusterIP: "192.0.2.77" }));
    assert.deepEqual(ip.on("frontdesk0").toSorted(), ["192.0.2.77/32", "198.51.100.7/32"]);
    await backEnd.update(new Map([["default/web", []]]));
    assert.deepEqual(ip.on("frontdesk0"), []);
  });

  test("that may be a neighbour's are served as soon as the machine has them, and no problem before", async t => {
    const [clusterIP, nextDoor, endpoint] = [freshAddress(), freshAddress(), freshAddress()];
    await startNamedServer(t, endpoint, "web");
    const ip = new FakeIp();
    const backEnd = openBackEnd(t, {
      addressHolder: new IpAddressHolder(ip),
      machineAddresses: () => [
        { address: "192.0.2.1", cidr: "192.0.2.1/24", internal: false },
        { address: "127.77.0.1", cidr: "127.77.0.1/16", internal: false },
      ],
    });
    const fields = { clusterIP, port: 20080, clusterEndpoints: [localEndpoint(endpoint)] };
    const externalIPs = ["192.0.2.9", nextDoor];
    const web = byService(plan("web", { ...fields, externalIPs }));
    const occupant = await startServer(t, nextDoor, () => {}, 20080);
    await assert.rejects(backEnd.start(web), /^BackEndError: IPv4: 127\.[\d.]+ port 20080 is in use[^;]*$/);
    occupant.close();
    await backEnd.start(web);
    assert.deepEqual(ip.on("frontdesk0"), [`${clusterIP}/32`]);
    assert.equal(await visit(nextDoor, 20080, clients.pod), "web");
  });

  test("cost nothing when only endpoints change", async t => {
    let count = 0;
    class CountingHolder extends IpAddressHolder {
      override hold(addresses: ReadonlySet<string>) {
        count++;
        return super.hold(addresses);
      }
    }
    const backEnd = openBackEnd(t, { addressHolder: new CountingHolder(new FakeIp()) });
    await backEnd.start(byService(web));
    assert.equal(count, 1);
    await backEnd.update(byService({ ...web, localEndpoints: [localEndpoint("10.244.0.9")] }));
    assert.equal(count, 1);
  });

  test("that somebody has removed are added again by repair, which says so", async t => {
    const ip = new FakeIp();
    const backEnd = open(ip, t);
    await backEnd.start(byService(web));
    assert.deepEqual(await backEnd.repair(), []);
    await ip.run(["address del 10.96.0.1/32 dev frontdesk0"]);
    assert.deepEqual(await backEnd.repair(), ["IPv4"]);
    assert.deepEqual(ip.on("frontdesk0").toSorted(), held.toSorted());
  });

  test("that are refused are told of as the family's problem", async t => {
    const ip = new FakeIp();
    ip.refused.set("10.96.0.1", "RTNETLINK answers: Operation not permitted");
    const backEnd = open(ip, t);
    const served = byService({
      ...web,
      hasEndpoints: true,
      clusterEndpoints: [remoteEndpoint("10.244.0.9")],
    });
    await assert.rejects(
      backEnd.start(served),
      /^BackEndError: IPv4: 10\.96\.0\.1 cannot be added to frontdesk0: RTN/,
    );
    assert.deepEqual(ip.on("frontdesk0"), ["198.51.100.7/32"]);
  });

  test("stay while a connection uses them, and go with it", async t => {
    const [clusterIP, endpoint] = [freshAddress(), freshAddress()];
    const ip = new FakeIp();
    await startServer(t, endpoint, socket => socket.pipe(socket));
    const backEnd = open(ip, t);
    const served = { ...web, clusterIP, port: 20080, externalIPs: [], hasEndpoints: true };
    await backEnd.start(byService({ ...served, clusterEndpoints: [localEndpoint(endpoint)] }));
    const socket = await connectTo(t, clusterIP, 20080);
    socket.write("x");
    await readBytes(socket, 1);
    await backEnd.update(new Map([["default/web", []]]));
    assert.deepEqual(ip.on("frontdesk0"), [`${clusterIP}/32`]);
    socket.destroy();
    // The other end hears of it when it does; a test that waits in vain runs out of time.
    while (ip.on("frontdesk0").length > 0) {
      await nextTurn();
      await backEnd.update(new Map());
    }
  });

  test("are taken away by cleanUp, not by stop", async t => {
    const ip = new FakeIp();
    const backEnd = open(ip, t);
    await backEnd.start(byService(web));
    await backEnd.stop();
    assert.deepEqual(ip.on("frontdesk0").toSorted(), held.toSorted());
    await open(ip, t).cleanUp();
    assert.deepEqual([...ip.interfaces.keys()], ["lo", "eth0"]);
  });
});
