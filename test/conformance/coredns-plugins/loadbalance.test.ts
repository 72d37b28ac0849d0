/** Corefile word `loadbalance`: which address comes first. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { useCorefile } from "./use-corefile.ts";

const addresses = ["192.0.2.1", "192.0.2.2", "198.51.100.3"];
const zones = ["random.test", "weighted.test", "prefer.test"];

const subject = useCorefile({
  files: {
    hosts: zones.map(zone => addresses.map(address => `${address} ${zone}\n`).join("")).join(""),
    weights: "# the second\nweighted.test\n192.0.2.1 1\n192.0.2.2 200\n198.51.100.3 1\n",
  },
  corefile: at => {
    const block = (zone: string, loadbalance: string) => `${at.keys(zone)} {
    ${zone === "random.test" ? at.common : at.bind}
    hosts ${at.directory}/hosts
    loadbalance ${loadbalance}
}
`;
    return [
      block("random.test", "round_robin"),
      block("weighted.test", `weighted ${at.directory}/weights {\n reload 1s\n }`),
      block("prefer.test", "{\n prefer 198.51.100.0/24\n }"),
    ].join("");
  },
});

/** How often which address came first. */
async function firsts(zone: string, rounds: number): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    const { answer } = await subject.ask(`${zone}. A`);
    const all = answer.map(line => line.split(" ").at(-1) ?? "");
    assert.deepEqual([...all].sort(), addresses);
    seen.set(all[0] ?? "", (seen.get(all[0] ?? "") ?? 0) + 1);
  }
  return seen;
}

test("round_robin puts every address first as often as the others", async () => {
  const seen = await firsts("random.test", 300);
  for (const address of addresses)
    assert.ok(Math.abs((seen.get(address) ?? 0) - 100) < 50, JSON.stringify([...seen]));
});

test("weighted puts the heaviest address first most of the time", async () => {
  const seen = await firsts("weighted.test", 60);
  assert.ok((seen.get("192.0.2.2") ?? 0) > 50, JSON.stringify([...seen]));
});

test("prefer puts addresses of a network before all others, which stay in random order", async () => {
  assert.deepEqual([...(await firsts("prefer.test", 30))], [["198.51.100.3", 30]]);
});
