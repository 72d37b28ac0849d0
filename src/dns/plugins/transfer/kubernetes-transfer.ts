/** The cluster's zones as a whole, record by record in CoreDNS's order. */

import type { EndpointSlice, Protocol, Service, ServiceImport } from "../../../cluster/objects.ts";
import { familyOf } from "../../../cluster/objects.ts";
import type { Name } from "../../wire/name.ts";
import { isSubdomain, parseName } from "../../wire/name.ts";
import type { RecordData, ResourceRecord } from "../../wire/record.ts";
import { classCodes, typeCodes } from "../../wire/record.ts";
import { WireError } from "../../wire/wire-error.ts";
import { endpointName } from "../../zone/endpoint-name.ts";
import { answerQuestion } from "../../zone/kubernetes-zone.ts";
import { isMulticlusterZone, kindsNeeded } from "../../zone/zone-query.ts";
import type { KubernetesLayer } from "../kubernetes/kubernetes-layer.ts";
import type { Transferable } from "./transferable.ts";

type ClusterZones = Pick<KubernetesLayer, "cluster" | "options">;

/** Endpoints come and go all the time: secondary servers ask by themselves, as often as the SOA says. */
export function kubernetesTransferable(zones: ClusterZones): Transferable {
  const { cluster, options } = zones;
  return {
    zones: options.zones,
    contents(zone) {
      if (!kindsNeeded(options).every(kind => cluster.isSynced(kind))) return undefined;
      const [soa] = answersAt(zones, zone, typeCodes.SOA).answers;
      return soa === undefined ? undefined : { soa, records: recordsOf(zones, zone) };
    },
  };
}

function answersAt({ cluster, options }: ClusterZones, name: Name, type: number) {
  const question = { name, type, class: classCodes.IN };
  return answerQuestion(cluster, options, question) ?? { answers: [], additionals: [] };
}

function* recordsOf(zones: ClusterZones, zone: Name): Generator<ResourceRecord> {
  const { answers, additionals } = answersAt(zones, zone, typeCodes.NS);
  yield* answers;
  // The same addresses follow as those of their Service; CoreDNS sends these with a TTL of 0.
  for (const glue of additionals) yield { ...glue, ttlSeconds: 0 };
  if (isReverse(zone)) return;
  for (const source of sourcesOf(zones, zone)) yield* recordsOfSource(zones, zone, source);
}

/** Reverse zones hold PTR records only, which a transfer has none of. */
function isReverse(zone: Name): boolean {
  return isSubdomain(zone, ["in-addr", "arpa"]) || isSubdomain(zone, ["ip6", "arpa"]);
}

/** A Service or a ServiceImport: what the two have in common here. */
interface Source {
  readonly name: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  /** "" unless it is an ExternalName. */
  readonly externalName: string;
  readonly ports: readonly Port[];
  readonly slices: Iterable<EndpointSlice>;
}

interface Port {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number | undefined;
}

function sourcesOf({ cluster, options }: ClusterZones, zone: Name): readonly Source[] {
  const isExposed = ({ namespace }: Service | ServiceImport) =>
    (options.namespaces?.has(namespace) ?? true) && cluster.namespace(namespace) !== undefined;
  const sources: Source[] = isMulticlusterZone(options, zone)
    ? [...cluster.objects("ServiceImport")].filter(isExposed).map(one => ({
        ...{ name: one.name, namespace: one.namespace, ports: one.ports, externalName: "" },
        addresses: one.ips,
        slices: cluster.slicesOfImport(one.namespace, one.name),
      }))
    : [...cluster.objects("Service")].filter(isExposed).map(one => ({
        ...{ name: one.name, namespace: one.namespace, ports: one.ports, externalName: one.externalName },
        addresses: one.clusterIPs,
        slices: options.noEndpoints === true ? [] : cluster.slicesOf(one.namespace, one.name),
      }));
  return sources.sort((a, b) => compare(a.name, b.name) || compare(a.namespace, b.namespace));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function* recordsOfSource(zones: ClusterZones, zone: Name, source: Source): Generator<ResourceRecord> {
  const { ttlSeconds } = zones.options;
  const name: Name = [source.name, source.namespace, "svc", ...zone];
  const record = (owner: Name, data: RecordData) => ({ name: owner, class: classCodes.IN, ttlSeconds, data });
  if (source.externalName !== "") {
    const target = aliasTarget(source.externalName);
    if (target !== undefined) yield record(name, { type: "CNAME", target });
    return;
  }
  for (const address of source.addresses) yield record(name, addressData(address));
  if (source.addresses.length > 0) {
    for (const port of source.ports) {
      const server = serverData(port, name, 100);
      yield record(name, server);
      if (port.name !== "") yield record(portName(port, name), server);
    }
    return;
  }
  const preferTargetName = zones.options.endpointPodNames === true;
  for (const slice of source.slices) {
    const endpoints = readyAddresses(slice, preferTargetName);
    const weight = Math.max(1, Math.floor(100 / endpoints.length));
    for (const { label, address } of endpoints) {
      const target = [label, ...name];
      yield record(name, addressData(address));
      yield record(target, addressData(address));
      for (const port of slice.ports) {
        if (port.name !== "") yield record(portName(port, name), serverData(port, target, weight));
      }
    }
  }
}

function readyAddresses(
  slice: EndpointSlice,
  preferTargetName: boolean,
): readonly { label: string; address: string }[] {
  return slice.endpoints
    .filter(({ isReady }) => isReady)
    .flatMap(endpoint =>
      endpoint.addresses
        .filter(address => familyOf(address) !== undefined)
        .map(address => ({ label: endpointName(endpoint, address, preferTargetName), address })),
    );
}

function addressData(address: string): RecordData {
  return { type: familyOf(address) === "IPv6" ? "AAAA" : "A", address };
}

function serverData({ port }: Port, target: Name, weight: number): RecordData {
  return { type: "SRV", priority: 0, weight, port: port ?? 0, target };
}

function portName({ name, protocol }: Port, service: Name): Name {
  return [`_${name.toLowerCase()}`, `_${protocol.toLowerCase()}`, ...service];
}

/** Undefined for what no CNAME can hold: an address, or text that is no name. */
function aliasTarget(externalName: string): Name | undefined {
  if (familyOf(externalName) !== undefined) return undefined;
  try {
    return parseName(externalName);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
