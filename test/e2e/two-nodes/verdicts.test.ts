/** Every way to every kind of Service, from everywhere: who answers and whom that one sees. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { Place, Protocol } from "./addresses.ts";
import { addressesOf, addressOf, families, nodeOf, pods, protocols } from "./addresses.ts";
import type { WayIn } from "./cluster-objects.ts";
import { wayInto } from "./cluster-objects.ts";
import type { Outcome } from "./connect-once.ts";
import { allMet, ask, patienceFor } from "./encounters.ts";
import { elsewherePort, Laboratory } from "./laboratory.ts";
import { laboratoryMissing, limitErrors } from "./networks.ts";
import { notKubeProxys } from "./proxy-process.ts";
import type { Row } from "./verdict-rows.ts";
import { numberOf, rowObjects, rows } from "./verdict-rows.ts";

const concurrentRows = 60;

/** What the rows call the addresses of a family. */
function wordsOf(family: IPFamily): ReadonlyMap<string, string> {
  const { nodes, gateways, outside, pods: podAddresses } = addressesOf[family];
  return new Map([
    ...Object.entries(podAddresses).map(([pod, address]) => [address, pod] as const),
    ...Object.entries(nodes).map(([node, address]) => [address, node] as const),
    ...Object.entries(gateways).map(([node, address]) => [address, `gateway${node.slice(4)}`] as const),
    [outside[0], "outside"],
    [outside[1], "outside2"],
  ]);
}

function inWords(family: IPFamily, outcome: Outcome): string {
  if (outcome.kind !== "answered") return outcome.kind;
  const words = wordsOf(family);
  return `${words.get(outcome.endpoint)} sees ${words.get(outcome.seenSource)}`;
}

suite("ways to Services", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;

  before(async () => {
    laboratory = await Laboratory.open(rowObjects);
  });
  after(() => laboratory?.[Symbol.asyncDispose]());

  async function resultOf(family: IPFamily, protocol: Protocol, row: Row): Promise<string> {
    const isSecond = row.client === "outside2";
    const place = (isSecond ? "outside" : row.client) as Place;
    const source = isSecond ? addressesOf[family].outside[1] : addressOf(family, place);
    const to = wayInto(family, numberOf(row.service), row.way as WayIn);
    const patience = patienceFor(row.expected);
    return inWords(
      family,
      await laboratory.connect(place, { protocol, source, ...to, patienceMs: patience }),
    );
  }

  for (const family of families) {
    for (const protocol of protocols) {
      test(`${family} ${protocol} connections go as every row says`, async () => {
        const wrong: object[] = [];
        for (let first = 0; first < rows.length; first += concurrentRows) {
          const some = rows.slice(first, first + concurrentRows);
          const results = await Promise.all(some.map(row => resultOf(family, protocol, row)));
          some.forEach((row, index) => {
            const seen = results[index] ?? "";
            if (!row.expected.split(", ").includes(seen)) wrong.push({ ...row, seen });
          });
        }
        assert.deepEqual(wrong, []);
      });

      test(`${family} ${protocol} connections spread over all endpoints`, async () => {
        const attempts = Array.from({ length: 40 }, () =>
          ask(laboratory, { family, protocol, number: numberOf("web") }),
        );
        const outcomes = (await Promise.all(attempts)).map(outcome => inWords(family, outcome));
        const byEndpoint = Map.groupBy(outcomes, outcome => outcome);
        const endpoints = ["pod-1b", "pod-2b"].map(pod => `${pod} sees pod-1a`);
        assert.deepEqual([...byEndpoint.keys()].sort(), endpoints);
        for (const [endpoint, { length }] of byEndpoint)
          assert.ok(length >= 6, `${endpoint}: ${length} of 40`);
      });

      test(`${family} ${protocol} to what no Service has is refused, dropped or left alone`, async () => {
        const { clusterIP, externalIP, nodes, elsewhere } = addressesOf[family];
        const assertSeen = async (expected: string, place: Place, address: string, port: number) => {
          const source = addressOf(family, place);
          const attempt = { protocol, source, address, port, patienceMs: patienceFor(expected) };
          const outcome = await laboratory.connect(place, attempt);
          const seen = outcome.kind === "answered" ? outcome.endpoint : outcome.kind;
          assert.equal(seen, expected, `${place} to ${address} port ${port}`);
        };
        const all = (["pod-1a", "node1", "outside"] as const).map(async place => {
          await assertSeen("refused", place, clusterIP(numberOf("web")), 81);
          await assertSeen("silence", place, clusterIP(77), 80);
          await assertSeen("refused", place, nodes.node1, 30_077);
        });
        await Promise.all(all);
        await assertSeen("silence", "pod-1a", externalIP("node1", numberOf("web")), 81);
        await assertSeen(elsewhere, "pod-1a", elsewhere, elsewherePort);
      });
    }
  }

  for (const family of families) {
    test(
      `${family} TCP connections to nobody are refused at once, however many come and whatever ICMP is held back`,
      notKubeProxys("it refuses by ICMP, which the kernel limits"),
      async () => {
        limitErrors("node1", 1000);
        const question = { family, protocol: "TCP", number: numberOf("nobody") } as const;
        const ways = ["cluster-ip", "node-port@node1", "vip@node1"] as const;
        for (const way of ways) {
          const one = { ...question, way, from: "outside", patienceMs: patienceFor("refused") } as const;
          assert.deepEqual(await allMet(laboratory, one, 60), ["refused"], way);
        }
        limitErrors("node1", 0);
      },
    );

    test(`${family} Pods reach each other by their own addresses as without a proxy`, async () => {
      for (const pod of pods.filter(pod => nodeOf(pod) === "node2")) {
        const [source, address] = [addressOf(family, "pod-1a"), addressOf(family, pod)];
        const attempt = { protocol: "TCP", source, address, port: 8080, patienceMs: 5000 } as const;
        const outcome = await laboratory.connect("pod-1a", attempt);
        assert.equal(inWords(family, outcome), `${pod} sees pod-1a`);
      }
    });
  }
});
