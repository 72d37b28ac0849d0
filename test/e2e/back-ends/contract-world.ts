import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import { plainSettings } from "../../proxy/plain-settings.ts";
import type { Laboratory, Place } from "../nftables/laboratory.ts";
import { addressesOf } from "../nftables/laboratory.ts";

export const families: readonly IPFamily[] = ["IPv4", "IPv6"];
export const protocols = ["TCP", "UDP"] as const;

/** Pods are told by their network; node ports are served on the node's first address and on localhost. */
export const settings: ProxySettings = {
  ...plainSettings,
  localTraffic: { kind: "networks", networks: families.map(family => addressesOf[family].podNetwork) },
  nodePortAddresses: { IPv4: [addressesOf.IPv4.node], IPv6: [addressesOf.IPv6.node] },
  localhostNodePorts: { IPv4: true, IPv6: true },
  serviceCIDRs: families.map(family => addressesOf[family].serviceNetwork),
};

/** Servers on port 8080 of the Pods and of the node. */
export async function serveEverywhere(laboratory: Laboratory): Promise<void> {
  for (const { node, podA, podB, podC, remotePod } of Object.values(addressesOf)) {
    const servers: readonly (readonly [Place, string])[] = [
      ["node", node],
      ["pod-a", podA],
      ["pod-b", podB],
      ["pod-c", podC],
      ["remote", remotePod],
    ];
    for (const [place, address] of servers) {
      for (const protocol of protocols) {
        await laboratory.serve(place, { protocol, address, port: 8080 });
      }
    }
  }
}
