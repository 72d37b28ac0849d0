/** What else of the cluster decides where connections go: conditions, hints, Nodes and ServiceCIDRs. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import { until } from "../../support/until.ts";
import type { NodeName, PodName } from "./addresses.ts";
import { addressesOf, addressOf, families, nodes } from "./addresses.ts";
import type { Endpoint } from "./cluster-objects.ts";
import { node, service, serviceCIDR, slices } from "./cluster-objects.ts";
import type { Outcome } from "./connect-once.ts";
import { allMet, ask, assertMet, podAt } from "./encounters.ts";
import { elsewherePort, Laboratory } from "./laboratory.ts";
import { laboratoryMissing, run, within } from "./networks.ts";
import { isKubeProxy, notKubeProxys } from "./proxy-process.ts";

suite("view of the cluster", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;

  before(async () => {
    laboratory = await Laboratory.open();
    if (isKubeProxy) await setZonesAgain();
  });
  after(() => laboratory?.[Symbol.asyncDispose]());

  /** kube-proxy can miss the zone that its node has at its start: it begins to listen after it was told. */
  async function setZonesAgain(): Promise<void> {
    for (const zone of ["none", undefined]) {
      await laboratory.apply(...nodes.map(name => node(name, zone)));
    }
  }

  async function assertAllMet(
    number: number,
    from: PodName | NodeName,
    expected: readonly string[],
  ): Promise<void> {
    for (const family of families) {
      const seen = await allMet(laboratory, { family, protocol: "TCP", number, from });
      assert.deepEqual(seen, expected, `${family} from ${from}`);
    }
  }

  async function untilAllMet(number: number, from: PodName, expected: readonly string[]): Promise<void> {
    await until(`${expected} from ${from}`, async () => {
      const seen = await Promise.all(
        families.map(family => allMet(laboratory, { family, protocol: "TCP", number, from })),
      );
      return seen.every(pods => String(pods) === String(expected));
    });
  }

  const gone = (pod: PodName): Endpoint => ({ pod, ready: false, serving: false, terminating: true });
  const leaving = (pod: PodName): Endpoint => ({ pod, ready: false, serving: true, terminating: true });

  test("endpoints that terminate serve inside the cluster only while none is ready", async () => {
    await laboratory.apply(service("fallback", 1), ...slices("fallback", ["pod-1b", leaving("pod-2b")]));
    await assertAllMet(1, "pod-1a", ["pod-1b"]);
    await laboratory.apply(...slices("fallback", [gone("pod-1b"), leaving("pod-2b"), leaving("pod-2a")]));
    await assertAllMet(1, "pod-1a", ["pod-2a", "pod-2b"]);
    await laboratory.apply(...slices("fallback", [gone("pod-1b"), gone("pod-2b")]));
    await assertMet(laboratory, { number: 1 }, "refused");
  });

  test("endpoints that terminate serve under internal policy Local only while no local one is ready", async () => {
    const spec = { internalTrafficPolicy: "Local" };
    await laboratory.apply(
      service("inner", 2, { spec }),
      ...slices("inner", [leaving("pod-1b"), "pod-1a", leaving("pod-2b")]),
    );
    await assertAllMet(2, "node1", ["pod-1a"]);
    await assertAllMet(2, "pod-2a", ["pod-2b"]);
    await laboratory.apply(...slices("inner", [leaving("pod-1b"), gone("pod-1a"), gone("pod-2b")]));
    await assertAllMet(2, "node1", ["pod-1b"]);
    await assertMet(laboratory, { number: 2, from: "pod-2a" }, "silence");
  });

  test("endpoints that terminate serve external clients only while none is ready", async () => {
    const question = { number: 3, from: "outside", way: "node-port@node1" } as const;
    await laboratory.apply(service("outer", 3), ...slices("outer", [leaving("pod-1b"), "pod-2b"]));
    await assertMet(laboratory, question, "pod-2b");
    await laboratory.apply(...slices("outer", [leaving("pod-1b"), gone("pod-2b")]));
    await assertMet(laboratory, question, "pod-1b");
    await laboratory.apply(...slices("outer", [gone("pod-1b"), gone("pod-2b")]));
    await assertMet(laboratory, question, "refused");
  });

  test("endpoints that terminate serve external clients of their node under policy Local", async () => {
    const spec = { externalTrafficPolicy: "Local", healthCheckNodePort: 31_004 };
    await laboratory.apply(
      service("edge", 4, { spec }),
      ...slices("edge", [leaving("pod-1b"), "pod-2b", leaving("pod-2a")]),
    );
    for (const family of families) {
      const at = (way: "node-port@node1" | "node-port@node2") =>
        ask(laboratory, { family, protocol: "TCP", number: 4, from: "outside", way });
      for (const [way, pod] of [
        ["node-port@node1", "pod-1b"],
        ["node-port@node2", "pod-2b"],
      ] as const) {
        const outcome: Outcome = await at(way);
        assert.equal(outcome.kind, "answered");
        assert.equal(podAt(family, outcome.endpoint), pod);
        assert.equal(outcome.seenSource, addressOf(family, "outside"));
      }
    }
    await laboratory.apply(...slices("edge", [gone("pod-1b"), "pod-2b"]));
    await assertMet(laboratory, { number: 4, from: "outside", way: "vip@node1" }, "silence");
  });

  test("hints keep connections in their zone, while every endpoint has them and the zone has one", async () => {
    const hinted = (pod: PodName, ...zones: readonly string[]): Endpoint => ({ pod, zones });
    const near: readonly Endpoint[] = [hinted("pod-1b", "zone1"), hinted("pod-2b", "zone2")];
    await laboratory.apply(service("near", 5), ...slices("near", near));
    await untilAllMet(5, "pod-1a", ["pod-1b"]);
    await assertAllMet(5, "pod-2a", ["pod-2b"]);
    await laboratory.apply(...slices("near", [...near, "pod-2a"]));
    await assertAllMet(5, "pod-1a", ["pod-1b", "pod-2a", "pod-2b"]);
    await laboratory.apply(
      ...slices("near", [hinted("pod-1b", "zone1", "zone3"), hinted("pod-2b", "zone1")]),
    );
    await assertAllMet(5, "pod-1a", ["pod-1b", "pod-2b"]);
    await assertAllMet(5, "pod-2a", ["pod-1b", "pod-2b"]);
  });

  test("hints of nodes come before those of zones", async () => {
    const endpoints: readonly Endpoint[] = [
      { pod: "pod-1b", zones: ["zone1"], nodes: ["node1"] },
      { pod: "pod-2a", zones: ["zone1"], nodes: ["node2"] },
      { pod: "pod-2b", zones: ["zone1"], nodes: ["node2"] },
    ];
    await laboratory.apply(service("nearest", 6), ...slices("nearest", endpoints));
    await assertAllMet(6, "pod-1a", ["pod-1b"]);
    await assertAllMet(6, "node2", ["pod-2a", "pod-2b"]);
  });

  test("a node that is moved to another zone follows the hints of that at once", async () => {
    await laboratory.apply(
      service("moved", 7),
      ...slices("moved", [
        { pod: "pod-1b", zones: ["zone1"] },
        { pod: "pod-2b", zones: ["zone2"] },
      ]),
    );
    await assertAllMet(7, "pod-1a", ["pod-1b"]);
    await laboratory.put(node("node1", "zone2"));
    await untilAllMet(7, "pod-1a", ["pod-2b"]);
    await assertAllMet(7, "pod-2a", ["pod-2b"]);
    await laboratory.put(node("node1"));
    await untilAllMet(7, "pod-1a", ["pod-1b"]);
  });

  test(
    "a network of Services that is added is closed at once, but for its Services, and open again without it",
    notKubeProxys("it looks at new ServiceCIDRs at its next full synchronization, within the hour"),
    async () => {
      const cidrs = families.map(family => addressesOf[family].secondServiceNetwork);
      const untilElsewhereIs = (kind: Outcome["kind"]) =>
        Promise.all(
          families.map(family => {
            const [source, address] = [addressOf(family, "pod-1a"), addressesOf[family].elsewhere];
            const attempt = {
              protocol: "TCP",
              source,
              address,
              port: elsewherePort,
              patienceMs: 500,
            } as const;
            return until(`${family} ${kind}`, async () => {
              return (await laboratory.connect("pod-1a", attempt)).kind === kind;
            });
          }),
        );
      await untilElsewhereIs("answered");
      await laboratory.put(serviceCIDR("second", cidrs));
      await untilElsewhereIs("silence");
      await laboratory.remove("ServiceCIDR", "second");
      await untilElsewhereIs("answered");
    },
  );

  test(
    "a node's new address serves node ports at once, and the old one no more",
    notKubeProxys("it ends when its node's addresses change"),
    async () => {
      await laboratory.apply(service("readdressed", 8), ...slices("readdressed", ["pod-2b"]));
      const newAddresses = { IPv4: ["192.0.2.21", "24"], IPv6: ["fd01::21", "64", "nodad"] } as const;
      const serves = async (family: IPFamily, address: string) => {
        const source = addressOf(family, "outside");
        const attempt = { protocol: "TCP", source, address, port: 30_008, patienceMs: 900 } as const;
        return (await laboratory.connect("outside", attempt)).kind;
      };
      for (const family of families) {
        const [address, bits, ...flags] = newAddresses[family];
        const added = [`${address}/${bits}`, "dev", "eth0", ...flags];
        run([...within("node1"), "ip", "address", "add", ...added]);
        assert.equal(await serves(family, address), "refused");
      }
      const addresses = families.map(family => ({ type: "InternalIP", address: newAddresses[family][0] }));
      await laboratory.put({ ...node("node1"), status: { addresses } });
      for (const family of families) {
        const [address] = newAddresses[family];
        await until(`${address} serves`, async () => (await serves(family, address)) === "answered");
        assert.equal(await serves(family, addressesOf[family].nodes.node1), "refused");
      }
      await laboratory.put(node("node1"));
    },
  );

  test(
    "a node that the API server does not know yet carries connections, and is eligible when it does",
    notKubeProxys("it ends when its Node is deleted, and waits for one at its start"),
    async () => {
      await laboratory.apply(service("early", 9), ...slices("early", ["pod-2b"]));
      const { node1 } = laboratory.proxies;
      await node1.stop("SIGTERM");
      await laboratory.remove("Node", "node1");
      node1.start();
      await laboratory.settle();
      await assertMet(laboratory, { number: 9 }, "pod-2b");
      const healthz = () => laboratory.get("node1", "http://127.0.0.1:10256/healthz");
      assert.equal((await healthz())?.status, 503);
      await laboratory.put(node("node1"));
      await until("/healthz says 200", async () => (await healthz())?.status === 200);
      await laboratory.settle();
      await assertMet(laboratory, { number: 9, from: "outside", way: "node-port@node1" }, "pod-2b");
    },
  );
});
