import type { IPFamily, Service } from "../../cluster/objects.ts";
import { formatNetwork, holds, parseNetwork, singleAddress, withoutNested } from "./network.ts";
import type { NodeView } from "./service-port-plan.ts";

/**
 * The networks that may reach a Service's load balancer addresses; undefined: everybody may.
 *
 * `loadBalancerSourceRanges` may be padded with blanks (the API lets them pass), and one `/0` among them takes the
 * filter away. Where a range holds an address of this node, the balancer's addresses are admitted too: they may be
 * local addresses here, and then a connection from the node to one of them has it as its source.
 */
export function loadBalancerSources(
  service: Pick<Service, "loadBalancerSourceRanges">,
  family: IPFamily,
  loadBalancerIPs: readonly string[],
  node: NodeView,
): readonly string[] | undefined {
  const ranges = service.loadBalancerSourceRanges
    .map(text => parseNetwork(text.trim()))
    .filter(range => range?.family === family)
    .filter(range => range !== undefined);
  if (ranges.length === 0 || ranges.some(range => range.prefixLength === 0)) return undefined;
  const nodeNetworks = node.addresses.map(address =>
    parseNetwork(`${address}/${family === "IPv4" ? 32 : 128}`),
  );
  const admitsNode = nodeNetworks.some(
    address => address !== undefined && ranges.some(range => holds(range, address)),
  );
  const own = admitsNode ? loadBalancerIPs.map(address => singleAddress(address, family)) : [];
  return withoutNested([...ranges, ...own]).map(formatNetwork);
}
