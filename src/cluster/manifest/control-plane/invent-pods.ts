/** The Pods that a workload's controller would have made; names depend on the workload's name and the ordinal alone. */

import type { Node, Pod } from "../../objects.ts";
import { trim } from "../../trim.ts";
import { identify } from "../desired.ts";
import { hashOf } from "./address-pool.ts";
import { generateName, suffixOf } from "./generated-name.ts";
import type { Workload } from "./workloads.ts";

/** A Pod without addresses yet, unless its manifest gives them. */
export interface PodDraft {
  readonly pod: Pod;
  readonly isOnHostNetwork: boolean;
}

/** What tells one Pod of a workload from the others. */
interface Member {
  readonly name: string;
  readonly nodeName: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly hostname?: string;
  readonly subdomain?: string;
}

/** `nodes` has at least one; names that are made up are added to `takenNames`. */
export function inventPods(workload: Workload, nodes: readonly Node[], takenNames: Set<string>): PodDraft[] {
  const readyCount = readyCountOf(workload);
  return membersOf(workload, nodes, takenNames).map((member, index) => {
    const { template } = workload.manifest.spec;
    const { name, nodeName, hostname, subdomain } = member;
    const pod = trim("Pod", {
      metadata: {
        name,
        namespace: workload.namespace,
        labels: { ...template.metadata?.labels, ...member.labels },
      },
      spec: {
        ...template.spec,
        nodeName,
        hostname: hostname ?? template.spec.hostname,
        subdomain: subdomain ?? template.spec.subdomain,
      },
    });
    return {
      pod: { ...pod, phase: "Running", isReady: index < readyCount },
      isOnHostNetwork: template.spec.hostNetwork === true,
    };
  });
}

function membersOf(workload: Workload, nodes: readonly Node[], takenNames: Set<string>): Member[] {
  const { name } = workload;
  const identity = identify(workload);
  if (workload.kind === "DaemonSet") {
    return nodes.map(node => ({
      name: generateName(`${name}-`, `${identity}/${node.name}`, takenNames),
      nodeName: node.name,
    }));
  }
  if (workload.kind === "StatefulSet") return statefulMembers(workload, nodes);
  const hash = workload.kind === "Deployment" ? suffixOf(identity, 10) : "";
  const base = hash === "" ? `${name}-` : `${name}-${hash}-`;
  return Array.from({ length: replicasOf(workload) }, (_, ordinal) => ({
    name: generateName(base, `${identity}/${ordinal}`, takenNames),
    nodeName: nodeNameOf(workload, ordinal, nodes),
    labels: controllerLabels(workload, hash),
  }));
}

function statefulMembers(workload: Workload & { kind: "StatefulSet" }, nodes: readonly Node[]): Member[] {
  const { ordinals, serviceName } = workload.manifest.spec;
  return Array.from({ length: replicasOf(workload) }, (_, index) => {
    const ordinal = (ordinals?.start ?? 0) + index;
    const name = `${workload.name}-${ordinal}`;
    return {
      name,
      nodeName: nodeNameOf(workload, index, nodes),
      hostname: name,
      ...(serviceName === undefined ? {} : { subdomain: serviceName }),
      labels: { "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": String(ordinal) },
    };
  });
}

/** Labels that controllers add, because Services may select by them. */
function controllerLabels(workload: Workload, templateHash: string): Readonly<Record<string, string>> {
  if (workload.kind === "Deployment") return { "pod-template-hash": templateHash };
  if (workload.kind !== "Job") return {};
  return { "job-name": workload.name, "batch.kubernetes.io/job-name": workload.name };
}

/** How many Pods a workload has when all of them run; a DaemonSet's depend on the nodes. */
function replicasOf(workload: Exclude<Workload, { kind: "DaemonSet" }>): number {
  if (workload.kind !== "Job") return workload.manifest.spec.replicas ?? 1;
  const { spec, status } = workload.manifest;
  const isOver = status?.conditions?.some(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  return isOver || spec.suspend ? 0 : (spec.parallelism ?? 1);
}

/** Round robin, from a node that the workload's name picks, so that single Pods spread as well. */
function nodeNameOf(workload: Workload, ordinal: number, nodes: readonly Node[]): string {
  const index = (hashOf(identify(workload)) + ordinal) % nodes.length;
  return workload.manifest.spec.template.spec.nodeName ?? nodes[index]?.name ?? "";
}

/**
 * How many of its Pods are ready, by the workload's own status. The API leaves `readyReplicas: 0` out, and tools
 * write empty statuses into new manifests; so 0 is believed only beside Pods that exist.
 */
function readyCountOf(workload: Workload): number {
  if (workload.kind === "Job") return Number.POSITIVE_INFINITY;
  if (workload.kind === "DaemonSet") {
    const { numberReady, desiredNumberScheduled } = workload.manifest.status ?? {};
    return desiredNumberScheduled === 0
      ? Number.POSITIVE_INFINITY
      : (numberReady ?? Number.POSITIVE_INFINITY);
  }
  const { readyReplicas, replicas = 0 } = workload.manifest.status ?? {};
  return readyReplicas ?? (replicas > 0 ? 0 : Number.POSITIVE_INFINITY);
}
