/** The kernel's cost grows with the square of chains, sets and maps: there may not be more of them for more Services. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pino } from "pino";
import { nftProgram } from "../../../src/proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { plan, remoteEndpoint } from "../../proxy/nftables/plan-fixture.ts";
import { plainSettings } from "../../proxy/plain-settings.ts";
import { laboratoryMissing } from "./laboratory.ts";

/** Some of every sort: with two or three endpoints, node ports, affinity, one policy or the other. */
function services(count: number): ReadonlyMap<string, readonly ServicePortPlan[]> {
  return new Map(
    Array.from({ length: count }, (_, i) => {
      const place = (network: number) => `${network}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      const endpoints = [11, 12, 13].slice(i % 2).map(network => remoteEndpoint(place(network)));
      const own = plan(`s${i}`, {
        clusterIP: place(10),
        clusterEndpoints: endpoints,
        localEndpoints: endpoints.slice(1),
        externalPolicy: i % 3 === 0 ? "Local" : "Cluster",
        nodePort: i % 5 === 0 ? 1 + i : 0,
        affinityTimeoutSeconds: i % 11 === 0 ? 10_800 : undefined,
      });
      return [`default/s${i}`, [own]];
    }),
  );
}

test("10 000 Services have as many chains, sets and maps as 400", { skip: laboratoryMissing() }, async () => {
  const namespace = `frontdesk-count-${process.pid}`;
  const inside = ["ip", "netns", "exec", namespace, "nft"];
  const nft = (...args: readonly string[]) =>
    spawnSync("ip", [...inside.slice(1), ...args], { encoding: "utf8", maxBuffer: 1 << 28 }).stdout;
  const counted = () => ({
    chains: nft("list", "chains").match(/^\tchain /gm)?.length,
    sets: nft("-t", "list", "sets").match(/^\tset /gm)?.length,
    maps: nft("-t", "list", "maps").match(/^\tmap /gm)?.length,
  });
  assert.equal(spawnSync("ip", ["netns", "add", namespace]).status, 0);
  const runner = nftProgram(inside);
  try {
    const backEnd = new NftablesBackEnd({
      settings: plainSettings,
      families: ["IPv4"],
      runner,
      log: pino({ level: "silent" }),
    });
    await backEnd.start(services(400));
    const few = counted();
    assert.ok(few.chains && few.sets && few.maps);
    await backEnd.update(services(10_000));
    assert.deepEqual(counted(), few);
  } finally {
    await runner.close();
    spawnSync("ip", ["netns", "del", namespace]);
  }
});
