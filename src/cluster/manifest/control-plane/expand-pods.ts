/** All Pods, written or invented, each with its node and its addresses. */

import type { Node, Pod } from "../../objects.ts";
import { objectKey } from "../../objects.ts";
import { trim } from "../../trim.ts";
import { type Desired, type DesiredOf, identify, ofKind } from "../desired.ts";
import { allocate, hashOf, type Leases } from "./address-pool.ts";
import { hostAddress } from "./expand-nodes.ts";
import { inventPods, type PodDraft } from "./invent-pods.ts";
import { workloadsToExpand } from "./workloads.ts";

export interface ExpandedPods {
  /** Sorted by namespace and name. */
  readonly pods: readonly Pod[];
  readonly leases: Leases;
}

/** `nodes` has at least one. `explicit`: the addresses that any manifest names, which are invented for nobody. */
export function expandPods(
  desired: readonly Desired[],
  nodes: readonly Node[],
  explicit: ReadonlySet<string>,
  before: Leases,
): ExpandedPods {
  const drafts = draftPods(desired, nodes);
  const owners = drafts.filter(isToBeAddressed).map(draft => objectKey(draft.pod));
  const leases: Leases = {
    podIPv4: allocate("podIPv4", owners, explicit, before),
    podIPv6: allocate("podIPv6", owners, explicit, before),
  };
  const pods = drafts.map(draft => ({ ...draft.pod, podIPs: addressesOf(draft, nodes, leases) }));
  return { pods, leases };
}

function draftPods(desired: readonly Desired[], nodes: readonly Node[]): PodDraft[] {
  const written = ofKind(desired, "Pod").map(pod => draftWritten(pod, nodes));
  const takenNames = new Set(written.map(draft => draft.pod.name));
  const workloads = workloadsToExpand(desired).sort((a, b) => (identify(a) < identify(b) ? -1 : 1));
  const invented = workloads.flatMap(workload => inventPods(workload, nodes, takenNames));
  // A Pod that is written down takes the place of a StatefulSet's Pod of the same name.
  const byKey = new Map([...invented, ...written].map(draft => [objectKey(draft.pod), draft]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, draft]) => draft);
}

/** A Pod without a status runs and is ready; what a status says is believed. */
function draftWritten(desired: DesiredOf<"Pod">, nodes: readonly Node[]): PodDraft {
  const pod = trim("Pod", desired.manifest);
  const ready = desired.manifest.status?.conditions?.find(({ type }) => type === "Ready");
  return {
    pod: {
      ...pod,
      phase: desired.manifest.status?.phase ?? "Running",
      isReady: ready === undefined || ready.status === "True",
      nodeName: pod.nodeName || (nodes[hashOf(identify(desired)) % nodes.length]?.name ?? ""),
    },
    isOnHostNetwork: desired.manifest.spec.hostNetwork === true,
  };
}

/** Pods that wait for a node, and Pods that are over, have no address unless it is written down. */
function isToBeAddressed({ pod, isOnHostNetwork }: PodDraft): boolean {
  const isRunning = pod.phase === "Running" || pod.phase === "Unknown";
  return isRunning && !isOnHostNetwork && pod.podIPs.length === 0;
}

function addressesOf(
  { pod, isOnHostNetwork }: PodDraft,
  nodes: readonly Node[],
  leases: Leases,
): readonly string[] {
  if (pod.podIPs.length > 0) return pod.podIPs;
  if (isOnHostNetwork) return nodes.find(node => node.name === pod.nodeName)?.internalIPs ?? [hostAddress];
  const key = objectKey(pod);
  return [leases.podIPv4?.get(key), leases.podIPv6?.get(key)].filter(address => address !== undefined);
}
