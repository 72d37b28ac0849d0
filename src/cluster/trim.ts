/**
 * The border: raw Kubernetes JSON in, the few fields we keep out, defaults of the API applied.
 *
 * Input is what an API server sends (or a validated manifest), so shapes are trusted; absent fields are not.
 * Of the raw object only strings and small maps and lists of strings (labels, selectors, addresses) live on.
 */

import type {
  ClusterObject,
  ContainerPort,
  IPFamily,
  Kind,
  Namespace,
  Node,
  ObjectOf,
  Pod,
  PodPhase,
  Protocol,
  Service,
  ServiceCIDR,
  ServiceImport,
  ServiceImportPort,
  ServicePort,
  ServiceType,
} from "./objects.ts";
import { familyOf } from "./objects.ts";
import type { Raw, RawObject } from "./raw-object.ts";
import { nameOf, namespaceOf, noLabels, none, versionOf } from "./raw-object.ts";
import { trimEndpointSlice } from "./trim-endpoint-slice.ts";

export type { RawObject } from "./raw-object.ts";

export const tolerateUnreadyAnnotation = "service.alpha.kubernetes.io/tolerate-unready-endpoints";
/** Default of `sessionAffinityConfig.clientIP.timeoutSeconds`: three hours. */
const defaultAffinityTimeoutSeconds = 10800;

const trimmers: { readonly [K in Kind]: (raw: RawObject) => ObjectOf<K> } = {
  Namespace: trimNamespace,
  Service: trimService,
  EndpointSlice: trimEndpointSlice,
  Pod: trimPod,
  Node: trimNode,
  ServiceImport: trimServiceImport,
  ServiceCIDR: trimServiceCIDR,
};

/** Projects one raw object of the given kind. List items carry no `kind` of their own, hence the argument. */
export function trim<K extends Kind>(kind: K, raw: RawObject): ObjectOf<K> {
  return (trimmers[kind] as (raw: RawObject) => ClusterObject)(raw) as ObjectOf<K>;
}

function trimNamespace(raw: RawObject): Namespace {
  return { kind: "Namespace", name: nameOf(raw), resourceVersion: versionOf(raw) };
}

function trimService(raw: RawObject): Service {
  const spec = raw.spec ?? {};
  const type: ServiceType = spec.type ?? "ClusterIP";
  const isHeadless = type !== "ExternalName" && isNone(spec);
  const clusterIPs = isHeadless || type === "ExternalName" ? [] : clusterIPsOf(spec);
  return {
    kind: "Service",
    namespace: namespaceOf(raw),
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    labels: raw.metadata?.labels ?? noLabels,
    type,
    uid: type === "LoadBalancer" ? (raw.metadata?.uid ?? "") : "",
    isHeadless,
    clusterIPs,
    externalName: type === "ExternalName" ? (spec.externalName ?? "") : "",
    ports: (spec.ports ?? []).map(trimServicePort),
    selector: hasEntries(spec.selector) ? spec.selector : undefined,
    publishNotReadyAddresses:
      spec.publishNotReadyAddresses === true ||
      raw.metadata?.annotations?.[tolerateUnreadyAnnotation] === "true",
    ipFamilies: spec.ipFamilies ?? familiesOf(clusterIPs),
    ipFamilyPolicy: spec.ipFamilyPolicy ?? "SingleStack",
    externalIPs: spec.externalIPs ?? none,
    loadBalancerIngress: (raw.status?.loadBalancer?.ingress ?? []).map((ingress: Raw) => ({
      ip: ingress.ip ?? "",
      hostname: ingress.hostname ?? "",
      ipMode: ingress.ipMode ?? "VIP",
    })),
    loadBalancerWriter: loadBalancerWriterOf(raw),
    loadBalancerIP: spec.loadBalancerIP ?? "",
    loadBalancerClass: spec.loadBalancerClass ?? "",
    loadBalancerSourceRanges: spec.loadBalancerSourceRanges ?? none,
    internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster",
    externalTrafficPolicy: spec.externalTrafficPolicy || "Cluster",
    healthCheckNodePort: spec.healthCheckNodePort ?? 0,
    affinityTimeoutSeconds:
      spec.sessionAffinity === "ClientIP"
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinityTimeoutSeconds)
        : undefined,
    createdAtSeconds: secondsOf(raw.metadata?.creationTimestamp),
  };
}

