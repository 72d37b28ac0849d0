/** Addresses on a real link: a client that knows nothing of the cluster finds them, and finds them again. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { NodeName } from "./segment.ts";
import { nodeNames, Segment, segmentMissing, until } from "./segment.ts";

suite("load-balancer addresses on a link", { skip: segmentMissing() }, () => {
  let segment: Segment;
  let addresses: readonly [v4: string, v6: string];

  before(async () => {
    segment = await Segment.open();
    await Promise.all([segment.start("n1"), segment.start("n2")]);
  });
  after(() => segment?.[Symbol.asyncDispose]());

  function putService(name: string, spec: object): void {
    segment.api.put({
      kind: "Service",
      metadata: { name, namespace: "shop" },
      spec: {
        type: "LoadBalancer",
        ipFamilies: ["IPv4", "IPv6"],
        ipFamilyPolicy: "PreferDualStack",
        clusterIPs: ["10.96.0.1", "fd96::1"],
        ports: [{ port: 80 }],
        ...spec,
      },
    });
  }

  async function publishedAddresses(name: string): Promise<readonly [string, string] | undefined> {
    const response = await fetch(`${segment.api.url}/api/v1/namespaces/shop/services/${name}`);
    const { status } = (await response.json()) as {
      status?: { loadBalancer: { ingress: { ip: string }[] } };
    };
    const [v4, v6] = (status?.loadBalancer.ingress ?? []).map(({ ip }) => ip);
    return v4 === undefined || v6 === undefined ? undefined : [v4, v6];
  }

  /** The one node that has an address and answers there: before all nodes know of each other, one may hand it over. */
  async function ownerOf(address: string): Promise<NodeName> {
    const look = async () => {
      const who = (await segment.whoAnswers(address)) as NodeName | undefined;
      const owners = nodeNames.filter(name => segment.addressesOn(name).includes(address));
      return owners.length === 1 && owners[0] === who && segment.neighbour(address) === who ? who : undefined;
    };
    return (await until(look, 15_000)).found;
  }

  function otherThan(name: NodeName): NodeName {
    return name === "n1" ? "n2" : "n1";
  }

  /** Until the client's own tables name the node, though the client does nothing. */
  async function clientHearsOf(name: NodeName, address: string, limitMs: number): Promise<number> {
    const look = () => (segment.neighbour(address) === name ? true : undefined);
    return (await until(look, limitMs)).afterMs;
  }

  test("a new Service has addresses within a second, and one node answers at each", async t => {
    putService("web", {});
    const { found, afterMs } = await until(() => publishedAddresses("web"), 15_000);
    addresses = found;
    t.diagnostic(`${found.join(", ")} after ${afterMs.toFixed(0)} ms`);
    assert.ok(afterMs < 1_000);
    for (const address of addresses) await ownerOf(address);
  });

  test("a node that is asked to end hands its addresses over at once, and the client hears of it", async t => {
    const owners = await Promise.all(addresses.map(ownerOf));
    const [leaving = "n1"] = owners;
    await segment.end(leaving, "SIGTERM");
    assert.deepEqual(segment.addressesOn(leaving), []);
    for (const address of addresses) {
      const afterMs = await clientHearsOf(otherThan(leaving), address, 5_000);
      t.diagnostic(`${address} after ${afterMs.toFixed(0)} ms`);
      assert.equal(await segment.whoAnswers(address), otherThan(leaving));
    }
    await segment.start(leaving);
    for (const [index, address] of addresses.entries()) {
      await clientHearsOf(owners[index] ?? "n1", address, 15_000);
    }
  });

  test("a node that is gone without a word is replaced within seconds, and the client hears of it", async t => {
    const [address] = addresses;
    const gone = await ownerOf(address);
    segment.setCable(gone, "down");
    await segment.end(gone, "SIGKILL");
    for (const one of addresses) {
      const afterMs = await clientHearsOf(otherThan(gone), one, 10_000);
      t.diagnostic(`${one} after ${afterMs.toFixed(0)} ms`);
      assert.equal(await segment.whoAnswers(one), otherThan(gone));
    }
    segment.setCable(gone, "up");
    await segment.start(gone);
    await clientHearsOf(gone, address, 15_000);
  });

  test("a node whose proxy was killed loses the addresses by itself", async t => {
    const [address] = addresses;
    const killed = await ownerOf(address);
    await segment.end(killed, "SIGKILL");
    const { afterMs } = await until(
      () => (segment.addressesOn(killed).length === 0 ? true : undefined),
      15_000,
    );
    t.diagnostic(`after ${afterMs.toFixed(0)} ms`);
    for (const one of addresses) assert.equal(await ownerOf(one), otherThan(killed));
    await segment.start(killed);
    await clientHearsOf(killed, address, 15_000);
  });

  test("a Service of local endpoints is answered where they are, and the client hears where they go", async () => {
    const putSlice = (nodeName: NodeName) =>
      segment.api.put({
        kind: "EndpointSlice",
        metadata: {
          name: "near",
          namespace: "shop",
          labels: { "kubernetes.io/service-name": "near" },
        },
        addressType: "IPv4",
        ports: [{ name: "", port: 8080 }],
        endpoints: [{ addresses: ["10.244.1.2"], nodeName }],
      });
    putSlice("n1");
    putService("near", { externalTrafficPolicy: "Local", ipFamilies: ["IPv4"] });
    const look = async () => {
      const response = await fetch(`${segment.api.url}/api/v1/namespaces/shop/services/near`);
      const { status } = (await response.json()) as {
        status?: { loadBalancer: { ingress: { ip: string }[] } };
      };
      return status?.loadBalancer.ingress[0]?.ip;
    };
    const { found: address } = await until(look, 15_000);
    for (const name of ["n1", "n2", "n1"] as const) {
      putSlice(name);
      const { found } = await until(async () => {
        const who = await segment.whoAnswers(address);
        return who === name ? who : undefined;
      }, 15_000);
      assert.equal(found, name);
      await clientHearsOf(name, address, 5_000);
    }
  });

  test("a Service that is deleted leaves no address behind", async () => {
    for (const name of ["web", "near"]) segment.api.remove("Service", "shop", name);
    await until(
      () => (["n1", "n2"] as const).every(name => segment.addressesOn(name).length === 0) || undefined,
      2_000,
    );
  });
});
