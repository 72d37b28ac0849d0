import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice, ImportedSlice } from "./objects.ts";
import { packedSlice } from "./packed-slice.ts";
import type { Raw, RawObject } from "./raw-object.ts";
import { nameOf, namespaceOf, none, versionOf } from "./raw-object.ts";

const serviceNameLabel = "kubernetes.io/service-name";
const headlessLabel = "service.kubernetes.io/headless";
const importNameLabel = "multicluster.kubernetes.io/service-name";
const sourceClusterLabel = "multicluster.kubernetes.io/source-cluster";
const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/** What is read of these maps. */
export const sliceLabels = [serviceNameLabel, headlessLabel, importNameLabel, sourceClusterLabel];
export const sliceAnnotations = [triggerTimeAnnotation];

/** Projects a slice of discovery.k8s.io/v1. Its endpoints may already be packed. */
export function trimEndpointSlice(raw: RawObject): EndpointSlice {
  const isPacked = typeof raw.endpoints === "string";
  const triggerTime = raw.metadata?.annotations?.[triggerTimeAnnotation];
  const changeTriggeredAtMs = triggerTime === undefined ? Number.NaN : Date.parse(triggerTime);
  const slice: EndpointSlice = {
    kind: "EndpointSlice",
    namespace: namespaceOf(raw),
    name: nameOf(raw),
    resourceVersion: versionOf(raw),
    serviceName: raw.metadata?.labels?.[serviceNameLabel] ?? "",
    isHeadless: raw.metadata?.labels?.[headlessLabel] !== undefined,
    imported: importOf(raw),
    addressType: raw.addressType as EndpointSlice["addressType"],
    endpoints: isPacked ? [] : ((raw.endpoints as Raw[] | null | undefined) ?? []).map(trimEndpoint),
    ports: ((raw.ports as Raw[] | null | undefined) ?? []).map(trimEndpointPort),
    changeTriggeredAtMs: Number.isNaN(changeTriggeredAtMs) ? undefined : changeTriggeredAtMs,
  };
  return isPacked ? packedSlice(slice, raw.endpoints as string) : slice;
}

function importOf({ metadata }: RawObject): ImportedSlice | undefined {
  const serviceName = metadata?.labels?.[importNameLabel];
  if (serviceName === undefined) return undefined;
  return { serviceName, cluster: metadata?.labels?.[sourceClusterLabel] ?? "" };
}

export function trimEndpoint(endpoint: Raw): Endpoint {
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
    hints: trimHints(endpoint.hints),
    targetRef:
      target === undefined || target === null
        ? undefined
        : { kind: target.kind ?? "", namespace: target.namespace ?? "", name: target.name ?? "" },
  };
}

function trimHints(hints: Raw): EndpointHints | undefined {
  const zones = namesOf(hints?.forZones);
  const nodes = namesOf(hints?.forNodes);
  return zones.length === 0 && nodes.length === 0 ? undefined : { zones, nodes };
}

function namesOf(list: Raw[] | null | undefined): readonly string[] {
  return list?.map(({ name }) => name) ?? none;
}

function trimEndpointPort(port: Raw): EndpointPort {
  return { name: port.name ?? "", protocol: port.protocol ?? "TCP", port: port.port ?? undefined };
}
