import type { IPFamily, Node } from "../../cluster/objects.ts";
import { canonicalAddresses } from "./canonical-address.ts";
import type { NodeView } from "./service-port-plan.ts";

const zoneLabel = "topology.kubernetes.io/zone";

/**
 * What a plan needs of the node object; undefined: it is not there yet, and then nothing but the name is known.
 * External addresses stand in where a family has no internal one.
 */
export function nodeViewOf(name: string, node: Node | undefined): NodeView {
  if (node === undefined) return { name, zone: undefined, addresses: [] };
  const addresses = [...addressesOf(node, "IPv4"), ...addressesOf(node, "IPv6")];
  return { name, zone: node.labels[zoneLabel], addresses };
}

function addressesOf({ internalIPs, externalIPs }: Node, family: IPFamily): readonly string[] {
  const internal = canonicalAddresses(internalIPs, family);
  return internal.length > 0 ? internal : canonicalAddresses(externalIPs, family);
}
