/** The laboratory's Services, EndpointSlices, Nodes and ServiceCIDRs, as the API has them: always of both families. */

import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { RawObject } from "../../support/cluster-fixtures.ts";
import type { NodeName, PodName } from "./addresses.ts";
import { addressesOf, addressOf, families, nodeOf, nodes } from "./addresses.ts";

/** How one gets to a Service; by external addresses on the way of that node. */
export type WayIn = "cluster-ip" | `${"node-port" | "external-ip" | "vip"}@${NodeName}`;

const namespace = "default";
const servicePort = 80;
export const endpointPort = 8080;

/** `number` is the Service's, from 1 to 99: all its addresses and its node port follow from it. */
export function wayInto(family: IPFamily, number: number, way: WayIn): { address: string; port: number } {
  const { clusterIP, nodes: nodeAddresses, externalIP } = addressesOf[family];
  if (way === "cluster-ip") return { address: clusterIP(number), port: servicePort };
  const [kind, node] = way.split("@") as [string, NodeName];
  if (kind === "node-port") return { address: nodeAddresses[node], port: 30_000 + number };
  return { address: externalIP(node, kind === "vip" ? 100 + number : number), port: servicePort };
}

export interface ServiceExtras {
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer";
  /** Put over what would be there otherwise. */
  readonly spec?: object;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ipMode?: "VIP" | "Proxy";
}

/** With every way in that its type allows, for TCP and UDP on the same port. */
export function service(
  name: string,
  number: number,
  { type = "LoadBalancer", spec, labels, ipMode = "VIP" }: ServiceExtras = {},
): RawObject {
  const clusterIPs = families.map(family => addressesOf[family].clusterIP(number));
  const ports = ["TCP", "UDP"].map(protocol => ({
    name: protocol.toLowerCase(),
    protocol,
    port: servicePort,
    targetPort: endpointPort,
    ...(type === "ClusterIP" ? {} : { nodePort: 30_000 + number }),
  }));
  const ingress = externalAddresses(100 + number).map(ip => ({ ip, ipMode }));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: { app: name, ...labels } },
    spec: {
      type,
      clusterIP: clusterIPs[0],
      clusterIPs,
      ipFamilies: families,
      ipFamilyPolicy: "RequireDualStack",
      externalIPs: externalAddresses(number),
      internalTrafficPolicy: "Cluster",
      externalTrafficPolicy: "Cluster",
      sessionAffinity: "None",
      selector: { app: name },
      ports,
      ...spec,
    },
    status: { loadBalancer: type === "LoadBalancer" ? { ingress } : {} },
  };
}

function externalAddresses(number: number): readonly string[] {
  return families.flatMap(family => nodes.map(node => addressesOf[family].externalIP(node, number)));
}

/** Fields of a Service with session affinity. */
export function affinity(timeoutSeconds: number): object {
  return { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
}

export interface Endpoint {
  /** A node stands for a Pod in its network. */
  readonly pod: PodName | NodeName;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
  readonly zones?: readonly string[];
  readonly nodes?: readonly NodeName[];
}

export interface SliceExtras {
  /** Tells slices of one Service apart. */
  readonly suffix?: string;
  /** What a port that is named `tcp` or `udp` is at the endpoints; 8080 each when absent. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A bare name is a ready endpoint. One slice of each family. */
export function slices(
  serviceName: string,
  endpoints: readonly (Endpoint["pod"] | Endpoint)[],
  { suffix = "", ports = { tcp: endpointPort, udp: endpointPort }, labels }: SliceExtras = {},
): readonly RawObject[] {
  return families.map(family => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: sliceName(serviceName, family, suffix),
      namespace,
      labels: { "kubernetes.io/service-name": serviceName, ...labels },
      annotations: { "endpoints.kubernetes.io/last-change-trigger-time": new Date().toISOString() },
    },
    addressType: family,
    endpoints: endpoints.map(one => rawEndpoint(family, typeof one === "string" ? { pod: one } : one)),
    ports: Object.entries(ports).map(([name, port]) => ({ name, port, protocol: name.toUpperCase() })),
  }));
}

export function sliceName(serviceName: string, family: IPFamily, suffix = ""): string {
  return `${serviceName}${suffix}-${family.toLowerCase()}`;
}

function rawEndpoint(
  family: IPFamily,
  { pod, ready = true, serving = ready, terminating = false, zones, nodes }: Endpoint,
): object {
  const hints = {
    ...(zones === undefined ? {} : { forZones: zones.map(name => ({ name })) }),
    ...(nodes === undefined ? {} : { forNodes: nodes.map(name => ({ name })) }),
  };
  return {
    addresses: [addressOf(family, pod)],
    conditions: { ready, serving, terminating },
    nodeName: nodeOf(pod),
    targetRef: { kind: "Pod", namespace, name: pod },
    ...(zones === undefined && nodes === undefined ? {} : { hints }),
  };
}

/** `zone1` is node1's zone at first. */
export function node(name: NodeName, zone = `zone${name.slice(4)}`, spec: object = {}): RawObject {
  const addresses = families.map(family => ({
    type: "InternalIP",
    address: addressesOf[family].nodes[name],
  }));
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone },
    },
    spec: { podCIDRs: families.map(family => addressesOf[family].podNetworkOf[name]), ...spec },
    status: { addresses: [...addresses, { type: "Hostname", address: name }] },
  };
}

export function serviceCIDR(name: string, cidrs: readonly string[]): RawObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name },
    spec: { cidrs },
    status: { conditions: [{ type: "Ready", status: "True", reason: "", message: "" }] },
  };
}
