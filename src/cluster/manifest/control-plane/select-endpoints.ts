/**
 * EndpointSlices of the Services that have a selector.
 *
 * Follows the endpointslice controller (k8s.io/endpointslice: `podToEndpoint`, `getEndpointPorts`), but puts
 * all endpoints with the same ports into one slice, however many they are.
 */

import {
  type ContainerPort,
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  familyOf,
  type IPFamily,
  type Pod,
  type Protocol,
  type Service,
  type ServicePort,
} from "../../objects.ts";
import type { PodIndex } from "./pod-index.ts";
import { createSlice, type PortedEndpoint, sliceEndpoints } from "./slice-endpoints.ts";

/** Whether the control plane writes the endpoints of this Service. */
export function hasComputedEndpoints(service: Service): boolean {
  return service.selector !== undefined && service.type !== "ExternalName";
}

/** `zones`: node name → zone. Names that are made up are added to `takenNames`. */
export function selectEndpoints(
  service: Service,
  pods: PodIndex,
  zones: ReadonlyMap<string, string>,
  takenNames: Set<string>,
): EndpointSlice[] {
  if (!hasComputedEndpoints(service)) return [];
  const selected = pods.matching(service.namespace, service.selector ?? {}).filter(isAlive);
  return service.ipFamilies.flatMap(family => {
    const endpoints = selected.flatMap(pod => endpointsOf(service, pod, family, zones));
    // The controller never leaves a Service without any slice.
    if (endpoints.length === 0) return [createSlice(service, family, [], [], takenNames)];
    return sliceEndpoints(service, family, endpoints, takenNames);
  });
}

/** Pods that are over are no endpoints, whatever they were. */
export function isAlive(pod: Pod): boolean {
  return pod.phase !== "Succeeded" && pod.phase !== "Failed";
}

function endpointsOf(
  service: Service,
  pod: Pod,
  family: IPFamily,
  zones: ReadonlyMap<string, string>,
): PortedEndpoint[] {
  const address = pod.podIPs.find(ip => familyOf(ip) === family);
  if (address === undefined) return [];
  const ports = service.ports.flatMap(port => resolvePort(port, pod));
  return [{ endpoint: endpointOf(service, pod, address, zones.get(pod.nodeName) ?? ""), ports }];
}

function endpointOf(service: Service, pod: Pod, address: string, zone: string): Endpoint {
  return {
    addresses: [address],
    isReady: service.publishNotReadyAddresses || (pod.isReady && !pod.isTerminating),
    isServing: pod.isReady,
    isTerminating: pod.isTerminating,
    hostname: pod.subdomain === service.name ? pod.hostname : "",
    nodeName: pod.nodeName,
    zone,
    hints: undefined,
    targetRef: { kind: "Pod", namespace: pod.namespace, name: pod.name },
  };
}

/** A port that is named by what the Pod does not have is left out for that Pod alone. */
function resolvePort({ name, protocol, targetPort }: ServicePort, pod: Pod): EndpointPort[] {
  if (typeof targetPort === "number") return [{ name, protocol, port: targetPort }];
  const found = findContainerPort(pod, targetPort, protocol);
  return found === undefined ? [] : [{ name, protocol, port: found.port }];
}

/** A Pod may use one name for a TCP and a UDP port. */
export function findContainerPort(pod: Pod, name: string, protocol: Protocol): ContainerPort | undefined {
  return pod.containerPorts.find(port => port.name === name && port.protocol === protocol);
}
