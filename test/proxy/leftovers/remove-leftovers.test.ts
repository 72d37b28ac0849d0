import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { removeLeftovers } from "../../../src/proxy/leftovers/remove-leftovers.ts";
import { FakeNode } from "./fake-node.ts";
import { ruleOnSharedChain, rulesOfKubeProxy, rulesOfOthers } from "./node-rules.ts";

const log = pino({ level: "silent" });

/** With the rules of everybody else; the text is what the programs save then. */
function nodeOfOthers(): { readonly node: FakeNode; readonly saved: readonly string[] } {
  const node = new FakeNode();
  for (const [tool, tables] of node.tables) tables.restore(rulesOfOthers(familyOf(tool)));
  return { node, saved: savedOf(node) };
}

function familyOf(tool: string) {
  return tool.startsWith("ip6") ? "IPv6" : "IPv4";
}

function savedOf({ tables }: FakeNode): readonly string[] {
  return [...tables.values()].map(one => one.save());
}

const nothing = { removed: [], remaining: [] };

const everyTable = ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"].flatMap(tool => [
  `${tool} table mangle: 1 chains, and 0 rules that led there`,
  `${tool} table filter: 6 chains, and 7 rules that led there`,
  `${tool} table nat: 8 chains, and 3 rules that led there`,
]);

test("mode nftables loses both tables and nobody else's", async () => {
  const node = new FakeNode();
  for (const table of [
    "ip kube-proxy",
    "ip6 kube-proxy",
    "ip frontdesk",
    "ip kube-router",
    "inet kube-proxy",
  ])
    node.nftTables.add(table);
  const { removed, remaining } = await removeLeftovers({ log, machine: node });
  assert.deepEqual(removed, ["nftables table ip kube-proxy", "nftables table ip6 kube-proxy"]);
  assert.deepEqual(remaining, []);
  assert.deepEqual([...node.nftTables], ["ip frontdesk", "ip kube-router", "inet kube-proxy"]);
});

for (const missing of [[], ["nft"], ["iptables-nft-save", "ip6tables-nft-save"]] as const) {
  test(`mode iptables ${missing.map(program => `without ${program} `).join("")}loses its chains in every variant and family`, async () => {
    const { node, saved } = nodeOfOthers();
    for (const [tool, tables] of node.tables) tables.restore(rulesOfKubeProxy(familyOf(tool)));
    for (const program of missing) node.missingPrograms.add(program);
    const { removed, remaining } = await removeLeftovers({ log, machine: node });
    assert.deepEqual(removed, everyTable);
    assert.deepEqual(remaining, []);
    assert.deepEqual(savedOf(node), saved);
  });
}

for (const missing of [[], ["nft"]] as const) {
  test(`a chain that others use too stays${missing.map(program => `, without ${program}`).join("")}`, async () => {
    const { node } = nodeOfOthers();
    const tables = node.table("iptables-nft");
    tables.restore(rulesOfKubeProxy("IPv4"));
    tables.restore(ruleOnSharedChain);
    for (const program of missing) node.missingPrograms.add(program);
    const { remaining } = await removeLeftovers({ log, machine: node });
    assert.deepEqual(remaining, []);
    const marks = [...tables.chainsOf("nat")].filter(([chain]) =>
      /SETMARK|MARK-MASQ|KUBE-S|POSTROUTING/.test(chain),
    );
    assert.deepEqual(
      marks.map(([chain, rules]) => [chain, rules.length]),
      [
        ["POSTROUTING", 2],
        ["KUBE-MARK-MASQ", 1],
        ["CNI-HOSTPORT-SETMARK", 1],
      ],
    );
  });
}

