/** What the configuration and the cluster say to every Service alike. */

import type { IPFamily } from "../../cluster/objects.ts";

export interface ProxySettings {
  /** Bit of the packet mark that stands for "masquerade", 0 to 31. */
  readonly masqueradeBit: number;
  /** Masquerade everything that is sent to a cluster IP. */
  readonly masqueradeAll: boolean;
  readonly localTraffic: LocalTrafficDetector;
  /** Addresses on which node ports are served; "all-local": every address of the node except loopback ones. */
  readonly nodePortAddresses: Readonly<Record<IPFamily, readonly string[] | "all-local">>;
  /** Node ports are served on the family's loopback addresses too, which takes sockets: the kernel's rules cannot. */
  readonly localhostNodePorts: Readonly<Record<IPFamily, boolean>>;
  /** Networks that this program gives load balancer's addresses from: an address in use there is no address of a host. */
  readonly loadBalancerPool: readonly string[];
  /** Networks of both families that cluster IPs are allocated from. */
  readonly serviceCIDRs: readonly string[];
}

/**
 * How a connection from a Pod of this node is told from others (`detectLocalMode`). Networks stand for ClusterCIDR
 * and NodeCIDR; a family without a network has no detector.
 */
export type LocalTrafficDetector =
  | { readonly kind: "none" }
  | { readonly kind: "networks"; readonly networks: readonly string[] }
  | { readonly kind: "interface"; readonly name: string }
  | { readonly kind: "interface-prefix"; readonly prefix: string };
