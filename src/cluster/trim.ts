/**
 * The border: raw Kubernetes JSON in, the few fields we keep out, defaults of the API applied.
 *
 * Input is what an API server sends (or a validated manifest), so shapes are trusted; absent fields are not.
 * Of the raw object only strings and small maps and lists of strings (labels, selectors, addresses) live on.
 */

import type {
  ClusterObject,
  ContainerPort,
  Endpoint,
  EndpointPort,
  EndpointSlice,
  ImportedSlice,
  IPFamily,
  Kind,
  Namespace,
  Node,
  ObjectOf,
  Pod,
  PodPhase,
  Protocol,
  Service,
  ServiceImport,
  ServiceImportPort,
  ServicePort,
  ServiceType,
} from "./objects.ts";
import { familyOf } from "./objects.ts";

/** Kubernetes JSON as it arrives: the parts that are read here, all optional. */
export interface RawObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: RawMetadata;
  readonly spec?: Raw;
  readonly status?: Raw;
  readonly [field: string]: unknown;
}

interface RawMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly [field: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON; this file is the one place that looks inside it
type Raw = any;

const serviceNameLabel = "kubernetes.io/service-name";
const importNameLabel = "multicluster.kubernetes.io/service-name";
const sourceClusterLabel = "multicluster.kubernetes.io/source-cluster";
const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";
const tolerateUnreadyAnnotation = "service.alpha.kubernetes.io/tolerate-unready-endpoints";
/** Default of `sessionAffinityConfig.clientIP.timeoutSeconds`: three hours. */
const defaultAffinityTimeoutSeconds = 10800;

const trimmers: { readonly [K in Kind]: (raw: RawObject) => ObjectOf<K> } = {
  Namespace: trimNamespace,
  Service: trimService,
  EndpointSlice: trimEndpointSlice,
  Pod: trimPod,
  Node: trimNode,
  ServiceImport: trimServiceImport,
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
    affinityTimeoutSeconds:
      spec.sessionAffinity === "ClientIP"
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinityTimeoutSeconds)
        : undefined,
  };
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

function trimEndpointSlice(raw: RawObject): EndpointSlice {
  const triggerTime = raw.metadata?.annotations?.[triggerTimeAnnotation];
  const changeTriggeredAtMs = triggerTime === undefined ? Number.NaN : Date.parse(triggerTime);
  return {
    kind: "EndpointSlice",
    namespace: namespaceOf(raw),
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    serviceName: raw.metadata?.labels?.[serviceNameLabel] ?? "",
    imported: importOf(raw),
    addressType: raw.addressType as EndpointSlice["addressType"],
    endpoints: ((raw.endpoints as Raw[] | null | undefined) ?? []).map(trimEndpoint),
    ports: ((raw.ports as Raw[] | null | undefined) ?? []).map(trimEndpointPort),
    changeTriggeredAtMs: Number.isNaN(changeTriggeredAtMs) ? undefined : changeTriggeredAtMs,
  };
}

function importOf({ metadata }: RawObject): ImportedSlice | undefined {
  const serviceName = metadata?.labels?.[importNameLabel];
  if (serviceName === undefined) return undefined;
  return { serviceName, cluster: metadata?.labels?.[sourceClusterLabel] ?? "" };
}

function trimEndpoint(endpoint: Raw): Endpoint {
  const conditions = endpoint.conditions ?? {};
  const target = endpoint.targetRef;
  const isReady = conditions.ready ?? true;
  return {
    addresses: endpoint.addresses ?? none,
    isReady,
    isServing: conditions.serving ?? true,
    isTerminating: conditions.terminating ?? false,
    hostname: endpoint.hostname ?? "",
    nodeName: endpoint.nodeName ?? "",
    zone: endpoint.zone ?? "",
    targetRef:
      target === undefined || target === null
        ? undefined
        : { kind: target.kind ?? "", namespace: target.namespace ?? "", name: target.name ?? "" },
  };
}

function trimEndpointPort(port: Raw): EndpointPort {
  return { name: port.name ?? "", protocol: port.protocol ?? "TCP", port: port.port ?? undefined };
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
  const addresses: Raw[] = raw.status?.addresses ?? [];
  return {
    kind: "Node",
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    labels: raw.metadata?.labels ?? noLabels,
    internalIPs: addresses.filter(a => a.type === "InternalIP").map(a => a.address),
  };
}

const none: readonly string[] = [];
const noLabels: Readonly<Record<string, string>> = {};

function nameOf(raw: RawObject): string {
  return raw.metadata?.name ?? "";
}

function namespaceOf(raw: RawObject): string {
  return raw.metadata?.namespace ?? "default";
}

function versionOf(raw: RawObject): string {
  return raw.metadata?.resourceVersion ?? "";
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
