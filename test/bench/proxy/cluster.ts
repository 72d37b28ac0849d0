/** The objects that the bench of the proxy serves, and the addresses that they have. */

import type { RawObject } from "../../../src/cluster/raw-object.ts";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";

export const nodeName = "bench-node";
export const nodeAddress = "192.0.2.1";
export const serviceNetwork = "10.96.0.0/12";
export const podNetwork = "10.128.0.0/9";
export const servicePort = 80;
/** Of every endpoint. */
export const endpointPort = 8080;

const namespaceCount = 10;
const nodePortCount = 2768;
/** Places among the addresses of Pods that endpoints go to when they are changed: further than there are endpoints. */
const firstOtherPlace = 1 << 22;

export interface ClusterSize {
  readonly services: number;
  /** Of each Service. */
  readonly endpoints: number;
  /** Not only cluster IPs: of ten Services one has a node port, one a balancer and one session affinity. */
  readonly isMixed: boolean;
}

export function* clusterObjects(size: ClusterSize): Iterable<RawObject> {
  yield* [namespace("default"), node(), serviceCIDR()];
  for (let n = 0; n < namespaceCount; n += 1) yield namespace(homeOf(n));
  for (let n = 0; n < size.services; n += 1) yield* [serviceNumber(n, size.isMixed), slice(n, size, 0)];
  yield* [serviceNumber(size.services, false), probeSlice(size, 0)];
}

export function clusterIPOf(service: number): string {
  return addressAt("10.96.1.0", service);
}

/** The slice of a Service; its first endpoint is another one in every version. */
export function slice(service: number, { endpoints }: ClusterSize, version: number): RawObject {
  const first = service * endpoints;
  const places = Array.from({ length: endpoints }, (_, place) => first + place);
  if (version > 0) places[0] = firstOtherPlace + service + version;
  return sliceOf(service, places);
}

/** The probe has one endpoint, so that the first new connection after a change tells. It comes after the other Services. */
export function probeSlice({ services, endpoints }: ClusterSize, version: number): RawObject {
  return sliceOf(services, [services * endpoints + version]);
}

/** The address of the probe's only endpoint. */
export function probeEndpoint({ services, endpoints }: ClusterSize, version: number): string {
  return endpointAddress(services * endpoints + version);
}

function sliceOf(service: number, places: readonly number[]): RawObject {
  const endpoints = places.map(place => ({
    addresses: [endpointAddress(place)],
    podName: `pod-${place}`,
  }));
  return endpointSlice(homeOf(service), nameOf(service), { ports: [`http ${endpointPort}`], endpoints });
}

function serviceNumber(n: number, isMixed: boolean): RawObject {
  const plain = service(homeOf(n), nameOf(n), {
    clusterIPs: [clusterIPOf(n)],
    ports: [`http ${servicePort}`],
  });
  return isMixed ? { ...plain, spec: { ...(plain.spec as object), ...featureOf(n) } } : plain;
}

function featureOf(n: number): object {
  const port = {
    name: "http",
    port: servicePort,
    protocol: "TCP",
    nodePort: 30_000 + (Math.floor(n / 10) % nodePortCount),
  };
  switch (n % 10) {
    case 1:
      return { type: "NodePort", ports: [port], externalTrafficPolicy: "Cluster" };
    case 2:
      return { externalIPs: [addressAt("198.18.0.0", n)], externalTrafficPolicy: "Local" };
    case 3:
      return { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } };
    default:
      return {};
  }
}

function node(): RawObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName, labels: { "kubernetes.io/hostname": nodeName } },
    spec: {},
    status: { addresses: [{ type: "InternalIP", address: nodeAddress }] },
  };
}

function serviceCIDR(): RawObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs: [serviceNetwork] },
  };
}

function nameOf(service: number): string {
  return `svc-${service}`;
}

function homeOf(service: number): string {
  return `ns-${service % namespaceCount}`;
}

function endpointAddress(place: number): string {
  return addressAt("10.128.0.0", place);
}

function addressAt(first: string, offset: number): string {
  const number = first.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + offset;
  return [24, 16, 8, 0].map(bits => (number >>> bits) & 255).join(".");
}
