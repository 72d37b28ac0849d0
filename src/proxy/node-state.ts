/** What this node is like at this moment, and what that makes of the configuration. */

import type { Cluster } from "../cluster/store.ts";
import type { ProxyConfiguration } from "./configuration/proxy-configuration.ts";
import { localDetectorOf } from "./local-detector.ts";
import type { LocalAddress } from "./node-addresses.ts";
import { nodeAddressesOf } from "./node-addresses.ts";
import { nodeViewOf } from "./plan/node-view.ts";
import type { ProxySettings } from "./plan/proxy-settings.ts";
import type { NodeView } from "./plan/service-port-plan.ts";

export interface NodeState {
  /** What plans depend on. */
  readonly view: NodeView;
  /** What holds for all Services alike. */
  readonly settings: ProxySettings;
}

/** `loadBalancerPool` are networks; `local` has every address of every interface. Of a Node that is not known nothing but its name is. */
export function nodeStateOf(
  configuration: ProxyConfiguration,
  loadBalancerPool: readonly string[],
  cluster: Cluster,
  local: readonly LocalAddress[],
): NodeState {
  const { nodeName, masqueradeBit, masqueradeAll, localDetection } = configuration;
  const node = cluster.get("Node", nodeName);
  const { nodePortAddresses, servesLocalhost } = nodeAddressesOf(node, local, configuration);
  const view = nodeViewOf(nodeName, node);
  return {
    view: view.addresses.length > 0 ? view : { ...view, addresses: bindAddressOf(configuration) },
    settings: {
      masqueradeBit,
      masqueradeAll,
      localTraffic: localDetectorOf(localDetection, node?.podCIDRs ?? []),
      nodePortAddresses,
      localhostNodePorts: servesLocalhost,
      loadBalancerPool,
      serviceCIDRs: Array.from(cluster.objects("ServiceCIDR"), ({ cidrs }) => cidrs).flat(),
    },
  };
}

function bindAddressOf({ bindAddress }: ProxyConfiguration): readonly string[] {
  return bindAddress === undefined ? [] : [bindAddress];
}
