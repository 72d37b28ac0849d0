/** What goes on while Services change: connections, flows, sessions and addresses. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { pino } from "pino";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { freshAddress } from "../cluster-fixture.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../nftables/plan-fixture.ts";
import { clients, openBackEnd, settings, startBackEnd, visit } from "./back-end-rig.ts";
import { connectTo, readBytes, startNamedServer, startServer, startUdp } from "./proxy-rig.ts";

describe("connections", () => {
  test("go on when their endpoint goes, and when their Service goes", async t => {
    const [clusterIP, endpoint, other] = [freshAddress(), freshAddress(), freshAddress()];
    await startServer(t, endpoint, socket => socket.pipe(socket));
    await startNamedServer(t, other, "other");
    const web = (address: string) =>
      byService(plan("web", { clusterIP, port: 20080, clusterEndpoints: [localEndpoint(address)] }));
    const backEnd = openBackEnd(t);
    await backEnd.start(web(endpoint));
    const socket = await connectTo(t, clusterIP, 20080);
    const echo = async (text: string) => {
      socket.write(text);
      assert.equal(await readBytes(socket, text.length), text);
    };
    await echo("before");
    await backEnd.update(web(other));
    assert.equal(await visit(clusterIP, 20080, clients.pod), "other");
    await echo("endpoint gone");
    await backEnd.update(new Map([["default/web", []]]));
    await echo("Service gone");
  });

  test("end when the back end is stopped", async t => {
    const [clusterIP, endpoint] = [freshAddress(), freshAddress()];
    await startServer(t, endpoint, socket => socket.pipe(socket));
    const fields = { clusterIP, port: 20080, clusterEndpoints: [localEndpoint(endpoint)] };
    const backEnd = await startBackEnd(t, [plan("web", fields)]);
    const socket = await connectTo(t, clusterIP, 20080);
    socket.write("x");
    await readBytes(socket, 1);
    const ended = once(socket, "end");
    await backEnd.stop();
    await ended;
    assert.equal(await visit(clusterIP, 20080, clients.pod), "ECONNREFUSED");
  });

  test("none fails while endpoints are replaced over and over", async t => {
    const clusterIP = freshAddress();
    const endpoints = Array.from({ length: 4 }, () => localEndpoint(freshAddress()));
    for (const { address } of endpoints) await startNamedServer(t, address, "web");
    const web = (round: number) =>
      byService(
        plan("web", {
          clusterIP,
          port: 20080,
          clusterEndpoints: endpoints.filter((_, i) => i % 2 === round % 2),
        }),
      );
    const backEnd = openBackEnd(t);
    await backEnd.start(web(0));
    let isWorking = true;
    const connectOn = async () => {
      const answers = [];
      while (isWorking) answers.push(await visit(clusterIP, 20080, clients.pod));
      return answers;
    };
    const connecting = [connectOn(), connectOn(), connectOn()];
    for (let round = 0; round < 200; round++) {
      await backEnd.update(web(round));
      await visit(clusterIP, 20080, clients.pod);
    }
    isWorking = false;
    const answers = (await Promise.all(connecting)).flat();
    assert.deepEqual(new Set(answers), new Set(["web"]));
  });
});

test("UDP flow of an endpoint that goes moves at once, others stay", async t => {
  const [clusterIP, a, b] = [freshAddress(), freshAddress(), freshAddress()];
  for (const address of [a, b]) await startUdp(t, address, { port: 8080, reply: () => address });
  const dns = (...endpoints: readonly string[]) =>
    byService(
      plan("dns", {
        protocol: "UDP",
        clusterIP,
        port: 20053,
        clusterEndpoints: endpoints.map(address => localEndpoint(address)),
      }),
    );
  const backEnd = openBackEnd(t);
  await backEnd.start(dns(a));
  const client = await startUdp(t, clients.pod);
  const ask = async () => {
    client.socket.send("?", 20053, clusterIP);
    return (await client.take()).text;
  };
  assert.equal(await ask(), a);
  await backEnd.update(dns(a, b));
  for (let i = 0; i < 10; i++) assert.equal(await ask(), a);
  await backEnd.update(dns(b));
  assert.equal(await ask(), b);
});

describe("session affinity", () => {
  const endpoints = [1, 2, 3, 4].map(() => localEndpoint(freshAddress()));
  const [clusterIP, external] = [freshAddress(), freshAddress()];
  const sticky = (fields: Partial<ServicePortPlan> = {}) =>
    byService(
      plan("web", {
        clusterIP,
        port: 20080,
        externalIPs: [external],
        affinityTimeoutSeconds: 60,
        clusterEndpoints: endpoints,
        ...fields,
      }),
    );

  test("holds for all ways in, and anew where only local endpoints serve", async t => {
    for (const { address } of endpoints) await startNamedServer(t, address, address);
    const backEnd = openBackEnd(t);
    await backEnd.start(sticky());
    const first = await visit(clusterIP, 20080, clients.outside);
    for (let i = 0; i < 8; i++) assert.equal(await visit(external, 20080, clients.outside), first);
    const [local] = endpoints.filter(({ address }) => address !== first);
    assert.ok(local);
    await backEnd.update(sticky({ externalPolicy: "Local", localEndpoints: [local] }));
    assert.equal(await visit(clusterIP, 20080, clients.outside), first);
    assert.equal(await visit(external, 20080, clients.outside), local.address);
  });

  test("holds for the machine itself, whose address is then the Service's", async t => {
    for (const { address } of endpoints) await startNamedServer(t, address, address);
    await startBackEnd(t, [...sticky().values()].flat());
    const first = await visit(clusterIP, 20080, clusterIP);
    for (let i = 0; i < 8; i++) assert.equal(await visit(external, 20080, external), first);
  });
});

describe("beside nftables", () => {
  const ownPort = 30_000 + (process.pid % 2_700);
  const localhost = { ...settings, localhostNodePorts: { IPv4: true, IPv6: true } };

  for (const [family, protocol, loopback] of [
    ["IPv4", "TCP", "127.0.0.1"],
    ["IPv6", "TCP", "::1"],
  ] as const) {
    test(`${family} ${protocol} node ports are served on localhost alone, by endpoints of every node`, async t => {
      const [clusterIP, endpoint] = [freshAddress(), freshAddress()];
      await startNamedServer(t, endpoint, "far");
      const web = (nodePort: number) =>
        byService(
          plan("web", {
            family,
            clusterIP,
            port: 20080,
            nodePort,
            externalPolicy: "Local",
            clusterEndpoints: [remoteEndpoint(endpoint)],
          }),
        );
      const backEnd = openBackEnd(t, {
        scope: "localhost-node-ports",
        settings: localhost,
        families: [family],
        machineAddresses: () => [
          { address: "127.0.0.1", cidr: "127.0.0.1/8", internal: true },
          { address: "::1", cidr: "::1/128", internal: true },
        ],
      });
      await backEnd.start(web(ownPort));
      assert.equal(await visit(loopback, ownPort, loopback), "far");
      assert.equal(await visit(clusterIP, 20080, "127.0.0.1"), "ECONNREFUSED");
      await backEnd.update(web(ownPort + 1));
      assert.equal(await visit(loopback, ownPort, loopback), "ECONNREFUSED");
      assert.equal(await visit(loopback, ownPort + 1, loopback), "far");
      await backEnd.updateSettings(settings);
      assert.equal(await visit(loopback, ownPort + 1, loopback), "ECONNREFUSED");
      await backEnd.updateSettings(localhost);
      assert.equal(await visit(loopback, ownPort + 1, loopback), "far");
    });
  }

  test("UDP node ports are served on localhost", async t => {
    const endpoint = freshAddress();
    await startUdp(t, endpoint, { port: 8080, reply: text => `${text}!` });
    const dns = { protocol: "UDP", nodePort: ownPort, clusterEndpoints: [remoteEndpoint(endpoint)] } as const;
    await startBackEnd(t, [plan("dns", dns)], { scope: "localhost-node-ports", settings: localhost });
    const client = await startUdp(t, "127.0.0.1");
    client.socket.send("?", ownPort, "127.0.0.1");
    assert.deepEqual(await client.take(), { text: "?!", from: `127.0.0.1:${ownPort}` });
  });

  test("a port that another program has on localhost is told once, and served when it is free", async t => {
    const endpoint = freshAddress();
    await startNamedServer(t, endpoint, "web");
    const occupant = await startServer(
      t,
      "127.0.0.1",
      socket => socket.resume().end("occupant"),
      ownPort + 10,
    );
    const lines: string[] = [];
    const backEnd = openBackEnd(t, {
      scope: "localhost-node-ports",
      settings: localhost,
      log: pino({ base: null }, { write: line => void lines.push(JSON.parse(line).msg) }),
    });
    const at = (name: string, nodePort: number) =>
      plan(name, { nodePort, clusterEndpoints: [remoteEndpoint(endpoint)] });
    await backEnd.start(byService(at("a", ownPort + 10), at("b", ownPort + 11)));
    assert.equal(await visit("127.0.0.1", ownPort + 11, "127.0.0.1"), "web");
    assert.deepEqual(await backEnd.repair(), []);
    assert.deepEqual(
      lines.map(line => line.replace(/: stop what.*?names it\)/, "")),
      [
        `node ports on localhost: IPv4: 127.0.0.1 port ${ownPort + 10} is in use; all other ways in are served`,
      ],
    );
    occupant.close();
    await backEnd.update(new Map());
    assert.equal(await visit("127.0.0.1", ownPort + 10, "127.0.0.1"), "web");
  });
});
