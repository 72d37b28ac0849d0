/**
 * The little of a control plane that DNS and proxy need: from what people wrote to what a cluster would hold.
 *
 * Pure. The same objects give the same result in every run; `before` only decides, when two names want the same
 * address, that the one which has it keeps it.
 */

import { hash } from "node:crypto";
import type { ClusterObject, Namespace } from "../../objects.ts";
import { type Desired, ofKind } from "../desired.ts";
import type { Finding } from "../finding.ts";
import type { Leases } from "./address-pool.ts";
import { expandNodes } from "./expand-nodes.ts";
import { expandPods } from "./expand-pods.ts";
import { expandServices } from "./expand-services.ts";
import { expandSlices } from "./expand-slices.ts";
import { explainNoEndpoints } from "./explain-no-endpoints.ts";
import { explicitAddresses } from "./explicit-addresses.ts";
import { indexPods } from "./pod-index.ts";

export interface Expanded {
  /** Each with a hash of its content for a resourceVersion, so that an unchanged object is no change. */
  readonly objects: readonly ClusterObject[];
  /** Warnings and notes. */
  readonly findings: readonly Finding[];
  /** All that was invented; give it to the next expansion. */
  readonly leases: Leases;
}

/** `desired` in the order of files, no object twice (`collect`). */
export function expand(desired: readonly Desired[], before: Leases = {}): Expanded {
  const explicit = explicitAddresses(desired);
  const nodes = expandNodes(ofKind(desired, "Node"));
  const { services, ...forServices } = expandServices(ofKind(desired, "Service"), explicit, before);
  const { pods, ...forPods } = expandPods(desired, nodes, explicit, before);
  const index = indexPods(pods);
  const { slices, ...forSlices } = expandSlices(desired, services, index, nodes);
  const objects: ClusterObject[] = [...namespacesOf(desired), ...nodes, ...services, ...pods, ...slices];
  return {
    objects: objects.map(withContentVersion),
    findings: [
      ...forServices.findings,
      ...forSlices.findings,
      ...explainNoEndpoints(desired, services, slices, index),
    ],
    leases: { ...forServices.leases, ...forPods.leases },
  };
}

/** The four that every cluster has, those declared, and those that something is put in. */
function namespacesOf(desired: readonly Desired[]): Namespace[] {
  const declared = ofKind(desired, "Namespace").map(({ name }) => name);
  const used = desired.map(({ namespace }) => namespace).filter(namespace => namespace !== "");
  const names = new Set(["default", "kube-system", "kube-public", "kube-node-lease", ...declared, ...used]);
  return [...names].sort().map(name => ({ kind: "Namespace", name, resourceVersion: "" }));
}

function withContentVersion<T extends ClusterObject>(object: T): T {
  const content = JSON.stringify({ ...object, resourceVersion: "" });
  return { ...object, resourceVersion: hash("sha256", content, "base64url").slice(0, 16) };
}
