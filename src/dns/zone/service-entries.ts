/**
 * Which (address, port) pairs a Service name stands for: the step every record type shares.
 *
 * Specification 1.1.0 §2.3 and §2.4; CoreDNS for endpoint names under ClusterIP Services, for unnamed ports, for
 * ServiceImports and for topology zones.
 */

import type { EndpointSlice, Service } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import type { AddressSource } from "./address-source.ts";
import { portsOf, sourceOfImport, sourceOfService } from "./address-source.ts";
import { endpointName } from "./endpoint-name.ts";
import type { Reason } from "./reason.ts";
import { because } from "./reason.ts";
import type { ServiceName } from "./zone-name.ts";
import type { ZoneQuery } from "./zone-query.ts";
import { isExposed } from "./zone-query.ts";

/** One address under one port, and the name that stands for it. */
export interface Entry {
  /** Labels left of the zone of the name an SRV record points to. */
  readonly target: readonly string[];
  /** An IP address, or a host name from a slice of address type FQDN. */
  readonly address: string;
  /** Undefined where Service or slice declares no port: the address answers, SRV does not. */
  readonly port: number | undefined;
}

export type ServiceEntries =
  | { readonly kind: "entries"; readonly entries: readonly Entry[] }
  | { readonly kind: "external"; readonly service: Service }
  /** The name exists and stands for nothing at the moment. */
  | { readonly kind: "empty"; readonly reason: Reason }
  | { readonly kind: "missing"; readonly reason: Reason };

/** Finds what the name stands for, or why it stands for nothing. */
export function findServiceEntries(query: ZoneQuery, name: ServiceName): ServiceEntries {
  const { cluster } = query;
  if (!isExposed(query, name.namespace)) {
    return missing(because("no-such-namespace", `there is no namespace ${name.namespace}`));
  }
  if (query.isMulticluster) {
    const serviceImport = cluster.serviceImport(name.namespace, name.service);
    if (serviceImport === undefined) return missing(noSuchService(name, "ServiceImport"));
    return entriesOf(query, sourceOfImport(query, serviceImport), name);
  }
  const service = cluster.service(name.namespace, name.service);
  if (service === undefined) return missing(noSuchService(name, "Service"));
  if (service.type === "ExternalName") return externalService(service, name);
  return entriesOf(query, sourceOfService(query, service), name);
}

function missing(reason: Reason): ServiceEntries {
  return { kind: "missing", reason };
}

/** Labels left of what would be the Service, without underscores, are what a resolver's search list produces. */
function noSuchService(name: ServiceName, kind: "Service" | "ServiceImport"): Reason {
  const { namespace, service, endpoint, port } = name;
  if (endpoint === undefined && port === undefined) {
    return because("no-such-service", `namespace ${namespace} has no ${kind} ${service}`);
  }
  return because(
    "search-path-miss",
    `namespace ${namespace} has no ${kind} ${service}; a longer name with a search domain appended?`,
  );
}

function externalService(service: Service, name: ServiceName): ServiceEntries {
  const path = `${service.namespace}/${service.name}`;
  if (name.endpoint !== undefined || name.port !== undefined || name.topology !== undefined) {
    return missing(
      because("external-name-unusable", `Service ${path} is an ExternalName: nothing is beneath it`),
    );
  }
  // RFC 1035 §3.3.1: a CNAME holds a name. The API allows what looks like an address, nothing can resolve it.
  if (service.externalName === "" || familyOf(service.externalName) !== undefined) {
    return missing(because("external-name-unusable", `externalName of ${path} is not a host name`));
  }
  return { kind: "external", service };
}

function entriesOf(query: ZoneQuery, source: AddressSource, name: ServiceName): ServiceEntries {
  if (name.topology !== undefined) return topologyEntries(query, source, name);
  if (!source.isHeadless && query.options.ignoreEmptyService === true && !hasReadyEndpoint(source)) {
    return missing(because("empty-service", `${source.title} has no ready endpoint`));
  }
  if (source.isHeadless || name.endpoint !== undefined) return endpointEntries(query, source, name);
  const ports = source.ports.filter(port => matchesPort(name, port.name, port.protocol));
  if (ports.length === 0) return missing(noSuchPort(source, name));
  const entries = ports.flatMap(({ port }) =>
    source.addresses.map(address => ({ target: source.labels, address, port })),
  );
  return { kind: "entries", entries };
}

function endpointEntries(query: ZoneQuery, source: AddressSource, name: ServiceName): ServiceEntries {
  const entries = collectEntries(query, source, name, undefined);
  if (entries.length > 0) return { kind: "entries", entries };
  return missing(whyNoEndpoint(query, source, name));
}

