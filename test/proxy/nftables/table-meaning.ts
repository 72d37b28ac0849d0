/** What a table means, without what two equal tables may differ in: the order of endpoints and affinity's numbers. */

import assert from "node:assert/strict";
import { parsePickChain } from "../../../src/proxy/nftables/pick-chain.ts";
import type { FakeTable } from "./fake-nft.ts";

type Elements = Readonly<Record<string, unknown>>;

/** Fails where indexes have gaps or something leads nowhere. */
export function meaningOf(table: FakeTable | undefined): unknown {
  assert.ok(table);
  const containers = [...table.elements].map(([name, elements]) => [name, [...elements].sort()] as const);
  const plain = containers.filter(([name]) => !/endpoints$|^affinity|^no-endpoints/.test(name));
  const used = [...table.chains].filter(
    ([name]) => parsePickChain(name) === undefined || isUsed(table, name),
  );
  return {
    plain: Object.fromEntries(plain),
    unanswered: [elementsOf(table, "no-endpoints"), elementsOf(table, "no-endpoints-node-ports")],
    endpoints: Object.fromEntries(endpointMaps.map(name => [name, indexed(elementsOf(table, name))])),
    affinity: {
      addresses: resolved(table, "affinity-service-ips"),
      nodePorts: resolved(table, "affinity-node-ports"),
    },
    chains: Object.fromEntries(used),
    hooks: Object.fromEntries(table.hooks),
  };
}

const endpointMaps = [
  "cluster-endpoints",
  "local-endpoints",
  "node-port-cluster-endpoints",
  "node-port-local-endpoints",
];

function elementsOf(table: FakeTable, name: string): readonly (readonly [string, string])[] {
  return [...(table.elements.get(name) ?? [])].sort();
}

function isUsed(table: FakeTable, chain: string): boolean {
  const values = [...table.elements.values()].flatMap(elements => [...elements.values()]);
  const targets = new Set(values.map(text => text.split(" # ")[0]));
  return targets.has(`goto ${chain}`) || targets.has(`goto ${chain}-masquerade`);
}

/** Values by the rest of the key, in any order; the indexes before them must be 0, 1, 2 and so on. */
function indexed(elements: readonly (readonly [string, string])[]): Elements {
  const groups = Map.groupBy(elements, ([key]) => key.slice(key.indexOf(" . ") + 3));
  return Object.fromEntries(
    [...groups].map(([key, group]) => {
      const indexes = group.map(([text]) =>
        Number.parseInt(text.split(" ")[0]?.replace(/^4000:/, "") ?? "", 16),
      );
      assert.deepEqual(indexes.sort(numerically), [...group.keys()], `indexes of ${key}`);
      return [key, group.map(([, value]) => value).sort()];
    }),
  );
}

/** Lists of endpoints in place of `SERVICE:0`. */
function resolved(table: FakeTable, name: string): Elements {
  return Object.fromEntries(
    elementsOf(table, name).map(([key, service]) => [
      key,
      { cluster: choicesOf(table, "cluster", service), local: choicesOf(table, "local", service) },
    ]),
  );
}

function choicesOf(table: FakeTable, list: "cluster" | "local", service: string): unknown {
  const choices = elementsOf(table, `affinity-${list}-choices`).filter(([key]) =>
    key.endsWith(` . ${service}`),
  );
  const indexes = choices.map(([key]) => Number(key.split(" ")[0])).sort(numerically);
  assert.deepEqual(indexes, [...choices.keys()], `indexes of ${service}`);
  const endpoints = choices.map(([, slot]) => {
    const remembered = elementsOf(table, `affinity-${list}-endpoints`).find(([key]) =>
      key.startsWith(`${slot} `),
    );
    assert.ok(remembered, `${slot} leads nowhere`);
    return remembered[1];
  });
  return endpoints.sort();
}

function numerically(a: number, b: number): number {
  return a - b;
}
