/** How packets of this node's Pods are told from others: `getLocalDetectors` upstream. */

import type { LocalDetection, NetworkByFamily } from "./configuration/proxy-configuration.ts";
import { firstNetworks } from "./configuration/proxy-configuration.ts";
import type { LocalTrafficDetector } from "./plan/proxy-settings.ts";

/** `podCIDRs` are those of the Node object; only NodeCIDR asks for them. */
export function localDetectorOf(
  detection: LocalDetection,
  podCIDRs: readonly string[],
): LocalTrafficDetector {
  switch (detection.mode) {
    case "ClusterCIDR":
      return byNetwork(detection.clusterCIDRs);
    case "NodeCIDR":
      return byNetwork(firstNetworks(podCIDRs));
    case "BridgeInterface":
      return { kind: "interface", name: detection.name };
    case "InterfaceNamePrefix":
      return { kind: "interface-prefix", prefix: detection.prefix };
  }
}

function byNetwork({ IPv4, IPv6 }: NetworkByFamily): LocalTrafficDetector {
  const networks = [IPv4, IPv6].filter(network => network !== undefined);
  return networks.length === 0 ? { kind: "none" } : { kind: "networks", networks };
}