/** From the notes that the API server takes of every writer (server-side apply, KEP-555). */
function loadBalancerWriterOf({ metadata, status }: RawObject): string {
  if (!(status?.loadBalancer?.ingress?.length > 0)) return "";
  const notes = (metadata?.managedFields ?? []) as readonly Raw[];
  const note = notes.find(
    ({ fieldsV1 }) => fieldsV1?.["f:status"]?.["f:loadBalancer"]?.["f:ingress"] !== undefined,
  );
  return note?.manager ?? "";
}

function secondsOf(timestamp: string | undefined): number {
  const timeMs = Date.parse(timestamp ?? "");
  return Number.isNaN(timeMs) ? 0 : Math.floor(timeMs / 1000);
}

function trimServicePort(port: Raw): ServicePort {
  return {
    name: port.name ?? "",
    protocol: port.protocol ?? "TCP",
    port: port.port,
    targetPort: port.targetPort ?? port.port,
    nodePort: port.nodePort ?? 0,
  };
}

function trimServiceImport(raw: RawObject): ServiceImport {
  const spec = raw.spec ?? {};
  return {
    kind: "ServiceImport",
    namespace: namespaceOf(raw),
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    type: spec.type ?? "ClusterSetIP",
    ips: spec.ips ?? none,
    ports: (spec.ports ?? []).map(
      (port: Raw): ServiceImportPort => ({
        name: port.name ?? "",
        protocol: port.protocol ?? "TCP",
        port: port.port,
      }),
    ),
  };
}

function trimPod(raw: RawObject): Pod {
  const spec = raw.spec ?? {};
  const status = raw.status ?? {};
  const podIPs: string[] = (status.podIPs ?? []).map((entry: Raw) => entry.ip);
  return {
    kind: "Pod",
    namespace: namespaceOf(raw),
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    labels: raw.metadata?.labels ?? noLabels,
    podIPs: podIPs.length > 0 || !status.podIP ? podIPs : [status.podIP],
    phase: (status.phase as PodPhase | undefined) ?? "Pending",
    isReady: isConditionTrue(status.conditions, "Ready"),
    isTerminating: raw.metadata?.deletionTimestamp !== undefined,
    nodeName: spec.nodeName ?? "",
    hostname: spec.hostname ?? "",
    subdomain: spec.subdomain ?? "",
    containerPorts: containerPortsOf(spec),
  };
}

/** Ports of the containers and of the init containers that go on running (sidecars). */
function containerPortsOf(podSpec: Raw): ContainerPort[] {
  const sidecars = (podSpec?.initContainers ?? []).filter((c: Raw) => c.restartPolicy === "Always");
  return [...(podSpec?.containers ?? []), ...sidecars].flatMap((container: Raw) =>
    (container.ports ?? []).map((port: Raw) => ({
      name: port.name ?? "",
      protocol: (port.protocol ?? "TCP") as Protocol,
      port: port.containerPort,
    })),
  );
}

function trimNode(raw: RawObject): Node {
  const spec = raw.spec ?? {};
  const addresses: Raw[] = raw.status?.addresses ?? [];
  return {
    kind: "Node",
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    labels: raw.metadata?.labels ?? noLabels,
    internalIPs: addresses.filter(a => a.type === "InternalIP").map(a => a.address),
    externalIPs: addresses.filter(a => a.type === "ExternalIP").map(a => a.address),
    podCIDRs: spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : none),
    taintKeys: (spec.taints ?? []).map((taint: Raw) => taint.key),
    isTerminating: raw.metadata?.deletionTimestamp !== undefined,
  };
}

function trimServiceCIDR(raw: RawObject): ServiceCIDR {
  return {
    kind: "ServiceCIDR",
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    cidrs: raw.spec?.cidrs ?? none,
  };
}

function hasEntries(selector: Raw): boolean {
  return selector !== undefined && selector !== null && Object.keys(selector).length > 0;
}

function isNone(spec: Raw): boolean {
  return spec.clusterIP === "None" || spec.clusterIPs?.[0] === "None";
}

function clusterIPsOf(spec: Raw): readonly string[] {
  if (spec.clusterIPs?.length > 0) return spec.clusterIPs;
  return spec.clusterIP ? [spec.clusterIP] : none;
}

function familiesOf(addresses: readonly string[]): readonly IPFamily[] {
  return addresses.map(familyOf).filter(family => family !== undefined);
}

function isConditionTrue(conditions: Raw[] | undefined, type: string): boolean {
  return conditions?.some(condition => condition.type === type && condition.status === "True") ?? false;
}