/** Any zone is a name that exists under a headless Service: one without endpoints looks like one that was emptied. */
function topologyEntries(query: ZoneQuery, source: AddressSource, name: ServiceName): ServiceEntries {
  if (!source.isHeadless) {
    return missing(because("unknown-name", `${source.title} is not headless: its address is in no zone`));
  }
  const { zone = "", fallsBack = false } = name.topology ?? {};
  const local = collectEntries(query, source, name, zone);
  const entries = local.length === 0 && fallsBack ? collectEntries(query, source, name, undefined) : local;
  if (entries.length > 0) return { kind: "entries", entries };
  const where = fallsBack ? "" : ` in zone ${zone}`;
  const reason = because("no-endpoint-in-zone", `${source.title} has no ready endpoint${where}`);
  return { kind: "empty", reason };
}

function collectEntries(
  query: ZoneQuery,
  source: AddressSource,
  name: ServiceName,
  topologyZone: string | undefined,
): readonly Entry[] {
  const entries: Entry[] = [];
  for (const slice of source.slices) {
    const ports = portsOf(slice).filter(port => matchesPort(name, port.name, port.protocol));
    if (ports.length === 0) continue;
    const cluster = clusterOf(source, slice);
    if (name.endpoint !== undefined && cluster.toLowerCase() !== (name.cluster ?? "")) continue;
    const parent = cluster === "" ? source.labels : [cluster, ...source.labels];
    for (const endpoint of slice.endpoints) {
      if (!endpoint.isReady) continue;
      if (topologyZone !== undefined && endpoint.zone.toLowerCase() !== topologyZone) continue;
      for (const address of endpoint.addresses) {
        const label = endpointName(endpoint, address, query.options.endpointPodNames === true);
        if (name.endpoint !== undefined && label.toLowerCase() !== name.endpoint) continue;
        for (const { port } of ports) entries.push({ target: [label, ...parent], address, port });
      }
    }
  }
  return entries;
}

/** The label between an endpoint and its ServiceImport; "" where there is none. */
function clusterOf(source: AddressSource, slice: EndpointSlice): string {
  return source.isMulticluster ? (slice.imported?.cluster ?? "") : "";
}

function matchesPort(name: ServiceName, portName: string, protocol: string): boolean {
  if (name.port === undefined) return true;
  const isName = name.port.name === "" || name.port.name === portName.toLowerCase();
  return isName && (name.port.protocol === "" || name.port.protocol === protocol.toLowerCase());
}

function hasReadyEndpoint({ slices }: AddressSource): boolean {
  for (const { endpoints } of slices) {
    if (endpoints.some(endpoint => endpoint.isReady && endpoint.addresses.length > 0)) return true;
  }
  return false;
}

function noSuchPort(source: AddressSource, name: ServiceName): Reason {
  if (name.port === undefined) return because("no-such-port", `${source.title} has no port`);
  return because("no-such-port", `${source.title} has no port ${name.port.name}/${name.port.protocol}`);
}

function whyNoEndpoint(query: ZoneQuery, source: AddressSource, name: ServiceName): Reason {
  if (query.options.noEndpoints === true && !source.isMulticluster) {
    return because("endpoints-disabled", "names made from endpoints are switched off");
  }
  const ports = portsOf(source);
  if (!ports.some(port => matchesPort(name, port.name, port.protocol))) return noSuchPort(source, name);
  if (name.endpoint === undefined) {
    return because("no-ready-endpoints", `headless ${source.title} has no ready endpoint`);
  }
  if (isUnreadyEndpoint(query, source, name.endpoint)) {
    return because("endpoint-not-ready", `endpoint ${name.endpoint} of ${source.title} is not ready`);
  }
  return because("no-such-endpoint", `${source.title} has no endpoint ${name.endpoint}`);
}

function isUnreadyEndpoint(query: ZoneQuery, { slices }: AddressSource, name: string): boolean {
  for (const { endpoints } of slices) {
    for (const endpoint of endpoints) {
      if (endpoint.isReady) continue;
      const names = endpoint.addresses.map(address =>
        endpointName(endpoint, address, query.options.endpointPodNames === true).toLowerCase(),
      );
      if (names.includes(name)) return true;
    }
  }
  return false;
}

/** Whether a label left of a ServiceImport is a cluster with ready endpoints, whose names are beneath it. */
export function isClusterOfImport(query: ZoneQuery, name: ServiceName): boolean {
  if (!query.isMulticluster || name.endpoint === undefined || !isExposed(query, name.namespace)) return false;
  if (query.cluster.serviceImport(name.namespace, name.service) === undefined) return false;
  for (const { imported, endpoints } of query.cluster.slicesOfImport(name.namespace, name.service)) {
    if (imported?.cluster.toLowerCase() !== name.endpoint) continue;
    if (endpoints.some(({ isReady }) => isReady)) return true;
  }
  return false;
}
