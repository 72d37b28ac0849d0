/** Where the addresses of a Service name come from: a Service, or in multicluster zones a ServiceImport. */

import type { EndpointSlice, Protocol, Service, ServiceImport } from "../../cluster/objects.ts";
import type { ZoneQuery } from "./zone-query.ts";
import { slicesOf } from "./zone-query.ts";

export interface AddressSource {
  /** For reasons: `Service shop/web`. */
  readonly title: string;
  /** Its name left of the zone. */
  readonly labels: readonly string[];
  readonly isHeadless: boolean;
  readonly isMulticluster: boolean;
  /** Its own: cluster IPs, or those of the set of clusters. */
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
  readonly slices: Iterable<EndpointSlice>;
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol | "";
  readonly port: number | undefined;
}

export function sourceOfService(query: ZoneQuery, service: Service): AddressSource {
  const { namespace, name, isHeadless, clusterIPs } = service;
  return {
    title: `Service ${namespace}/${name}`,
    labels: [name, namespace, "svc"],
    isHeadless,
    isMulticluster: false,
    addresses: clusterIPs,
    ports: portsOf(service),
    slices: slicesOf(query, namespace, name),
  };
}

/** KEP-1645. One without ports has no names: there is nothing to reach behind its addresses. */
export function sourceOfImport(query: ZoneQuery, serviceImport: ServiceImport): AddressSource {
  const { namespace, name, type, ips, ports } = serviceImport;
  return {
    title: `ServiceImport ${namespace}/${name}`,
    labels: [name, namespace, "svc"],
    isHeadless: type === "Headless",
    isMulticluster: true,
    addresses: ips,
    ports,
    slices: query.cluster.slicesOfImport(namespace, name),
  };
}

const noPort: readonly NamedPort[] = [{ name: "", protocol: "", port: undefined }];

/** An object that declares no port still has addresses: one port without name, protocol and number stands for that. */
export function portsOf(object: { readonly ports: readonly NamedPort[] }): readonly NamedPort[] {
  return object.ports.length === 0 ? noPort : object.ports;
}
