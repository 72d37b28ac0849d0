/** The sets and maps of a table. Their number never changes; everything that does change is an element of one. */

import type { TableWords } from "./table-words.ts";

interface Container {
  readonly kind: "set" | "map";
  readonly declaration: string;
  /** For readers of `nft list table`. */
  readonly comment: string;
}

/** There is no `type` for the numbers that `numgen` and `jhash` give. */
const number = "typeof numgen inc mod 2";

export type ContainerName = keyof ReturnType<typeof containersOf>;

/** Clients times Services with affinity; what is beyond is served without. The kernel makes its buckets for this many. */
const maxAffinitySessions = 262_144;

function containersOf({ family, addressType }: TableWords) {
  const address = `${addressType} . inet_proto . inet_service`;
  const nodePort = "inet_proto . inet_service";
  const endpoint = `${addressType} . inet_service`;
  const choices = `${number} . meta priority : meta priority`;
  const sessions = family === "IPv4" ? "type ipv4_addr . classid : classid" : choices;
  return {
    "service-ips": map(`${address} : verdict`, "cluster, external and load balancer IPs"),
    "service-ips-from-pods": map(`${address} : verdict`, "where Pods skip externalTrafficPolicy Local"),
    "service-ips-from-node": map(`${address} : verdict`, "where the node skips externalTrafficPolicy Local"),
    "service-node-ports": map(`${nodePort} : verdict`, "node ports"),
    "service-node-ports-from-pods": map(`${nodePort} : verdict`, "as service-ips-from-pods"),
    "service-node-ports-from-node": map(`${nodePort} : verdict`, "as service-ips-from-node"),
    "cluster-endpoints": map(`classid . ${address} : ${endpoint}`, "of an address, on every node"),
    "local-endpoints": map(`classid . ${address} : ${endpoint}`, "of an address, on this node"),
    "node-port-cluster-endpoints": map(
      `classid . ${nodePort} : ${endpoint}`,
      "of a node port, on every node",
    ),
    "node-port-local-endpoints": map(`classid . ${nodePort} : ${endpoint}`, "of a node port, on this node"),
    "no-endpoints": map(`${address} : verdict`, "addresses nobody answers"),
    "no-endpoints-node-ports": map(`${nodePort} : verdict`, "node ports nobody answers"),
    "affinity-service-ips": map(`${address} : classid`, "address to SERVICE:0"),
    "affinity-node-ports": map(`${nodePort} : classid`, "node port to SERVICE:0"),
    "affinity-cluster-choices": {
      kind: "map",
      declaration: choices,
      comment: "index . SERVICE:0 to SERVICE:SLOT",
    },
    "affinity-local-choices": {
      kind: "map",
      declaration: choices,
      comment: "index . SERVICE:0 to SERVICE:SLOT",
    },
    "affinity-cluster-endpoints": map(`classid . inet_proto : ${endpoint}`, "of SERVICE:SLOT"),
    "affinity-local-endpoints": map(`classid . inet_proto : ${endpoint}`, "of SERVICE:SLOT"),
    affinity: {
      kind: "map",
      declaration: `${sessions}; flags dynamic,timeout; size ${maxAffinitySessions}`,
      comment: "client . SERVICE:0 to SERVICE:SLOT, written by the kernel",
    },
    "cluster-ips": set(addressType, "cluster IPs in use"),
    "source-ranged-ips": set(address, "load balancer IPs with loadBalancerSourceRanges"),
    "source-ranges": set(`${address} . ${addressType}; flags interval`, "who may reach them"),
    hairpins: set(`${addressType} . ${addressType}`, "endpoints of this node, as their own clients"),
    "node-port-ips": set(addressType, "addresses with node ports, unless all have them"),
    "load-balancer-ips": set(addressType, "load balancer IPs in use"),
    "load-balancer-pool": set(`${addressType}; flags interval`, "where those are nobody else's"),
    "service-cidrs": set(`${addressType}; flags interval`, "ServiceCIDRs"),
    "pod-networks": set(`${addressType}; flags interval`, "addresses of Pods"),
  } as const satisfies Readonly<Record<string, Container>>;
}

/** Sets that the settings fill. */
export const settingContainers = [
  "node-port-ips",
  "load-balancer-pool",
  "service-cidrs",
  "pod-networks",
] as const satisfies readonly ContainerName[];

/** Commands that make them all; one that is there already is left as it is. */
export function containerCommands(words: TableWords): string[] {
  const containers: Readonly<Record<string, Container>> = containersOf(words);
  return Object.entries(containers).map(
    ([name, { kind, declaration, comment }]) =>
      `add ${kind} ${words.table} ${name} { ${declaration}; comment "${comment}"; }`,
  );
}

/** Commands that empty all but the clients' sessions. */
export function flushCommands(words: TableWords): string[] {
  const containers: Readonly<Record<string, Container>> = containersOf(words);
  return Object.entries(containers)
    .filter(([name]) => name !== "affinity")
    .map(([name, { kind }]) => `flush ${kind} ${words.table} ${name}`);
}

function map(types: string, comment: string) {
  return { kind: "map", declaration: `type ${types}`, comment } as const;
}

function set(types: string, comment: string) {
  return { kind: "set", declaration: `type ${types}`, comment } as const;
}
