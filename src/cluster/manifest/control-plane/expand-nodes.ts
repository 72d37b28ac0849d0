import type { Node } from "../../objects.ts";
import { trim } from "../../trim.ts";
import type { DesiredOf } from "../desired.ts";

/** The address of nodes that give none: this machine. */
export const hostAddress = "127.0.0.1";

/** Sorted by name; one node `node-1` when no manifest has any. */
export function expandNodes(desired: readonly DesiredOf<"Node">[]): readonly Node[] {
  if (desired.length === 0) return [loneNode];
  const nodes = desired.map(({ manifest }) => {
    const node = trim("Node", manifest);
    return node.internalIPs.length > 0 ? node : { ...node, internalIPs: [hostAddress] };
  });
  return nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const loneNode: Node = {
  kind: "Node",
  name: "node-1",
  resourceVersion: "",
  labels: { "kubernetes.io/hostname": "node-1" },
  internalIPs: [hostAddress],
  externalIPs: [],
  podCIDRs: [],
  taintKeys: [],
  isTerminating: false,
};
