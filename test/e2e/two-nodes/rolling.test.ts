/** Endpoints come and go under load, and nobody notices. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { PodName } from "./addresses.ts";
import { families, protocols } from "./addresses.ts";
import type { Endpoint } from "./cluster-objects.ts";
import { service, slices } from "./cluster-objects.ts";
import { allMet, assertMet } from "./encounters.ts";
import { Laboratory } from "./laboratory.ts";
import { laboratoryMissing } from "./networks.ts";
import { endLoads, OngoingConversation, OngoingLoad } from "./ongoing.ts";

const leaving = (pod: PodName): Endpoint => ({ pod, ready: false, serving: true, terminating: true });

suite("changes under load", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;

  before(async () => {
    laboratory = await Laboratory.open();
  });
  after(() => laboratory?.[Symbol.asyncDispose]());

  test("replacing all endpoints one after the other fails no connection", async () => {
    await laboratory.apply(service("rolling", 1), ...slices("rolling", ["pod-1b", "pod-2b"]));
    const loads = await Promise.all(
      families.flatMap(family => {
        const begin = (fields: object) =>
          OngoingLoad.begin(laboratory, { family, protocol: "TCP", number: 1, ...fields });
        return [
          begin({ from: "pod-1a" }),
          begin({ from: "node2" }),
          begin({ from: "outside", way: "node-port@node1" }),
          begin({ from: "outside", way: "vip@node2" }),
          begin({ from: "pod-2a", protocol: "UDP" }),
        ];
      }),
    );
    await loads[0]?.untilAnswered(20);
    let current: readonly PodName[] = ["pod-1b", "pod-2b"];
    for (const [old, replacement] of [
      ["pod-1b", "pod-2a"],
      ["pod-2b", "pod-1b"],
      ["pod-2a", "pod-2b"],
      ["pod-1b", "pod-2a"],
    ] as const) {
      const others = current.filter(pod => pod !== old);
      await laboratory.apply(...slices("rolling", [...current, replacement]));
      await laboratory.apply(...slices("rolling", [leaving(old), ...others, replacement]));
      await laboratory.apply(...slices("rolling", [...others, replacement]));
      current = [...others, replacement];
    }
    await endLoads(loads, ["pod-1b", "pod-2a", "pod-2b"]);
    for (const family of families) {
      const question = { family, protocol: "TCP", number: 1 } as const;
      assert.deepEqual(await allMet(laboratory, question), [...current].sort());
    }
  });

  test("replacing a node's only endpoint fails no connection that may only be served there", async () => {
    const spec = {
      internalTrafficPolicy: "Local",
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 31_002,
    };
    await laboratory.apply(service("only", 2, { spec }), ...slices("only", ["pod-1b"]));
    const loads = await Promise.all(
      families.flatMap(family => [
        OngoingLoad.begin(laboratory, { family, protocol: "TCP", number: 2, from: "node1" }),
        OngoingLoad.begin(laboratory, {
          family,
          protocol: "TCP",
          number: 2,
          from: "outside",
          way: "vip@node1",
        }),
      ]),
    );
    for (const [old, replacement] of [
      ["pod-1b", "pod-1a"],
      ["pod-1a", "pod-1b"],
    ] as const) {
      await laboratory.apply(...slices("only", [old, { pod: replacement, ready: false }]));
      // Until another is ready, one that is about to go serves.
      await laboratory.apply(...slices("only", [leaving(old), { pod: replacement, ready: false }]));
      await loads[0]?.untilAnswered(10);
      await laboratory.apply(...slices("only", [leaving(old), replacement]));
      await laboratory.apply(...slices("only", [replacement]));
    }
    await endLoads(loads, ["pod-1a", "pod-1b"]);
  });

  test("changes of other Services fail no connection", async () => {
    await laboratory.apply(service("steady", 3), ...slices("steady", ["pod-1b", "pod-2b"]));
    const loads = await Promise.all(
      families.map(family => OngoingLoad.begin(laboratory, { family, protocol: "TCP", number: 3 })),
    );
    const others = Array.from({ length: 20 }, (_, index) => [`other-${index}`, 40 + index] as const);
    for (let round = 0; round < 3; round++) {
      const pods: readonly PodName[] = round === 1 ? ["pod-1b", "pod-2a", "pod-2b"] : ["pod-2a"];
      await laboratory.apply(
        ...others.flatMap(([name, number]) => [service(name, number), ...slices(name, pods)]),
      );
      for (const [name] of others) await laboratory.remove("Service", name);
    }
    await endLoads(loads, ["pod-1b", "pod-2b"]);
  });

  test("connections go on when their endpoint, and then their Service, are gone", async () => {
    await laboratory.apply(service("going", 4), ...slices("going", ["pod-1b"]));
    const conversations = await Promise.all(
      families.flatMap(family =>
        [
          { from: "pod-1a", way: "cluster-ip" },
          { from: "node2", way: "cluster-ip" },
          { from: "outside", way: "node-port@node2" },
          { from: "outside", way: "vip@node1" },
        ].map(fields =>
          OngoingConversation.begin(laboratory, {
            family,
            protocol: "TCP",
            number: 4,
            ...(fields as { from: "outside"; way: "vip@node1" }),
          }),
        ),
      ),
    );
    const assertGoingOn = async () => {
      const answered = conversations.map(conversation => conversation.untilAnswered());
      for (const pod of await Promise.all(answered)) assert.equal(pod, "pod-1b");
    };
    await laboratory.apply(...slices("going", [leaving("pod-1b"), "pod-2b"]));
    await assertGoingOn();
    await laboratory.apply(...slices("going", ["pod-2b"]));
    await assertGoingOn();
    await assertMet(laboratory, { number: 4 }, "pod-2b");
    await laboratory.remove("Service", "going");
    await laboratory.removeSlices("going");
    await laboratory.settle();
    await assertGoingOn();
    await assertMet(laboratory, { number: 4 }, "silence");
    for (const conversation of conversations) await conversation.end();
  });

  test("endpoints to zero and back are refused and served", async () => {
    await laboratory.apply(service("scaled", 5), ...slices("scaled", ["pod-1b"]));
    for (let round = 0; round < 2; round++) {
      await assertMet(laboratory, { number: 5 }, "pod-1b");
      await laboratory.apply(...slices("scaled", []));
      await assertMet(laboratory, { number: 5 }, "refused");
      await assertMet(laboratory, { number: 5, from: "outside", way: "node-port@node2" }, "refused");
      await laboratory.apply(...slices("scaled", ["pod-1b"]));
      await assertMet(laboratory, { number: 5, from: "outside", way: "node-port@node2" }, "pod-1b");
    }
    await laboratory.removeSlices("scaled");
    await laboratory.settle();
    await assertMet(laboratory, { number: 5 }, "refused");
  });

  test("another node port is served and the old one is not", async () => {
    const assertAt = (port: number, expected: string) =>
      assertMet(laboratory, { number: port - 30_000, from: "outside", way: "node-port@node1" }, expected);
    const withNodePort = (nodePort: number) => {
      const ports = protocols.map(protocol => ({
        name: protocol.toLowerCase(),
        protocol,
        port: 80,
        targetPort: 8080,
        nodePort,
      }));
      return service("moved", 6, { spec: { ports } });
    };
    await laboratory.apply(withNodePort(30_006), ...slices("moved", ["pod-2b"]));
    await assertAt(30_006, "pod-2b");
    await laboratory.apply(withNodePort(30_007));
    await assertAt(30_007, "pod-2b");
    await assertAt(30_006, "refused");
    await laboratory.apply(withNodePort(30_006));
    await assertAt(30_006, "pod-2b");
    await assertAt(30_007, "refused");
  });

  test("a Service created again with another address is served there only", async () => {
    await laboratory.apply(service("again", 8), ...slices("again", ["pod-2b"]));
    await assertMet(laboratory, { number: 8 }, "pod-2b");
    await laboratory.remove("Service", "again");
    await laboratory.apply(service("again", 9));
    await assertMet(laboratory, { number: 9 }, "pod-2b");
    await assertMet(laboratory, { number: 8 }, "silence");
    await assertMet(laboratory, { number: 8, from: "outside", way: "node-port@node1" }, "refused");
    await assertMet(laboratory, { number: 9, from: "outside", way: "vip@node1" }, "pod-2b");
  });

  test("a changed external policy is in force for the next connection", async () => {
    await laboratory.apply(service("policy", 10), ...slices("policy", ["pod-2b"]));
    const question = { number: 10, from: "outside", way: "node-port@node1" } as const;
    await assertMet(laboratory, question, "pod-2b");
    await laboratory.apply(service("policy", 10, { spec: { externalTrafficPolicy: "Local" } }));
    await assertMet(laboratory, question, "silence");
    await laboratory.apply(service("policy", 10));
    await assertMet(laboratory, question, "pod-2b");
  });
});
