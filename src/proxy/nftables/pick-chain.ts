/**
 * Chains that take one endpoint of a list by chance: one per list and number of endpoints, whatever the Services are.
 *
 * The kernel has to keep a number, the index of the endpoint, from one look-up to the next, and nft lets nothing be
 * computed inside the key of a map that gives addresses and ports (`table-layout.ts`). What it does have is a
 * packet's priority: 32 bits, spelled `4000:2`, that nothing reads before the packet is queued for sending, and that
 * forwarded IPv4 packets get anew from their TOS. It is used in the first packet of a connection only, and chain
 * `masquerading` clears it. The marks of packet and connection, the other candidates, belong to CNI plugins.
 *
 * With session affinity the priority is the Service port, `4001:0`, and then the endpoint that the client has, `4001:3`.
 */

import type { TableWords } from "./table-words.ts";

/** Priorities from here to 0x7fffffff are ours. As classes of traffic, 4000: to 7fff:, no queue gets them by itself. */
const firstPriority = 0x40000000;

export interface PickChain {
  readonly list: "cluster" | "local";
  /** Endpoints in the list, at least 1. */
  readonly count: number;
  readonly affinityTimeoutSeconds: number | undefined;
  /** Marks the connection for masquerading, then goes to the chain without it. */
  readonly masquerades: boolean;
}

/** `cluster-3`, `local-1-affinity-10800`, `cluster-3-masquerade`. */
export function pickChainName(chain: PickChain): string {
  const { list, count, affinityTimeoutSeconds, masquerades } = chain;
  const affinity = affinityTimeoutSeconds === undefined ? "" : `-affinity-${affinityTimeoutSeconds}`;
  return `${list}-${count}${affinity}${masquerades ? "-masquerade" : ""}`;
}

/** Undefined for the name of another chain. */
export function parsePickChain(name: string): PickChain | undefined {
  const match = /^(cluster|local)-(\d+)(?:-affinity-(\d+))?(-masquerade)?$/.exec(name);
  if (match === null) return undefined;
  const [, list, count, seconds, masquerade] = match;
  return {
    list: list === "local" ? "local" : "cluster",
    count: Number(count),
    affinityTimeoutSeconds: seconds === undefined ? undefined : Number(seconds),
    masquerades: masquerade !== undefined,
  };
}

/** The chain that this one ends in, if any. */
export function chainBehind(name: string): string | undefined {
  return name.endsWith("-masquerade") ? name.slice(0, -"-masquerade".length) : undefined;
}

/** Its rules, in order. */
export function pickChainRules(chain: PickChain, words: TableWords): readonly string[] {
  const { list, count, affinityTimeoutSeconds, masquerades } = chain;
  if (masquerades) {
    return ["jump mark-for-masquerade", `goto ${pickChainName({ ...chain, masquerades: false })}`];
  }
  if (affinityTimeoutSeconds !== undefined) return affinityRules(list, count, affinityTimeoutSeconds, words);
  return [`meta priority set numgen random mod ${count} offset ${firstPriority}`, `goto ${list}-endpoint`];
}

/**
 * Rules of the chains `cluster-endpoint` and `local-endpoint`: to the endpoint whose index is the priority. It is
 * looked up by address and, where that misses, by node port: a rule whose map has no entry is passed over. Both miss
 * when the list has become shorter since the index was taken; then the first endpoint is taken.
 */
export function endpointRules(list: PickChain["list"], { ip }: TableWords): readonly string[] {
  const dnat = [
    `dnat ${ip} addr . port to meta priority . ${ip} daddr . meta l4proto . th dport map @${list}-endpoints`,
    `dnat ${ip} addr . port to meta priority . meta l4proto . th dport map @node-port-${list}-endpoints`,
  ];
  return [...dnat, `meta priority set ${firstPriority}`, ...dnat];
}

/** The first packet of every connection passes here on its way out. */
export function clearPriorityRule(): string {
  return `meta priority & 0xc0000000 == ${firstPriority} meta priority set none`;
}

/** An index as a priority, in nft's spelling. */
export function formatIndex(index: number): string {
  const priority = firstPriority + index;
  return `${(priority >>> 16).toString(16)}:${(priority & 0xffff).toString(16)}`;
}

/**
 * Known clients first; then, also for one whose endpoint is gone or is not in this list, a new choice. `update` puts
 * an entry's timeout back but leaves its value, hence the `delete`. Where the choice misses because the list has just
 * become shorter, the first endpoint is taken.
 */
function affinityRules(
  list: "cluster" | "local",
  count: number,
  timeoutSeconds: number,
  { ip }: TableWords,
): readonly string[] {
  const client = clientOf(ip);
  const session = `${client} . meta priority & 0xffff0000`;
  const remember = `update @affinity { ${session} timeout ${timeoutSeconds}s : meta priority }`;
  const dnat = `dnat ${ip} addr . port to meta priority . meta l4proto map @affinity-${list}-endpoints`;
  const choose = (among: number) =>
    `meta priority set numgen random mod ${among} . meta priority map @affinity-${list}-choices`;
  return [
    "meta priority set meta l4proto . th dport map @affinity-node-ports",
    `meta priority set ${ip} daddr . meta l4proto . th dport map @affinity-service-ips`,
    `meta priority set ${client} . meta priority map @affinity`,
    `meta priority & 0xffff != none ${remember}`,
    dnat,
    `delete @affinity { ${session} : meta priority }`,
    "meta priority set meta priority & 0xffff0000",
    choose(count),
    `meta priority & 0xffff == none ${choose(1)}`,
    remember,
    dnat,
  ];
}

/** nft 1.0.6 mixes up registers in `update` when the key is longer than 16 bytes; who shares a hash shares an endpoint. */
function clientOf(ip: TableWords["ip"]): string {
  return ip === "ip" ? "ip saddr" : "jhash ip6 saddr mod 0xffffffff seed 0x66726f6e";
}
