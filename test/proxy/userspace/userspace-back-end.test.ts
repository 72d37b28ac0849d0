/** Every way into a Service, and which of its endpoints serve whom. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freshAddress } from "../cluster-fixture.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../nftables/plan-fixture.ts";
import { clients, openBackEnd, podsByNetwork, settings, startBackEnd, visit } from "./back-end-rig.ts";
import { startNamedServer, startServer, startUdp } from "./proxy-rig.ts";

/** A port that no other test listens on, on addresses that all have. */
const ownPort = 20_000 + (process.pid % 10_000);

describe("ways in", () => {
  test("cluster IP, external IP, load balancer and node port lead to the endpoints", async t => {
    const [clusterIP, external, balancer, endpoint] = [1, 2, 3, 4].map(freshAddress) as [
      string,
      string,
      string,
      string,
    ];
    await startNamedServer(t, endpoint, "web");
    const web = plan("web", {
      clusterIP,
      port: 20080,
      externalIPs: [external],
      loadBalancerIPs: [balancer],
      nodePort: ownPort,
      clusterEndpoints: [localEndpoint(endpoint)],
    });
    await startBackEnd(t, [web], {
      settings: { ...settings, localhostNodePorts: { IPv4: true, IPv6: false } },
    });
    for (const [address, port] of [
      [clusterIP, 20080],
      [external, 20080],
      [balancer, 20080],
      ["127.0.0.1", ownPort],
    ] as const) {
      assert.equal(await visit(address, port, "127.0.0.1"), "web");
    }
    assert.equal(await visit(clusterIP, ownPort, "127.0.0.1"), "ECONNREFUSED");
  });

  test("other family and SCTP are not served, and disturb nobody", async t => {
    const [clusterIP, endpoint] = [freshAddress(), freshAddress()];
    await startNamedServer(t, endpoint, "web");
    const shared = { clusterIP, port: 20080, clusterEndpoints: [localEndpoint(endpoint)] };
    await startBackEnd(t, [
      plan("web", shared),
      plan("sctp", { ...shared, protocol: "SCTP" }),
      plan("six", { ...shared, family: "IPv6", clusterIP: "::1" }),
    ]);
    assert.equal(await visit(clusterIP, 20080, clients.pod), "web");
    assert.equal(await visit("::1", 20080, "::1"), "ECONNREFUSED");
  });

  test("Service refuses while it has no endpoints", async t => {
    const [clusterIP, endpoint] = [freshAddress(), freshAddress()];
    await startNamedServer(t, endpoint, "web");
    const full = plan("web", { clusterIP, port: 20080, clusterEndpoints: [localEndpoint(endpoint)] });
    const empty = plan("web", { clusterIP, port: 20080 });
    const backEnd = await startBackEnd(t, [empty]);
    for (const [plans, expected] of [
      [full, "web"],
      [empty, "ECONNREFUSED"],
      [full, "web"],
    ] as const) {
      await backEnd.update(byService(plans));
      assert.equal(await visit(clusterIP, 20080, clients.pod), expected);
    }
    await backEnd.update(new Map([["default/web", []]]));
    assert.equal(await visit(clusterIP, 20080, clients.pod), "ECONNREFUSED");
  });

  test("start with other Services leaves nothing of those before", async t => {
    const [before, after, endpoint] = [freshAddress(), freshAddress(), freshAddress()];
    await startNamedServer(t, endpoint, "web");
    const at = (clusterIP: string) => ({
      clusterIP,
      port: 20080,
      clusterEndpoints: [localEndpoint(endpoint)],
    });
    const backEnd = await startBackEnd(t, [plan("before", at(before))]);
    await backEnd.start(byService(plan("after", at(after))));
    assert.equal(await visit(before, 20080, clients.pod), "ECONNREFUSED");
    assert.equal(await visit(after, 20080, clients.pod), "web");
  });
});

