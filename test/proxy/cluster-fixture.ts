/** Cluster objects as the store holds them, each with the fields a case does not care about filled in. */

import { randomInt } from "node:crypto";
import type {
  ClusterObject,
  Endpoint,
  EndpointSlice,
  Pod,
  Protocol,
  Service,
  ServicePort,
} from "../../src/cluster/objects.ts";
import { familyOf } from "../../src/cluster/objects.ts";
import { ClusterStore } from "../../src/cluster/store.ts";

/** A store that has been synced with these objects. */
export function clusterOf(...objects: readonly ClusterObject[]): ClusterStore {
  const store = new ClusterStore(error => {
    throw error;
  });
  for (const object of objects) store.apply(object);
  for (const kind of ["Service", "EndpointSlice", "Pod"] as const) store.markSynced(kind);
  return store;
}

/** `ipFamilies` are those of the cluster IPs unless given. */
export function service(name: string, fields: Partial<Service>): Service {
  const { clusterIPs = [] } = fields;
  return {
    kind: "Service",
    namespace: "default",
    name,
    resourceVersion: "",
    labels: {},
    type: "ClusterIP",
    uid: "",
    isHeadless: false,
    clusterIPs,
    externalName: "",
    ports: [port("http", 80)],
    selector: undefined,
    publishNotReadyAddresses: false,
    ipFamilies: clusterIPs.map(familyOf).filter(family => family !== undefined),
    ipFamilyPolicy: "SingleStack",
    externalIPs: [],
    loadBalancerIngress: [],
    loadBalancerWriter: "",
    loadBalancerIP: "",
    loadBalancerClass: "",
    loadBalancerSourceRanges: [],
    internalTrafficPolicy: "Cluster",
    externalTrafficPolicy: "Cluster",
    healthCheckNodePort: 0,
    affinityTimeoutSeconds: undefined,
    createdAtSeconds: 0,
    ...fields,
  };
}

export function port(name: string, number: number, protocol: Protocol = "TCP", nodePort = 0): ServicePort {
  return { name, port: number, protocol, nodePort, targetPort: number };
}

/** A slice with one port `http`; endpoints are given as they are, or as bare addresses that are ready. */
export function slice(
  serviceName: string,
  endpoints: readonly (string | Endpoint)[],
  fields: Partial<EndpointSlice> = {},
): EndpointSlice {
  return {
    kind: "EndpointSlice",
    namespace: "default",
    name: `${serviceName}-abcde`,
    resourceVersion: "",
    serviceName,
    isHeadless: false,
    addressType: "IPv4",
    endpoints: endpoints.map(one => (typeof one === "string" ? endpoint(one) : one)),
    ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    changeTriggeredAtMs: undefined,
    ...fields,
  };
}

export function endpoint(address: string, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    addresses: [address],
    isReady: true,
    isServing: true,
    isTerminating: false,
    hostname: "",
    nodeName: "",
    zone: "",
    hints: undefined,
    targetRef: undefined,
    ...fields,
  };
}

export function endpointOfPod(address: string, podName: string): Endpoint {
  return endpoint(address, { targetRef: { kind: "Pod", namespace: "default", name: podName } });
}

export function pod(name: string, address: string, fields: Partial<Pod> = {}): Pod {
  return {
    kind: "Pod",
    namespace: "default",
    name,
    resourceVersion: "",
    labels: {},
    podIPs: [address],
    phase: "Running",
    isReady: true,
    isTerminating: false,
    nodeName: "",
    hostname: "",
    subdomain: "",
    containerPorts: [],
    ...fields,
  };
}

/** A loopback address that no other test is likely to use. */
export function freshAddress(): string {
  return `127.77.${randomInt(256)}.${randomInt(1, 255)}`;
}
