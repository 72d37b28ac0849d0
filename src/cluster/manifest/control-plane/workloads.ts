/**
 * Which workloads Pods are to be invented for.
 *
 * Manifests hold workloads alone; an export of a live cluster also holds what the workloads made. There the real
 * ReplicaSets and Pods stand for those that would be invented, so that an export gives the picture it was taken of.
 */

import { type Desired, type DesiredOf, identify, ofKind } from "../desired.ts";

const workloadKinds = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
] as const;

export type Workload = {
  [K in (typeof workloadKinds)[number]]: DesiredOf<K>;
}[(typeof workloadKinds)[number]];

/** Everything that makes Pods. */
export function workloadsOf(desired: readonly Desired[]): Workload[] {
  return workloadKinds.flatMap((kind): Workload[] => ofKind(desired, kind) as Workload[]);
}

/** Not those that another workload controls, nor those whose Pods are among the objects. */
export function workloadsToExpand(desired: readonly Desired[]): Workload[] {
  const workloads: Workload[] = workloadKinds.flatMap(
    (kind): Workload[] => ofKind(desired, kind) as Workload[],
  );
  const byIdentity = new Map(workloads.map(workload => [identify(workload), workload]));
  const withPods = new Set(ofKind(desired, "Pod").flatMap(pod => controllersOf(pod, byIdentity)));
  return workloads.filter(
    workload => !withPods.has(workload) && controllersOf(workload, byIdentity).length === 0,
  );
}

/** The workloads that control an object, nearest first, as far as they are among the objects. */
function controllersOf(object: Desired, byIdentity: ReadonlyMap<string, Workload>): Workload[] {
  const controllers: Workload[] = [];
  let at: Desired | undefined = object;
  while (at !== undefined) {
    at = controllerOf(at, byIdentity);
    if (at === undefined || controllers.includes(at)) break;
    controllers.push(at);
  }
  return controllers;
}

function controllerOf(object: Desired, byIdentity: ReadonlyMap<string, Workload>): Workload | undefined {
  const { ownerReferences, labels } = object.manifest.metadata;
  const reference = ownerReferences?.find(owner => owner.controller === true);
  if (reference === undefined) return undefined;
  const named = byIdentity.get(`${reference.kind} ${object.namespace}/${reference.name}`);
  if (named !== undefined || reference.kind !== "ReplicaSet") return named;
  // The ReplicaSet between a Pod and its Deployment may not have been exported; its name leads on.
  const templateHash = `-${labels?.["pod-template-hash"]}`;
  if (!reference.name.endsWith(templateHash)) return undefined;
  return byIdentity.get(`Deployment ${object.namespace}/${reference.name.slice(0, -templateHash.length)}`);
}
