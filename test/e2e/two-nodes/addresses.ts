/** Where everything is in the laboratory, in both families. */

import type { IPFamily } from "../../../src/cluster/objects.ts";

export const families: readonly IPFamily[] = ["IPv4", "IPv6"];
export const protocols = ["TCP", "UDP"] as const;
export type Protocol = (typeof protocols)[number];

export const nodes = ["node1", "node2"] as const;
export type NodeName = (typeof nodes)[number];

export const pods = ["pod-1a", "pod-1b", "pod-2a", "pod-2b"] as const;
export type PodName = (typeof pods)[number];

/** Where a client or a server can be. */
export type Place = NodeName | PodName | "outside";

/** The node that a Pod is on; a node's own is itself. */
export function nodeOf(pod: PodName | NodeName): NodeName {
  return pod === "node1" || pod.startsWith("pod-1") ? "node1" : "node2";
}

/** Addresses of one family. */
export interface Addresses {
  readonly nodes: Readonly<Record<NodeName, string>>;
  readonly pods: Readonly<Record<PodName, string>>;
  /** A node's on the side of its Pods: what they see of connections that it masquerades. */
  readonly gateways: Readonly<Record<NodeName, string>>;
  /** The outside's, both known to everybody. */
  readonly outside: readonly [string, string];
  /** Of a server outside, in the second network of Services. */
  readonly elsewhere: string;
  readonly controlPlane: string;
  readonly lanBits: number;
  readonly podBits: number;
  /** Of all Pods. */
  readonly podNetwork: string;
  readonly podNetworkOf: Readonly<Record<NodeName, string>>;
  readonly serviceNetwork: string;
  /** No network of Services until some ServiceCIDR says so. */
  readonly secondServiceNetwork: string;
  /** Of external addresses and those of load balancers; the outside's way there is by this node. */
  readonly externalNetworkOf: Readonly<Record<NodeName, string>>;
  readonly clusterIP: (n: number) => string;
  readonly externalIP: (node: NodeName, n: number) => string;
}

export const addressesOf: Readonly<Record<IPFamily, Addresses>> = {
  IPv4: {
    nodes: { node1: "192.0.2.11", node2: "192.0.2.12" },
    pods: { "pod-1a": "10.244.1.2", "pod-1b": "10.244.1.3", "pod-2a": "10.244.2.2", "pod-2b": "10.244.2.3" },
    gateways: { node1: "10.244.1.1", node2: "10.244.2.1" },
    outside: ["192.0.2.1", "192.0.2.2"],
    elsewhere: "10.97.0.250",
    controlPlane: "192.0.2.10",
    lanBits: 24,
    podBits: 32,
    podNetwork: "10.244.0.0/16",
    podNetworkOf: { node1: "10.244.1.0/24", node2: "10.244.2.0/24" },
    serviceNetwork: "10.96.0.0/16",
    secondServiceNetwork: "10.97.0.0/16",
    externalNetworkOf: { node1: "198.51.100.0/24", node2: "203.0.113.0/24" },
    clusterIP: n => `10.96.0.${n}`,
    externalIP: (node, n) => `${node === "node1" ? "198.51.100" : "203.0.113"}.${n}`,
  },
  IPv6: {
    nodes: { node1: "fd01::11", node2: "fd01::12" },
    pods: {
      "pod-1a": "fd44:0:0:1::2",
      "pod-1b": "fd44:0:0:1::3",
      "pod-2a": "fd44:0:0:2::2",
      "pod-2b": "fd44:0:0:2::3",
    },
    gateways: { node1: "fd44:0:0:1::1", node2: "fd44:0:0:2::1" },
    outside: ["fd01::1", "fd01::2"],
    elsewhere: "fd97::ffff",
    controlPlane: "fd01::10",
    lanBits: 64,
    podBits: 128,
    podNetwork: "fd44::/48",
    podNetworkOf: { node1: "fd44:0:0:1::/64", node2: "fd44:0:0:2::/64" },
    serviceNetwork: "fd96::/112",
    secondServiceNetwork: "fd97::/112",
    externalNetworkOf: { node1: "fd98:1::/64", node2: "fd98:2::/64" },
    clusterIP: n => `fd96::${n.toString(16)}`,
    externalIP: (node, n) => `fd98:${node.slice(4)}::${n.toString(16)}`,
  },
};

/** The address from which a place connects when it is not said otherwise. */
export function addressOf(family: IPFamily, place: Place): string {
  const own = addressesOf[family];
  if (place === "outside") return own.outside[0];
  return place === "node1" || place === "node2" ? own.nodes[place] : own.pods[place];
}
