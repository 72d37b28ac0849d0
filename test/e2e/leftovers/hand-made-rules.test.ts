/** Rules as kube-proxy leaves them, in the kernel, for all programs that may have written and may remove them. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, beforeEach, suite, test } from "node:test";
import { pino } from "pino";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import { removeLeftovers } from "../../../src/proxy/leftovers/remove-leftovers.ts";
import { ruleOnSharedChain, rulesOfKubeProxy, rulesOfOthers } from "../../proxy/leftovers/node-rules.ts";
import { machineIn } from "./machine-in.ts";

const namespace = `frontdesk-leftovers-${process.pid}`;
const words = ["ip", "netns", "exec", namespace];
const machine = machineIn(words);
const log = pino({ level: "silent" });
const tools = ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"] as const;

function missingTools(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = ["ip", "nft", "ipset", ...tools].filter(tool => spawnSync(tool).error !== undefined);
  return missing.length > 0 ? `needs ${missing.join(", ")}` : false;
}

async function restore(rulesOf: (family: IPFamily) => string): Promise<void> {
  for (const tool of tools) {
    const rules = rulesOf(tool.startsWith("ip6") ? "IPv6" : "IPv4");
    await machine.run([`${tool}-restore`, "--noflush"], rules);
  }
}

/** Without comments, which have the time in them. */
async function savedRules(): Promise<string> {
  const texts: string[] = [];
  for (const tool of tools) texts.push(`${tool}\n`, await machine.run([`${tool}-save`]));
  return texts.join("").replace(/^#.*\n/gm, "");
}

suite("leftovers in the kernel", { skip: missingTools() }, () => {
  beforeEach(() => {
    spawnSync("ip", ["netns", "del", namespace]);
    spawnSync("ip", ["netns", "add", namespace]);
  });

  after(() => {
    spawnSync("ip", ["netns", "del", namespace]);
  });

  for (const missing of [[], ["nft"], ["iptables-nft", "ip6tables-nft"]] as const) {
    const without = missing.map(program => `without ${program} `).join("");

    test(`rules of mode iptables go ${without}and those of others stay as they were`, async () => {
      await restore(rulesOfOthers);
      const ofOthers = await savedRules();
      await restore(rulesOfKubeProxy);
      assert.notEqual(await savedRules(), ofOthers);
      const { removed, remaining } = await removeLeftovers({ log, machine: machineIn(words, missing) });
      assert.equal(await savedRules(), ofOthers);
      assert.equal(removed.length, 12);
      assert.deepEqual(remaining, []);
    });

    test(`a chain that a network plugin uses too stays ${without}and works as before`, async () => {
      await restore(rulesOfKubeProxy);
      await restore(() => ruleOnSharedChain);
      const { remaining } = await removeLeftovers({ log, machine: machineIn(words, missing) });
      assert.deepEqual(remaining, []);
      const rules = (await savedRules()).match(/^(?:ip\S+|-A .*|:(?:CNI|KUBE).*)$/gm);
      assert.deepEqual(
        rules,
        tools.flatMap(tool => [
          tool,
          ":CNI-HOSTPORT-SETMARK - [0:0]",
          ":KUBE-MARK-MASQ - [0:0]",
          "-A POSTROUTING -m mark --mark 0x7 -j KUBE-MARK-MASQ",
          '-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j KUBE-MARK-MASQ',
          "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
        ]),
      );
    });
  }

  test("sets of mode ipvs go with the rules that refer to them, and those of others stay", async () => {
    const sets = [
      ["KUBE-CLUSTER-IP", "hash:ip,port", "iptables-nft"],
      ["KUBE-6-LOAD-BALANCER-SOURCE-CID", "hash:ip,port,net", "ip6tables-legacy"],
      ["KUBE-SRC-AAAAAAAAAAAAAAAA", "hash:ip", "iptables-nft"],
    ] as const;
    await restore(rulesOfKubeProxy);
    for (const [name, type, tool] of sets) {
      const family = tool.startsWith("ip6") ? "inet6" : "inet";
      await machine.run(["ipset", "create", name, type, "family", family]);
      if (name.startsWith("KUBE-SRC")) continue;
      const match = ["-m", "set", "--match-set", name, "dst,dst"];
      await machine.run([tool, "-t", "nat", "-A", "KUBE-SERVICES", ...match, "-j", "KUBE-MARK-MASQ"]);
    }
    const { removed, remaining } = await removeLeftovers({ log, machine });
    assert.deepEqual(remaining, []);
    assert.deepEqual(removed.slice(-2), ["set KUBE-CLUSTER-IP", "set KUBE-6-LOAD-BALANCER-SOURCE-CID"]);
    assert.equal(await machine.run(["ipset", "list", "-name"]), "KUBE-SRC-AAAAAAAAAAAAAAAA\n");
  });

  test("what nothing was left on is not touched, and said nothing of", async () => {
    await restore(rulesOfOthers);
    await machine.run(["nft", "add table ip frontdesk; add chain ip frontdesk services"]);
    const before = await machine.run(["nft", "-a", "list", "ruleset"]);
    assert.deepEqual(await removeLeftovers({ log, machine }), { removed: [], remaining: [] });
    assert.equal(await machine.run(["nft", "-a", "list", "ruleset"]), before);
  });
});