describe("choice of the list", () => {
  const [near, far] = [freshAddress(), freshAddress()];
  const [clusterIP, external, balancer] = [freshAddress(), freshAddress(), freshAddress()];
  const ways = { clusterIP, port: 20080, externalIPs: [external], loadBalancerIPs: [balancer] };
  const both = {
    clusterEndpoints: [localEndpoint(near), remoteEndpoint(far)],
    localEndpoints: [localEndpoint(near)],
  };
  const remote = { clusterEndpoints: [remoteEndpoint(far)], localEndpoints: [] };
  const internalLocal = { internalPolicy: "Local" } as const;
  const externalLocal = { externalPolicy: "Local" } as const;
  const ranged = { loadBalancerSources: [`${clients.outside}/32`] };

  for (const [what, fields, source, address, expected] of [
    ["policy Cluster", both, "outside", clusterIP, "far near"],
    ["policy Cluster", both, "outside", external, "far near"],
    ["internal policy Local", { ...both, ...internalLocal }, "pod", clusterIP, "near"],
    ["internal policy Local", { ...both, ...internalLocal }, "outside", external, "far near"],
    ["internal policy Local, none local", { ...remote, ...internalLocal }, "pod", clusterIP, "ECONNRESET"],
    ["external policy Local", { ...both, ...externalLocal }, "pod", external, "far near"],
    ["external policy Local", { ...both, ...externalLocal }, "node", external, "far near"],
    ["external policy Local", { ...both, ...externalLocal }, "outside", external, "near"],
    ["external policy Local", { ...both, ...externalLocal }, "outside", balancer, "near"],
    ["external policy Local", { ...both, ...externalLocal }, "outside", clusterIP, "far near"],
    ["external policy Local, none local", { ...remote, ...externalLocal }, "outside", external, "ECONNRESET"],
    ["external policy Local, none local", { ...remote, ...externalLocal }, "node", external, "far"],
    ["source ranges", { ...both, ...ranged }, "outside", balancer, "far near"],
    ["source ranges", { ...both, ...ranged }, "pod", balancer, "ECONNRESET"],
    ["source ranges", { ...both, ...ranged }, "pod", external, "far near"],
  ] as const) {
    const name =
      address === clusterIP ? "the cluster IP" : address === external ? "an external IP" : "a balancer";
    test(`${what}: ${source} that comes by ${name} meets ${expected}`, async t => {
      await startNamedServer(t, near, "near");
      await startNamedServer(t, far, "far");
      await startBackEnd(t, [plan("web", { ...ways, ...fields })], {
        settings: { ...settings, localTraffic: podsByNetwork },
      });
      const seen = new Set<string>();
      for (let i = 0; i < 30; i++) seen.add(await visit(address, 20080, clients[source]));
      assert.equal([...seen].sort().join(" "), expected);
    });
  }

  test("datagrams of a client outside the source ranges are ignored", async t => {
    const server = await startUdp(t, near, { port: 8080, reply: text => `${text}!` });
    const dns = {
      ...ways,
      ...both,
      ...ranged,
      protocol: "UDP",
      clusterEndpoints: [localEndpoint(near)],
    } as const;
    await startBackEnd(t, [plan("dns", dns)]);
    const shutOut = await startUdp(t, clients.pod);
    const admitted = await startUdp(t, clients.outside);
    shutOut.socket.send("no", 20080, balancer);
    admitted.socket.send("yes", 20080, balancer);
    assert.equal((await admitted.take()).text, "yes!");
    assert.deepEqual(
      server.received.map(({ text }) => text),
      ["yes"],
    );
  });

  test("settings that make a client a Pod take effect for new connections", async t => {
    await startNamedServer(t, far, "far");
    const backEnd = await startBackEnd(t, [plan("web", { ...ways, ...remote, ...externalLocal })]);
    assert.equal(await visit(external, 20080, clients.pod), "ECONNRESET");
    await backEnd.updateSettings({ ...settings, localTraffic: podsByNetwork });
    assert.equal(await visit(external, 20080, clients.pod), "far");
  });
});

describe("Services that claim one external address and port", () => {
  test("are served by the one whose key sorts first, and then by the other", async t => {
    const [shared, one, two] = [freshAddress(), freshAddress(), freshAddress()];
    await startNamedServer(t, one, "one");
    await startNamedServer(t, two, "two");
    const claimant = (name: string, endpoint: string) =>
      plan(name, {
        clusterIP: freshAddress(),
        port: 20080,
        externalIPs: [shared],
        clusterEndpoints: [localEndpoint(endpoint)],
      });
    const backEnd = await startBackEnd(t, [claimant("b", two)]);
    assert.equal(await visit(shared, 20080, clients.pod), "two");
    await backEnd.update(byService(claimant("a", one)));
    assert.equal(await visit(shared, 20080, clients.pod), "one");
    await backEnd.update(new Map([["default/a", []]]));
    assert.equal(await visit(shared, 20080, clients.pod), "two");
  });

  test("yield to the one whose cluster IP it is", async t => {
    const [address, one, two] = [freshAddress(), freshAddress(), freshAddress()];
    await startNamedServer(t, one, "owner");
    await startNamedServer(t, two, "thief");
    const owner = { clusterIP: address, port: 20080, clusterEndpoints: [localEndpoint(one)] };
    const thief = {
      clusterIP: freshAddress(),
      port: 20080,
      externalIPs: [address],
      clusterEndpoints: [localEndpoint(two)],
    };
    await startBackEnd(t, [plan("a-thief", thief), plan("owner", owner)]);
    assert.equal(await visit(address, 20080, clients.pod), "owner");
  });
});

describe("place that is taken", () => {
  test("is told, keeps nobody else from being served, and is tried again by the next call", async t => {
    const [taken, free, endpoint] = [freshAddress(), freshAddress(), freshAddress()];
    await startNamedServer(t, endpoint, "web");
    const occupant = await startServer(t, taken, socket => socket.resume().end("occupant"), 20080);
    const at = (name: string, clusterIP: string) =>
      plan(name, { clusterIP, port: 20080, clusterEndpoints: [localEndpoint(endpoint)] });
    const backEnd = openBackEnd(t);
    const message = `BackEndError: IPv4: ${taken} port 20080 is in use: stop what listens there`;
    await assert.rejects(backEnd.start(byService(at("a", taken), at("b", free))), (error: Error) => {
      assert.ok(String(error).startsWith(message), String(error));
      return true;
    });
    assert.equal(await visit(free, 20080, clients.pod), "web");
    await assert.rejects(backEnd.repair(), { name: "BackEndError", families: ["IPv4"] });
    occupant.close();
    await backEnd.update(new Map());
    assert.equal(await visit(taken, 20080, clients.pod), "web");
  });

  test("is told with no more than three of many problems", async t => {
    const taken = freshAddress();
    await startServer(t, taken, () => {}, 20080);
    const claimants = [1, 2, 3, 4].map(number => {
      const address = number === 1 ? taken : `203.0.113.${number}`;
      return plan(`s${number}`, {
        clusterIP: address,
        port: 20080,
        clusterEndpoints: [localEndpoint(taken)],
      });
    });
    await assert.rejects(openBackEnd(t).start(byService(...claimants)), /in use.*; and 1 more$/);
  });
});
