/**
 * The part of a table that Services do not change: its chains, as the settings want them.
 *
 * Shape. A new connection is looked up once by `address . protocol . port` (or by `protocol . port` on a node's own
 * address), and the verdict is the chain that takes an endpoint (`pick-chain.ts`). Where Pods or the node are
 * treated unlike others, maps that only they pass come first. So verdict maps never lead to verdict maps: older
 * kernels check every path through the chains again at each change, and one large map behind another would make that
 * quadratic. Nor is there any unnamed set or map, which cost the most of all.
 *
 * What nft 1.0.6 on Linux 6.18 refused, or did badly, and what is done instead:
 * - `numgen` in the key of a map declared by `type`: "integer" is not "mark".
 * - `dnat … map` with a map declared by `typeof` that the kernel has already: "conflicting protocols: ip vs. th".
 *   With `tcp dport` in place of `th dport` it is taken, and silently becomes a rule for TCP. Hence maps that give
 *   endpoints are declared by `type`, without `numgen`, and the index goes by way of the packet's priority.
 * - A map inside the key of another, or as the value in `update`: no such syntax; the priority again.
 * - `update @affinity` puts an entry's timeout back and leaves its value, hence `delete` before it; that one is an
 *   invalid argument without a value, and with one does not look at it.
 * - `update` of a map with a key longer than 16 bytes (an IPv6 address and more): nft aborts, or lets the value
 *   overwrite the end of the key, by the order of the parts. The key is the address's hash.
 * - `dnat … map` without a transport protocol: refused even after `th dport != 0`; in the key it is enough.
 * - The priority `dstnat` for an output hook; its number is taken.
 * - Deleting a chain in the transaction that deletes its last reference: busy. It is deleted in a later one.
 * - Listing one chain or a terse table reads every element first: 8 s for 160 000. `list chains`, `list map` do not.
 * - One element per command: twice the time of 200.
 */

import type { IPFamily } from "../../cluster/objects.ts";
import { formatNetwork, isWithin, parseNetwork, withoutNested } from "../plan/network.ts";
import type { LocalTrafficDetector, ProxySettings } from "../plan/proxy-settings.ts";
import { containerCommands } from "./containers.ts";
import type { Element } from "./element.ts";
import { clearPriorityRule, endpointRules } from "./pick-chain.ts";
import type { TableWords } from "./table-words.ts";

/**
 * A chain with this name says that the table was made by this layout. Another name goes with every change of the
 * sets, maps or hooks, and a table without it is replaced as a whole.
 */
export const layoutMark = "layout-1";

export interface TableLayout {
  /** Makes or renews table, sets, maps and all chains but those that are hooked into the kernel. */
  readonly foundation: readonly string[];
  /** Hooks it in: with these the table begins to act. */
  readonly hooks: readonly string[];
  /** What the settings put into sets. */
  readonly elements: readonly Element[];
}

/** All commands may be run on a table that is there already, in one transaction. */
export function layoutTable(words: TableWords, settings: ProxySettings): TableLayout {
  const { table } = words;
  const chains = Object.entries(plainChains(words, settings));
  return {
    foundation: [
      `add table ${table} { comment "Services, kept by frontdesk"; }`,
      ...containerCommands(words),
      ...chains.map(([name]) => `add chain ${table} ${name}`),
      ...chains.flatMap(([name, rules]) => writeRules(table, name, rules)),
    ],
    hooks: Object.entries(hookedChains).flatMap(([name, { hook, rules }]) => [
      `add chain ${table} ${name} { type ${hook}; policy accept; }`,
      ...writeRules(table, name, rules),
    ]),
    elements: settingElements(words, settings),
  };
}

/** The only rules of a chain from now on. */
export function writeRules(table: string, chain: string, rules: readonly string[]): string[] {
  return [`flush chain ${table} ${chain}`, ...rules.map(rule => `add rule ${table} ${chain} ${rule}`)];
}

/** Rejecting is done in filter hooks: before Linux 5.9 it is impossible in prerouting. */
const hookedChains: Readonly<Record<string, { readonly hook: string; readonly rules: readonly string[] }>> = {
  "filter-prerouting": {
    hook: "filter hook prerouting priority -110",
    rules: ["ct state new jump source-ranges"],
  },
  "filter-output-early": {
    hook: "filter hook output priority -110",
    rules: ["ct state new jump source-ranges"],
  },
  "nat-prerouting": { hook: "nat hook prerouting priority -100", rules: ["jump services"] },
  "nat-output": { hook: "nat hook output priority -100", rules: ["jump services"] },
  "filter-input": {
    hook: "filter hook input priority 0",
    rules: [
      "ct state new jump unanswered",
      "ct state new jump unanswered-node-ports",
      "ct state new jump other-ports",
    ],
  },
  "filter-forward": { hook: "filter hook forward priority 0", rules: ["ct state new jump unserved"] },
  "filter-output": { hook: "filter hook output priority 0", rules: ["ct state new jump unserved"] },
  "nat-postrouting": { hook: "nat hook postrouting priority 100", rules: ["jump masquerading"] },
};