test("a node without leftovers is looked over with two programs, and nothing is said", async () => {
  const node = new FakeNode();
  node.nftTables.add("ip frontdesk");
  node.table("iptables-nft").restore(rulesOfOthers("IPv4"));
  const lines: string[] = [];
  const listening = pino({ level: "trace" }, { write: line => lines.push(line) });
  assert.deepEqual(await removeLeftovers({ log: listening, machine: node }), nothing);
  assert.deepEqual(lines, []);
  assert.deepEqual(node.commands, ["nft list chains", "ipset list -name"]);
});

test("a node without any of the programs has nothing to be said of", async () => {
  const node = new FakeNode();
  for (const program of ["nft", "ipset", "ipvsadm", "ip"]) node.missingPrograms.add(program);
  for (const tool of node.tables.keys()) node.missingPrograms.add(`${tool}-save`);
  assert.deepEqual(await removeLeftovers({ log, machine: node }), nothing);
});

test("tables of iptables-legacy that nobody can look into are a warning", async () => {
  const { node } = nodeOfOthers();
  node.missingPrograms.add("iptables-legacy-save");
  const { remaining } = await removeLeftovers({ log, machine: node });
  assert.deepEqual(remaining, ["rules of iptables-legacy, if any: there is no program iptables-legacy-save"]);
});

for (const [command, expected] of [
  ["nft delete table ip kube-proxy", "nftables table ip kube-proxy: no"],
  ["nft list chains", "tables of nftables, if any: no"],
  ["nft -a list table ip6 nat", "ip6tables-nft table nat: no"],
  ["ip6tables-legacy-save", "rules of ip6tables-legacy, if any: no"],
  ["ipset list", "sets of ipset, if any: no"],
] as const) {
  test(`a failure of ${command} is a warning, and the rest goes on`, async () => {
    const node = new FakeNode();
    for (const [tool, tables] of node.tables) tables.restore(rulesOfKubeProxy(familyOf(tool)));
    node.nftTables.add("ip kube-proxy");
    node.failures.set(command, { message: "no", times: 1 });
    const { removed, remaining } = await removeLeftovers({ log, machine: node });
    assert.deepEqual(remaining, [expected]);
    assert.ok(removed.includes(everyTable.at(-1) ?? "") !== (command === "ip6tables-legacy-save"));
    assert.ok(removed.includes("iptables-legacy table nat: 8 chains, and 3 rules that led there"));
  });
}

test("a table that cannot be written keeps everything, and the others are cleaned", async () => {
  const node = new FakeNode();
  node.table("iptables-legacy").restore(rulesOfKubeProxy("IPv4"));
  node.failures.set("iptables-legacy-restore", { message: "the lock is held", times: 1 });
  const { removed, remaining } = await removeLeftovers({ log, machine: node });
  assert.deepEqual(remaining, ["iptables-legacy table mangle: the lock is held"]);
  assert.equal(removed.length, 2);
});

test("more chains than a transaction of an unprivileged user holds are deleted in parts", async () => {
  const node = new FakeNode();
  const tables = node.table("iptables-nft");
  tables.restore(rulesOfKubeProxy("IPv4"));
  const chains = Array.from({ length: 1000 }, (_, index) => `KUBE-SEP-${String(index).padStart(16, "0")}`);
  const rules = chains.map(chain => `-A KUBE-SVC-AAAAAAAAAAAAAAAA -j ${chain}`);
  tables.restore(["*nat", ...chains.map(chain => `:${chain} - [0:0]`), ...rules, "COMMIT"].join("\n"));
  node.mostNftCommands = 300;
  const { removed, remaining } = await removeLeftovers({ log, machine: node });
  assert.deepEqual(remaining, []);
  assert.ok(removed.includes("iptables-nft table nat: 1008 chains, and 3 rules that led there"));
  assert.deepEqual([...tables.chainsOf("nat").keys()], ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]);
});

const services = ["-A -t 10.96.0.1:443", "-A -u [fd96::a]:53", "-A --sctp-service 192.0.2.1:30080"];

function nodeOfIpvs(...virtualServers: readonly string[]): FakeNode {
  const node = new FakeNode();
  node.interfaces.add("kube-ipvs0");
  for (const server of virtualServers) node.virtualServers.add(server);
  return node;
}

