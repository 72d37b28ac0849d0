/**
 * Which (address, port) pairs a Service name stands for: the step every record type shares.
 *
 * Specification 1.1.0 §2.3 and §2.4; CoreDNS for endpoint names under ClusterIP Services and for unnamed ports.
 */

import type { EndpointSlice, Protocol, Service } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
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
  | { readonly kind: "entries"; readonly service: Service; readonly entries: readonly Entry[] }
  | { readonly kind: "external"; readonly service: Service }
  | { readonly kind: "missing"; readonly reason: Reason };

/** Finds what the name stands for, or why it stands for nothing. */
export function findServiceEntries(query: ZoneQuery, name: ServiceName): ServiceEntries {
  const { cluster } = query;
  if (!isExposed(query, name.namespace)) {
    return missing(because("no-such-namespace", `there is no namespace ${name.namespace}`));
  }
  const service = cluster.service(name.namespace, name.service);
  if (service === undefined) return missing(noSuchService(name));
  if (service.type === "ExternalName") return externalService(service, name);
  if (service.isHeadless || name.endpoint !== undefined) return endpointEntries(query, service, name);
  return clusterIPEntries(query, service, name);
}

function missing(reason: Reason): ServiceEntries {
  return { kind: "missing", reason };
}

/** Labels left of what would be the Service, without underscores, are what a resolver's search list produces. */
function noSuchService(name: ServiceName): Reason {
  const { namespace, service, endpoint, port } = name;
  if (endpoint === undefined && port === undefined) {
    return because("no-such-service", `namespace ${namespace} has no Service ${service}`);
  }
  return because(
    "search-path-miss",
    `namespace ${namespace} has no Service ${service}; a longer name with a search domain appended?`,
  );
}

function externalService(service: Service, name: ServiceName): ServiceEntries {
  const path = `${service.namespace}/${service.name}`;
  if (name.endpoint !== undefined || name.port !== undefined) {
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

function clusterIPEntries(query: ZoneQuery, service: Service, name: ServiceName): ServiceEntries {
  if (query.options.ignoreEmptyService === true && !hasReadyEndpoint(query, service)) {
    return missing(
      because("empty-service", `Service ${service.namespace}/${service.name} has no ready endpoint`),
    );
  }
  const ports = portsOf(service).filter(port => matchesPort(name, port.name, port.protocol));
  if (ports.length === 0) return missing(noSuchPort(service, name));
  const target = [service.name, service.namespace, "svc"];
  const entries = ports.flatMap(({ port }) => service.clusterIPs.map(address => ({ target, address, port })));
  return { kind: "entries", service, entries };
}

function endpointEntries(query: ZoneQuery, service: Service, name: ServiceName): ServiceEntries {
  const entries: Entry[] = [];
  for (const slice of query.cluster.slicesOf(service.namespace, service.name)) {
    collectEntries(query, service, name, slice, entries);
  }
  if (entries.length > 0) return { kind: "entries", service, entries };
  return missing(whyNoEndpoint(query, service, name));
}

function collectEntries(
  query: ZoneQuery,
  service: Service,
  name: ServiceName,
  slice: EndpointSlice,
  into: Entry[],
): void {
  const ports = portsOf(slice).filter(port => matchesPort(name, port.name, port.protocol));
  if (ports.length === 0) return;
  for (const endpoint of slice.endpoints) {
    if (!endpoint.isReady) continue;
    for (const address of endpoint.addresses) {
      const label = endpointName(endpoint, address, query.options.endpointPodNames === true);
      if (name.endpoint !== undefined && label.toLowerCase() !== name.endpoint) continue;
      const target = [label, service.name, service.namespace, "svc"];
      for (const { port } of ports) into.push({ target, address, port });
    }
  }
}

interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol | "";
  readonly port: number | undefined;
}

const noPort: readonly NamedPort[] = [{ name: "", protocol: "", port: undefined }];

/** An object that declares no port still has addresses: one port without name, protocol and number stands for that. */
function portsOf(object: { readonly ports: readonly NamedPort[] }): readonly NamedPort[] {
  return object.ports.length === 0 ? noPort : object.ports;
}

function matchesPort(name: ServiceName, portName: string, protocol: string): boolean {
  if (name.port === undefined) return true;
  const isName = name.port.name === "" || name.port.name === portName.toLowerCase();
  return isName && (name.port.protocol === "" || name.port.protocol === protocol.toLowerCase());
}

function hasReadyEndpoint(query: ZoneQuery, service: Service): boolean {
  for (const slice of query.cluster.slicesOf(service.namespace, service.name)) {
    if (slice.endpoints.some(endpoint => endpoint.isReady && endpoint.addresses.length > 0)) return true;
  }
  return false;
}

function noSuchPort(service: Service, name: ServiceName): Reason {
  const asked = `${name.port?.name}/${name.port?.protocol}`;
  return because("no-such-port", `Service ${service.namespace}/${service.name} has no port ${asked}`);
}

function whyNoEndpoint(query: ZoneQuery, service: Service, name: ServiceName): Reason {
  const path = `${service.namespace}/${service.name}`;
  const isPortMissing = !portsOf(service).some(port => matchesPort(name, port.name, port.protocol));
  if (isPortMissing) return noSuchPort(service, name);
  if (name.endpoint === undefined) {
    return because("no-ready-endpoints", `headless Service ${path} has no ready endpoint`);
  }
  for (const slice of query.cluster.slicesOf(service.namespace, service.name)) {
    for (const endpoint of slice.endpoints) {
      const names = endpoint.addresses.map(address =>
        endpointName(endpoint, address, query.options.endpointPodNames === true).toLowerCase(),
      );
      if (!endpoint.isReady && names.includes(name.endpoint)) {
        return because("endpoint-not-ready", `endpoint ${name.endpoint} of Service ${path} is not ready`);
      }
    }
  }
  return because("no-such-endpoint", `Service ${path} has no endpoint ${name.endpoint}`);
}
