/** Leases (coordination.k8s.io/v1) by which the nodes know of each other and agree on who writes statuses. */

import type { RawObject } from "../../cluster/raw-object.ts";

/** `member`: this node carries connections. `leader`: this node alone writes statuses. */
export type LeaseRole = "leader" | "member";

export interface Lease {
  readonly name: string;
  readonly role: LeaseRole;
  /** Name of a node; "" after it has given the Lease up. */
  readonly holder: string;
  readonly durationMs: number;
  readonly resourceVersion: string;
  readonly transitions: number;
  /** Canonical addresses of the node. */
  readonly addresses: readonly string[];
}

const roleLabel = "frontdesk.dev/load-balancer";
const addressesAnnotation = "frontdesk.dev/node-addresses";

/** Where kubeadm's components keep theirs, and where the DaemonSet runs. */
export const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
/** Of all Leases of ours. */
export const leaseSelector = roleLabel;
export const leaderLeaseName = "frontdesk-load-balancer";

export function memberLeaseName(nodeName: string): string {
  return `${leaderLeaseName}-${nodeName}`;
}

export function readLease({ metadata, spec }: RawObject): Lease {
  const addresses = metadata?.annotations?.[addressesAnnotation] ?? "";
  return {
    name: metadata?.name ?? "",
    role: metadata?.labels?.[roleLabel] === "leader" ? "leader" : "member",
    holder: spec?.holderIdentity ?? "",
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    resourceVersion: metadata?.resourceVersion ?? "",
    transitions: spec?.leaseTransitions ?? 0,
    addresses: addresses.split(",").filter(address => address !== ""),
  };
}

export interface Tenure {
  readonly nodeName: string;
  readonly durationSeconds: number;
  /** Milliseconds since 1970. For people: no reader compares it with a clock of its own. */
  readonly nowMs: number;
}

/** The Lease that says that a node is there, to be created or to be merged into the one there is. */
export function memberLease({ nodeName, durationSeconds, nowMs }: Tenure, addresses: readonly string[]) {
  return {
    ...heading(memberLeaseName(nodeName), "member", { [addressesAnnotation]: addresses.join(",") }),
    spec: {
      holderIdentity: nodeName,
      leaseDurationSeconds: durationSeconds,
      renewTime: microTime(nowMs),
    },
  };
}

/** The Lease of the leader in its first term. */
export function firstLeaderLease(tenure: Tenure) {
  return { ...heading(leaderLeaseName, "leader", {}), spec: { ...takenSpec(tenure), leaseTransitions: 0 } };
}

/** Fields to merge when a Lease goes over to another holder; refused unless it is still as it was seen. */
export function takeover({ resourceVersion, transitions }: Lease, tenure: Tenure) {
  const spec = { ...takenSpec(tenure), leaseTransitions: transitions + 1 };
  return { metadata: { resourceVersion }, spec };
}

/** Fields to merge that prolong a Lease, or give it up. */
export function renewal({ resourceVersion }: Lease, { nowMs }: Pick<Tenure, "nowMs">) {
  return { metadata: { resourceVersion }, spec: { renewTime: microTime(nowMs) } };
}

export function resignation({ resourceVersion }: Lease) {
  return { metadata: { resourceVersion }, spec: { holderIdentity: "" } };
}

function takenSpec({ nodeName, durationSeconds, nowMs }: Tenure) {
  const time = microTime(nowMs);
  return {
    holderIdentity: nodeName,
    leaseDurationSeconds: durationSeconds,
    acquireTime: time,
    renewTime: time,
  };
}

function heading(name: string, role: LeaseRole, annotations: Readonly<Record<string, string>>) {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: "kube-system", labels: { [roleLabel]: role }, annotations },
  };
}

/** MicroTime: six digits, no less. */
function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}