test("mode ipvs loses its virtual servers, then its interface, then its sets", async () => {
  const node = nodeOfIpvs(...services);
  const ours = ["KUBE-CLUSTER-IP", "KUBE-NODE-PORT-LOCAL-SCTP-HASH", "KUBE-6-LOAD-BALANCER-SOURCE-CID"];
  const others = ["KUBE-SRC-AAAAAAAAAAAAAAAA", "KUBE-6-SRC-AAAAAAAAAAAAAAAA", "cali40s:all"];
  for (const set of [...ours, ...others]) node.ipsets.add(set);
  const { removed, remaining } = await removeLeftovers({ log, machine: node });
  const sets = ours.map(set => `set ${set}`);
  assert.deepEqual(removed, ["virtual servers of ipvs: 3", "interface kube-ipvs0", ...sets]);
  assert.deepEqual(remaining, []);
  assert.deepEqual([...node.virtualServers], []);
  assert.deepEqual([...node.interfaces], ["lo"]);
  assert.deepEqual([...node.ipsets], others);
});

test("virtual servers in excluded networks, and those of packet marks, stay", async () => {
  const others = ["-A -f 7", "-A -t 192.0.2.9:80", "-A -t [fd01::9]:80"];
  const node = nodeOfIpvs(...services, ...others);
  const excludedNetworks = ["192.0.2.8/29", "fd01::/64"];
  const { removed } = await removeLeftovers({ log, machine: node, excludedNetworks });
  assert.deepEqual(removed, ["virtual servers of ipvs: 3", "interface kube-ipvs0"]);
  assert.deepEqual([...node.virtualServers], others);
});

test("virtual servers are somebody else's where kube-proxy's interface is not", async () => {
  const node = new FakeNode();
  node.virtualServers.add("-A -t 10.0.0.1:80");
  assert.deepEqual(await removeLeftovers({ log, machine: node }), nothing);
  assert.equal(node.virtualServers.size, 1);
});

test("the interface goes even where ipvsadm is missing, and what remains is said", async () => {
  const node = nodeOfIpvs(...services);
  node.missingPrograms.add("ipvsadm");
  const { removed, remaining } = await removeLeftovers({ log, machine: node });
  assert.deepEqual(removed, ["interface kube-ipvs0"]);
  assert.deepEqual(remaining, ["virtual servers of ipvs: there is no program ipvsadm"]);
});

for (const [times, removed, remaining] of [
  [1, ["set KUBE-LOOP-BACK", "set KUBE-CLUSTER-IP"], []],
  [10, ["set KUBE-CLUSTER-IP"], ["set KUBE-LOOP-BACK: it is in use"]],
] as const) {
  test(`a set that cannot be destroyed ${times} times ${times > 1 ? "stays" : "goes a moment later"}`, async () => {
    const node = new FakeNode();
    for (const set of ["KUBE-LOOP-BACK", "KUBE-CLUSTER-IP"]) node.ipsets.add(set);
    node.failures.set("ipset destroy", { message: "it is in use", times });
    assert.deepEqual(await removeLeftovers({ log, machine: node }), { removed, remaining });
  });
}

test("every line of the report is one of the log, and what remains is a warning", async () => {
  const node = nodeOfIpvs();
  node.failures.set("ipvsadm", { message: "not permitted", times: 1 });
  const lines: string[] = [];
  const listening = pino({ base: null, timestamp: false }, { write: line => lines.push(line) });
  await removeLeftovers({ log: listening, machine: node });
  assert.deepEqual(
    lines.map(line => JSON.parse(line)),
    [
      { level: 40, msg: "kube-proxy's leftovers remain: virtual servers of ipvs: not permitted" },
      { level: 30, msg: "removed what kube-proxy had left: interface kube-ipvs0" },
    ],
  );
});
