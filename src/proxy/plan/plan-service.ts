/**
 * What the proxy does for a Service: by which addresses each of its ports is reached, and who answers.
 *
 * Semantics are kube-proxy's. The two address families are independent halves, as there: a way in of one family
 * leads to endpoints of that family, and a Service without a cluster IP of a family does not exist for that half.
 */

import type { IPFamily, Protocol, Service, ServicePort } from "../../cluster/objects.ts";
import type { Cluster } from "../../cluster/store.ts";
import { canonicalAddress } from "./canonical-address.ts";
import type { UsableEndpoint } from "./usable-endpoints.ts";
import { usableEndpoints } from "./usable-endpoints.ts";

export type WayInKind = "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalIP";

/** An address and port that clients may connect to. */
export interface WayIn {
  readonly kind: WayInKind;
  readonly address: string;
  readonly port: number;
}

/** One Service port in one address family. */
export interface ServicePortPlan {
  /** `namespace/name:portname/protocol`; with the family, unique in the cluster. */
  readonly key: string;
  readonly namespace: string;
  readonly serviceName: string;
  /** "" for an unnamed port. */
  readonly portName: string;
  readonly protocol: Protocol;
  readonly family: IPFamily;
  /** No address and port twice; the cluster IP comes first. */
  readonly waysIn: readonly WayIn[];
  /** Empty: connections are refused. */
  readonly endpoints: readonly UsableEndpoint[];
  /** Undefined without session affinity. */
  readonly affinityTimeoutSeconds: number | undefined;
}

const families: readonly IPFamily[] = ["IPv4", "IPv6"];
/** Hands a Service to another proxy (KEP-2447). */
const serviceProxyNameLabel = "service.kubernetes.io/service-proxy-name";

/**
 * Plans every port of a Service, IPv4 before IPv6. Empty for Services that are not proxied: headless ones,
 * ExternalName, those without a cluster IP and those labelled for another proxy.
 *
 * `nodePortAddresses` are the addresses on which node ports are served.
 */
export function planService(
  cluster: Cluster,
  service: Service,
  nodePortAddresses: readonly string[],
): readonly ServicePortPlan[] {
  if (service.type === "ExternalName" || serviceProxyNameLabel in service.labels) return [];
  return families.flatMap(family => planFamily(cluster, service, nodePortAddresses, family));
}

function planFamily(
  cluster: Cluster,
  service: Service,
  nodePortAddresses: readonly string[],
  family: IPFamily,
): readonly ServicePortPlan[] {
  const { namespace, name, affinityTimeoutSeconds } = service;
  const [clusterIP] = ofFamily(service.clusterIPs, family);
  if (clusterIP === undefined) return [];
  return service.ports.map(port => ({
    key: `${namespace}/${name}:${port.name}/${port.protocol}`,
    namespace,
    serviceName: name,
    portName: port.name,
    protocol: port.protocol,
    family,
    waysIn: distinct([
      { kind: "ClusterIP", address: clusterIP, port: port.port },
      ...virtualAddresses(service, port, family),
      ...nodePorts(port, ofFamily(nodePortAddresses, family)),
    ]),
    endpoints: usableEndpoints(cluster.slicesOf(namespace, name), port, family),
    affinityTimeoutSeconds,
  }));
}

/** External IPs and those of the load balancer, but not of one that wants to see the traffic itself (KEP-1860). */
function virtualAddresses(service: Service, port: ServicePort, family: IPFamily): readonly WayIn[] {
  const vips = service.loadBalancerIngress.filter(({ ipMode }) => ipMode === "VIP").map(({ ip }) => ip);
  return [
    ...waysIn("ExternalIP", ofFamily(service.externalIPs, family), port.port),
    ...waysIn("LoadBalancer", ofFamily(vips, family), port.port),
  ];
}

function nodePorts(port: ServicePort, addresses: readonly string[]): readonly WayIn[] {
  return port.nodePort === 0 ? [] : waysIn("NodePort", addresses, port.nodePort);
}

function waysIn(kind: WayInKind, addresses: readonly string[], port: number): readonly WayIn[] {
  return addresses.map(address => ({ kind, address, port }));
}

/** The addresses of a family in canonical spelling; what is no address, such as "", is skipped. */
function ofFamily(addresses: readonly string[], family: IPFamily): readonly string[] {
  return addresses.map(text => canonicalAddress(text, family)).filter(address => address !== undefined);
}

function distinct(ways: readonly WayIn[]): readonly WayIn[] {
  const byAddress = new Map<string, WayIn>();
  for (const way of ways) {
    const key = `${way.address} ${way.port}`;
    if (!byAddress.has(key)) byAddress.set(key, way);
  }
  return [...byAddress.values()];
}