function plainChains(
  words: TableWords,
  settings: ProxySettings,
): Readonly<Record<string, readonly string[]>> {
  const { ip } = words;
  const address = `${ip} daddr . meta l4proto . th dport`;
  const mark = `0x${((1 << settings.masqueradeBit) >>> 0).toString(16)}`;
  return {
    [layoutMark]: [],
    refuse: ["meta l4proto tcp reject with tcp reset", "reject"],
    "mark-for-masquerade": [`meta mark set meta mark | ${mark}`],
    "cluster-endpoint": endpointRules("cluster", words),
    "local-endpoint": endpointRules("local", words),
    services: serviceRules(words, settings),
    "node-ports": nodePortRules(words, settings),
    masquerading: [
      clearPriorityRule(),
      `meta mark & ${mark} != 0 meta mark set meta mark ^ ${mark} masquerade fully-random`,
      `ct status dnat ${ip} saddr . ${ip} daddr @hairpins masquerade fully-random`,
    ],
    "source-ranges": [`${address} @source-ranged-ips ${address} . ${ip} saddr != @source-ranges drop`],
    unanswered: [`${address} vmap @no-endpoints`],
    "unanswered-node-ports": [
      `${toNodePorts(words, settings)} meta l4proto . th dport vmap @no-endpoints-node-ports`,
    ],
    // Whoever asks for them would reach this node's own services; ping may.
    "other-ports": [
      `meta l4proto != ${words.icmp} ${ip} daddr @load-balancer-pool ${ip} daddr @load-balancer-ips goto refuse`,
    ],
    unserved: [
      "jump unanswered",
      "jump other-ports",
      `${ip} daddr @cluster-ips goto refuse`,
      `${ip} daddr @service-cidrs drop`,
    ],
  };
}

function serviceRules(words: TableWords, settings: ProxySettings): readonly string[] {
  const { ip } = words;
  const address = `${ip} daddr . meta l4proto . th dport`;
  const pods = podMatch(words, settings.localTraffic);
  const fromOthers = settings.masqueradeAll ? "" : pods?.isNot;
  return [
    ...rulesIf(fromOthers, match => `${ip} daddr @cluster-ips ${match} jump mark-for-masquerade`),
    ...rulesIf(pods?.is, match => `${match} ${address} vmap @service-ips-from-pods`),
    `fib saddr type local ${address} vmap @service-ips-from-node`,
    `${address} vmap @service-ips`,
    `${toNodePorts(words, settings)} goto node-ports`,
  ];
}

function nodePortRules(words: TableWords, settings: ProxySettings): readonly string[] {
  const nodePort = "meta l4proto . th dport";
  const pods = podMatch(words, settings.localTraffic);
  return [
    ...rulesIf(pods?.is, match => `${match} ${nodePort} vmap @service-node-ports-from-pods`),
    `fib saddr type local ${nodePort} vmap @service-node-ports-from-node`,
    `${nodePort} vmap @service-node-ports`,
  ];
}

function toNodePorts({ family, ip, loopback }: TableWords, { nodePortAddresses }: ProxySettings): string {
  return nodePortAddresses[family] === "all-local"
    ? `fib daddr type local ${ip} daddr != ${loopback}`
    : `${ip} daddr @node-port-ips`;
}

interface PodMatch {
  readonly is: string;
  readonly isNot: string;
}

/** Undefined where nothing tells Pods from others. What a process of the node sends has come in by no interface. */
function podMatch({ family, ip }: TableWords, detector: LocalTrafficDetector): PodMatch | undefined {
  switch (detector.kind) {
    case "none":
      return undefined;
    case "networks":
      if (networksOf(family, detector.networks).length === 0) return undefined;
      return { is: `${ip} saddr @pod-networks`, isNot: `${ip} saddr != @pod-networks` };
    case "interface":
      return interfaceMatch(detector.name);
    case "interface-prefix":
      return interfaceMatch(`${detector.prefix}*`);
  }
}

function interfaceMatch(name: string): PodMatch {
  if (/["\\\s/]/.test(name)) throw new RangeError(`"${name}" cannot be the name of a network interface.`);
  return { is: `iifname "${name}"`, isNot: `iifname != "${name}"` };
}

function settingElements({ family }: TableWords, settings: ProxySettings): readonly Element[] {
  const { localTraffic, loadBalancerPool, serviceCIDRs } = settings;
  const nodePortAddresses = settings.nodePortAddresses[family];
  const podNetworks = localTraffic.kind === "networks" ? localTraffic.networks : [];
  const addresses = nodePortAddresses === "all-local" ? [] : new Set(nodePortAddresses);
  return [
    ...[...addresses]
      // What comes from a loopback address is not routed to another host.
      .filter(address => !isWithin(address, loopbacks))
      .map(key => ({ container: "node-port-ips", key }) as const),
    ...networksOf(family, loadBalancerPool).map(key => ({ container: "load-balancer-pool", key }) as const),
    ...networksOf(family, serviceCIDRs).map(key => ({ container: "service-cidrs", key }) as const),
    ...networksOf(family, podNetworks).map(key => ({ container: "pod-networks", key }) as const),
  ];
}

const loopbacks: readonly string[] = ["127.0.0.0/8", "::1/128"];

/** Intervals of a set may not overlap. */
function networksOf(family: IPFamily, networks: readonly string[]): readonly string[] {
  const ofFamily = networks.map(parseNetwork).filter(network => network?.family === family);
  return withoutNested(ofFamily.filter(network => network !== undefined)).map(formatNetwork);
}

function rulesIf(match: string | undefined, rule: (match: string) => string): readonly string[] {
  return match === undefined ? [] : [rule(match)];
}
