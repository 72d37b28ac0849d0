import type { EndpointSlice, IPFamily } from "../../cluster/objects.ts";

/**
 * Nodes that carry connections under `externalTrafficPolicy: Local`: those with ready endpoints of the family, and if
 * there is none anywhere, those whose terminating endpoints still serve (KEP-1669).
 */
export function nodesWithEndpoints(slices: Iterable<EndpointSlice>, family: IPFamily): ReadonlySet<string> {
  const ready = new Set<string>();
  const serving = new Set<string>();
  for (const { addressType, isHeadless, endpoints } of slices) {
    if (addressType !== family || isHeadless) continue;
    for (const { nodeName, isReady, isServing, isTerminating } of endpoints) {
      if (nodeName === "") continue;
      if (isReady) ready.add(nodeName);
      else if (isServing && isTerminating) serving.add(nodeName);
    }
  }
  return ready.size > 0 ? ready : serving;
}
