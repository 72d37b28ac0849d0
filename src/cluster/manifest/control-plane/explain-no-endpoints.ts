/** Services that nothing answers for because of what their manifest says: the usual mistakes, and what was near. */

import type { EndpointSlice, Pod, Service } from "../../objects.ts";
import { type Desired, type DesiredOf, identify, ofKind } from "../desired.ts";
import { type Finding, finding } from "../finding.ts";
import { explainManualEndpoints } from "./explain-manual-endpoints.ts";
import type { PodIndex } from "./pod-index.ts";
import { findContainerPort, isAlive } from "./select-endpoints.ts";
import { type Workload, workloadsOf } from "./workloads.ts";

type Labels = Readonly<Record<string, string>>;

/** `slices` are all of the cluster; a Service with endpoints written by hand needs no Pods. */
export function explainNoEndpoints(
  desired: readonly Desired[],
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  pods: PodIndex,
): Finding[] {
  const workloads = workloadsOf(desired);
  const slicesByKey = Map.groupBy(slices, ({ namespace, serviceName }) => `${namespace}/${serviceName}`);
  const byKey = new Map(services.map(service => [`${service.namespace}/${service.name}`, service]));
  return ofKind(desired, "Service").flatMap(object => {
    const key = `${object.namespace}/${object.name}`;
    const service = byKey.get(key);
    const own = slicesByKey.get(key) ?? [];
    if (service === undefined || service.type === "ExternalName") return [];
    if (service.selector === undefined) return explainManualEndpoints(object, service, own);
    const selected = pods.matching(service.namespace, service.selector).filter(isAlive);
    if (selected.length > 0) return unknownTargetPorts(object, service, selected);
    const isServed = own.some(({ endpoints }) => endpoints.length > 0);
    return isServed ? [] : [noPods(object, service.selector, pods, workloads)];
  });
}

function noPods(
  service: DesiredOf<"Service">,
  selector: Labels,
  pods: PodIndex,
  workloads: readonly Workload[],
): Finding {
  const hint =
    idleWorkload(service, selector, workloads) ?? nearMiss(selector, pods.inNamespace(service.namespace));
  const text = Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  return finding(
    "MANIFEST_SELECTOR_MATCHES_NOTHING",
    service.locate(["spec", "selector"]),
    `${identify(service)}: selector ${text} matches 0 Pods${hint === undefined ? "" : `; ${hint}`}`,
    `make spec.selector equal to labels of Pods in namespace ${service.namespace}`,
  );
}

/** A workload that was scaled to nothing is no mistake in the selector. */
function idleWorkload(
  service: DesiredOf<"Service">,
  selector: Labels,
  workloads: readonly Workload[],
): string | undefined {
  const idle = workloads.find(workload => {
    const labels = workload.manifest.spec.template.metadata?.labels ?? {};
    return workload.namespace === service.namespace && differences(selector, labels).length === 0;
  });
  return idle && `${identify(idle)}, which it selects, has no Pods`;
}

/** Pods that differ in one label only: by case, or while the rest of the selector matches. */
function nearMiss(selector: Labels, pods: readonly Pod[]): string | undefined {
  const isSingle = Object.keys(selector).length === 1;
  const near = Map.groupBy(pods, pod => {
    const [key, another] = differences(selector, pod.labels);
    if (key === undefined || another !== undefined) return undefined;
    const own = Object.entries(pod.labels).find(([ownKey]) => isEqualButForCase(ownKey, key));
    const isByCase = own !== undefined && isEqualButForCase(own[1], selector[key] ?? "");
    if (isSingle && !isByCase) return undefined;
    return own === undefined ? `no label ${key}` : `${own[0]}=${own[1]}`;
  });
  near.delete(undefined);
  const [closest] = [...near].sort(([, a], [, b]) => b.length - a.length);
  if (closest === undefined) return undefined;
  const [what, { length }] = closest;
  const subject = length === 1 ? "1 Pod has" : `${length} Pods have`;
  return `${subject} ${what}${isSingle ? "" : " and match the rest"}`;
}

/** Keys of the selector that the labels do not satisfy. */
function differences(selector: Labels, labels: Labels): string[] {
  return Object.keys(selector).filter(key => labels[key] !== selector[key]);
}

function isEqualButForCase(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function unknownTargetPorts(
  object: DesiredOf<"Service">,
  service: Service,
  selected: readonly Pod[],
): Finding[] {
  return service.ports.flatMap(({ targetPort, protocol }, index) => {
    if (typeof targetPort === "number") return [];
    if (selected.some(pod => findContainerPort(pod, targetPort, protocol) !== undefined)) return [];
    const place = object.locate(["spec", "ports", index, "targetPort"]);
    const message = `${identify(object)}: no Pod it selects has a ${protocol} port named ${targetPort}; ${portsOf(selected)}`;
    const remedy = "give the name or the number of a container port in spec.ports[].targetPort";
    return [finding("MANIFEST_TARGET_PORT_UNKNOWN", place, message, remedy)];
  });
}

function portsOf(pods: readonly Pod[]): string {
  const ports = pods.flatMap(pod => pod.containerPorts);
  const texts = new Set(
    ports.map(({ name, port, protocol }) => `${name || "unnamed"} (${port}/${protocol})`),
  );
  return texts.size === 0 ? "they name no ports" : `they have ${[...texts].slice(0, 5).join(", ")}`;
}
