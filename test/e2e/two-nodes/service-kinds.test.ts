/** Labels, types, names and affinity of Services, as they are set and changed. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "./addresses.ts";
import { addressesOf, addressOf, families, protocols } from "./addresses.ts";
import type { WayIn } from "./cluster-objects.ts";
import { affinity, service, slices } from "./cluster-objects.ts";
import type { Question } from "./encounters.ts";
import { allMet, ask, assertMet, met, podAt } from "./encounters.ts";
import { Laboratory } from "./laboratory.ts";
import { laboratoryMissing } from "./networks.ts";

suite("kinds of Services", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;

  before(async () => {
    laboratory = await Laboratory.open();
  });
  after(() => laboratory?.[Symbol.asyncDispose]());

  test("a Service labelled for another proxy is nobody's until the label goes", async () => {
    const label = { "service.kubernetes.io/service-proxy-name": "another" };
    await laboratory.apply(service("labelled", 1), ...slices("labelled", ["pod-1b"]));
    await assertMet(laboratory, { number: 1 }, "pod-1b");
    await laboratory.apply(service("labelled", 1, { labels: label }));
    await assertMet(laboratory, { number: 1 }, "silence");
    await assertMet(laboratory, { number: 1, from: "outside", way: "node-port@node2" }, "refused");
    await laboratory.apply(service("labelled", 1));
    await assertMet(laboratory, { number: 1 }, "pod-1b");
    await assertMet(laboratory, { number: 1, from: "outside", way: "node-port@node2" }, "pod-1b");
  });

  test("slices labelled as headless are no endpoints", async () => {
    const labels = { "service.kubernetes.io/headless": "" };
    await laboratory.apply(service("direct", 2), ...slices("direct", ["pod-1b"], { labels }));
    await assertMet(laboratory, { number: 2 }, "refused");
    await laboratory.apply(...slices("direct", ["pod-1b"]));
    await assertMet(laboratory, { number: 2 }, "pod-1b");
  });

  test("a headless Service gets no external way in", async () => {
    const spec = { clusterIP: "None", clusterIPs: ["None"] };
    const headless = service("headless", 3, { type: "ClusterIP", spec });
    await laboratory.apply(headless, ...slices("headless", ["pod-1b"]));
    await assertMet(laboratory, { number: 3 }, "silence");
    await assertMet(laboratory, { number: 3, from: "outside", way: "external-ip@node1" }, "silence");
  });

  test("a Service that changes its type has the ways in of its type", async () => {
    const spec = { type: "ExternalName", externalName: "example.com", clusterIP: "", clusterIPs: [] };
    const externalName = service("changing", 4, { type: "ClusterIP", spec });
    const nodePort = { number: 4, from: "outside", way: "node-port@node1" } as const;
    await laboratory.apply(externalName, ...slices("changing", ["pod-2b"]));
    await assertMet(laboratory, { number: 4 }, "silence");
    await laboratory.apply(service("changing", 4, { type: "ClusterIP" }));
    await assertMet(laboratory, { number: 4 }, "pod-2b");
    await assertMet(laboratory, nodePort, "refused");
    await laboratory.apply(service("changing", 4, { type: "NodePort" }));
    await assertMet(laboratory, nodePort, "pod-2b");
    await assertMet(laboratory, { number: 4 }, "pod-2b");
    await laboratory.apply(service("changing", 4, { type: "ClusterIP" }));
    await assertMet(laboratory, nodePort, "refused");
    await laboratory.apply(externalName);
    await assertMet(laboratory, { number: 4 }, "silence");
  });

  test("TCP and UDP of one port number lead to their own endpoints", async () => {
    await laboratory.apply(
      service("twofold", 5),
      ...slices("twofold", ["pod-1b"], { suffix: "-t", ports: { tcp: 8080 } }),
      ...slices("twofold", ["pod-2b"], { suffix: "-u", ports: { udp: 8081 } }),
    );
    for (const family of families) {
      for (const way of ["cluster-ip", "node-port@node1", "vip@node1"] as const) {
        const question = { family, number: 5, from: "outside", way } as const;
        assert.deepEqual(await allMet(laboratory, { ...question, protocol: "TCP" }), ["pod-1b"]);
        assert.deepEqual(await allMet(laboratory, { ...question, protocol: "UDP" }), ["pod-2b"]);
      }
    }
  });

  test("target ports that differ from slice to slice are met each at its endpoint", async () => {
    await laboratory.apply(
      service("named", 6),
      ...slices("named", ["pod-1b"], { suffix: "-old", ports: { tcp: 8081, udp: 8081 } }),
      ...slices("named", ["pod-2b"], { suffix: "-new", ports: { tcp: 8082, udp: 8082 } }),
    );
    for (const family of families) {
      for (const protocol of protocols) {
        const outcomes = await Promise.all(
          Array.from({ length: 24 }, () => ask(laboratory, { family, protocol, number: 6 })),
        );
        const seen = outcomes.map(outcome =>
          outcome.kind === "answered"
            ? `${podAt(family, outcome.endpoint)} ${outcome.endpointPort}`
            : outcome.kind,
        );
        assert.deepEqual([...new Set(seen)].sort(), ["pod-1b 8081", "pod-2b 8082"]);
      }
    }
  });

  test("endpoints that are not ready are not met", async () => {
    await laboratory.apply(
      service("starting", 7),
      ...slices("starting", ["pod-1b", { pod: "pod-2b", ready: false }]),
    );
    for (const family of families) {
      assert.deepEqual(await allMet(laboratory, { family, protocol: "TCP", number: 7 }), ["pod-1b"]);
    }
    await laboratory.apply(...slices("starting", [{ pod: "pod-2b", ready: false, serving: true }]));
    await assertMet(laboratory, { number: 7 }, "refused");
  });

  const everybody = ["pod-1a", "pod-1b", "pod-2a", "pod-2b"] as const;
  const waysFrom: readonly (readonly [Place, WayIn])[] = [
    ["pod-1a", "cluster-ip"],
    ["node2", "cluster-ip"],
    ["outside", "node-port@node1"],
    ["outside", "vip@node2"],
  ];

  test("clients with affinity get fifteen same answers, by every way in, and without it several", async () => {
    const sticky = service("sticky", 8, { spec: affinity(10_800) });
    await laboratory.apply(sticky, ...slices("sticky", everybody));
    const assertCounts = async (isExpected: (endpointCount: number) => boolean) => {
      for (const family of families) {
        for (const protocol of protocols) {
          for (const [from, way] of waysFrom) {
            const question = { family, protocol, number: 8, from, way };
            // Alone: of first packets that come at once, each may find that there was none before it.
            await met(laboratory, question);
            const seen = await allMet(laboratory, question, 15);
            assert.ok(isExpected(seen.length), `${family} ${protocol} ${from} ${way}: ${seen}`);
          }
        }
      }
    };
    await assertCounts(count => count === 1);
    await laboratory.apply(service("sticky", 8));
    await assertCounts(count => count > 1);
    await laboratory.apply(sticky);
    await assertCounts(count => count === 1);
  });

  test("a client whose endpoint goes moves once and stays", async () => {
    const sticky = service("leaving", 9, { spec: affinity(10_800) });
    for (const family of families) {
      const question = { family, protocol: "TCP", number: 9 } as const;
      await laboratory.apply(sticky, ...slices("leaving", everybody));
      const first = await met(laboratory, question);
      const others = everybody.filter(pod => pod !== first);
      await laboratory.apply(...slices("leaving", others));
      const second = await met(laboratory, question);
      assert.ok(others.some(pod => pod === second));
      await laboratory.apply(...slices("leaving", everybody));
      assert.deepEqual(await allMet(laboratory, question, 15), [second]);
    }
  });

  test("affinity is kept as long as a client comes again, and ends when it does not", async () => {
    // Much longer than the clients' rounds take, on a slow machine too.
    const timeoutSeconds = 4;
    await laboratory.apply(
      service("brief", 10, { spec: affinity(timeoutSeconds) }),
      ...slices("brief", everybody),
    );
    const clients = families.flatMap(family =>
      protocols.flatMap(protocol => {
        const { outside } = addressesOf[family];
        const inside = (["pod-1a", "pod-2a"] as const).map(from => [from, addressOf(family, from)] as const);
        return [...inside, ["outside", outside[0]] as const, ["outside", outside[1]] as const].map(
          ([from, source]): Question => ({ family, protocol, number: 10, from, source }),
        );
      }),
    );
    const all = () => Promise.all(clients.map(client => met(laboratory, client)));
    const first = await all();
    for (let elapsedMs = 0; elapsedMs < 1.5 * timeoutSeconds * 1000; elapsedMs += 750) {
      await sleep(750);
      assert.deepEqual(await all(), first);
    }
    await sleep(timeoutSeconds * 1000 + 500);
    assert.notDeepEqual(await all(), first);
  });
});
