/**
 * What we keep of the cluster's objects.
 *
 * Foreign JSON becomes one of these the moment it arrives (`trim.ts`) and the original is dropped, so memory
 * follows the few fields that names and connections depend on. All objects are frozen by convention: a change is
 * a new object. Defaults of the API are already applied (`ready` absent means ready, and so on), so no reader
 * has to know them.
 *
 * Field names and meanings: Kubernetes API v1, discovery.k8s.io/v1 and networking.k8s.io/v1.
 */

import { isIPv4, isIPv6 } from "node:net";

export type Protocol = "TCP" | "UDP" | "SCTP";

export interface Namespace {
  readonly kind: "Namespace";
  readonly name: string;
  readonly resourceVersion: string;
}

export type ServiceType = "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";

export interface ServicePort {
  /** "" for an unnamed port; only a Service with a single port may have one. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** Number, or the name of a container port; the control plane of `up` resolves it, DNS and proxy never read it. */
  readonly targetPort: number | string;
  /** 0 when none is allocated. */
  readonly nodePort: number;
}

/** `Local`: only endpoints of the node that the connection comes to. */
export type TrafficPolicy = "Cluster" | "Local";

export interface LoadBalancerIngress {
  readonly ip: string;
  readonly hostname: string;
  readonly ipMode: "VIP" | "Proxy";
}

export interface Service {
  readonly kind: "Service";
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: ServiceType;
  /** "" unless the type is LoadBalancer: `kubectl describe` finds the Events of an object by it. */
  readonly uid: string;
  /** `clusterIP: None`. */
  readonly isHeadless: boolean;
  /** Empty for headless and ExternalName Services, and while none is allocated. */
  readonly clusterIPs: readonly string[];
  /** "" unless the type is ExternalName. */
  readonly externalName: string;
  readonly ports: readonly ServicePort[];
  /** Undefined: the Service has no selector, its endpoints are written by hand. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** Also set by the old annotation `service.alpha.kubernetes.io/tolerate-unready-endpoints`. */
  readonly publishNotReadyAddresses: boolean;
  readonly ipFamilies: readonly IPFamily[];
  readonly ipFamilyPolicy: "SingleStack" | "PreferDualStack" | "RequireDualStack";
  readonly externalIPs: readonly string[];
  readonly loadBalancerIngress: readonly LoadBalancerIngress[];
  /** Field manager that wrote the ingress; "" while there is none, and where the API server does not say. */
  readonly loadBalancerWriter: string;
  /** The address asked for, as it is written; "" for none. */
  readonly loadBalancerIP: string;
  /** Whose load balancer is asked for; "" for the cluster's default one. */
  readonly loadBalancerClass: string;
  /** Networks whose clients may use the load balancer, as they are written; empty: everybody may. */
  readonly loadBalancerSourceRanges: readonly string[];
  readonly internalTrafficPolicy: TrafficPolicy;
  readonly externalTrafficPolicy: TrafficPolicy;
  /** 0 when none is allocated. */
  readonly healthCheckNodePort: number;
  /** Seconds a client stays with its endpoint; undefined without `sessionAffinity: ClientIP`. */
  readonly affinityTimeoutSeconds: number | undefined;
  /** Since 1970; 0 where nothing is known of it. */
  readonly createdAtSeconds: number;
}

export type IPFamily = "IPv4" | "IPv6";

export interface EndpointPort {
  readonly name: string;
  readonly protocol: Protocol;
  /** Undefined: no number was given, which addresses answer and ports do not. */
  readonly port: number | undefined;
}

interface TargetReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  /** "" when the endpoint has none. */
  readonly hostname: string;
  readonly nodeName: string;
  readonly zone: string;
  /** Whom the endpoint is meant for; undefined: everybody alike. */
  readonly hints: EndpointHints | undefined;
  readonly targetRef: TargetReference | undefined;
}

/** Written by the slice controller for `trafficDistribution` (KEP-2433, KEP-3015). */
export interface EndpointHints {
  readonly zones: readonly string[];
  readonly nodes: readonly string[];
}

export interface EndpointSlice {
  readonly kind: "EndpointSlice";
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** Label `kubernetes.io/service-name`; "" for a slice that belongs to no Service. */
  readonly serviceName: string;
  /** Label `service.kubernetes.io/headless`: no proxy uses this slice. */
  readonly isHeadless: boolean;
  /** The ServiceImport it belongs to (KEP-1645); undefined for a slice of this cluster alone. */
  readonly imported?: ImportedSlice | undefined;
  readonly addressType: IPFamily | "FQDN";
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly EndpointPort[];
  /** Annotation `endpoints.kubernetes.io/last-change-trigger-time` in milliseconds since 1970, else undefined. */
  readonly changeTriggeredAtMs: number | undefined;
}

export interface ImportedSlice {
  /** Label `multicluster.kubernetes.io/service-name`. */
  readonly serviceName: string;
  /** Label `multicluster.kubernetes.io/source-cluster`; "" without one. */
  readonly cluster: string;
}

/** A Service of a set of clusters, as this cluster sees it: multicluster.x-k8s.io/v1alpha1 (KEP-1645). */
export interface ServiceImport {
  readonly kind: "ServiceImport";
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly type: "ClusterSetIP" | "Headless";
  /** Empty for headless ones, and while none is allocated. */
  readonly ips: readonly string[];
  readonly ports: readonly ServiceImportPort[];
}

export interface ServiceImportPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

export interface ContainerPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface Pod {
  readonly kind: "Pod";
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly podIPs: readonly string[];
  readonly phase: PodPhase;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly nodeName: string;
  readonly hostname: string;
  readonly subdomain: string;
  readonly containerPorts: readonly ContainerPort[];
}

export interface Node {
  readonly kind: "Node";
  readonly name: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `status.addresses` of type InternalIP. */
  readonly internalIPs: readonly string[];
  /** `status.addresses` of type ExternalIP. */
  readonly externalIPs: readonly string[];
  /** Networks that the node's Pods get their addresses from. */
  readonly podCIDRs: readonly string[];
  readonly taintKeys: readonly string[];
  readonly isTerminating: boolean;
}

/** Networks that cluster IPs are allocated from: networking.k8s.io/v1 (KEP-1880). */
export interface ServiceCIDR {
  readonly kind: "ServiceCIDR";
  readonly name: string;
  readonly resourceVersion: string;
  readonly cidrs: readonly string[];
}

export type ClusterObject = Namespace | Service | EndpointSlice | Pod | Node | ServiceImport | ServiceCIDR;
export type Kind = ClusterObject["kind"];

/** The object type of a kind: `ObjectOf<"Service">` is `Service`. */
export type ObjectOf<K extends Kind> = Extract<ClusterObject, { kind: K }>;

/** `namespace/name`, or the bare name of a cluster-scoped object; unique within a kind. */
export function objectKey(object: ClusterObject): string {
  return "namespace" in object ? `${object.namespace}/${object.name}` : object.name;
}

/**
 * Family of a textual address; undefined for anything that is not an IP literal. An address with a zone (`fe80::1%eth0`)
 * is none: it means something on one machine only.
 */
export function familyOf(address: string): IPFamily | undefined {
  if (address.includes("%")) return undefined;
  if (address.includes(":")) return isIPv6(address) ? "IPv6" : undefined;
  return isIPv4(address) ? "IPv4" : undefined;
}
