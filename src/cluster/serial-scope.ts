/** Which changes of the cluster are changes of which zones: what moves an SOA serial (RFC 1035 §3.3.13). */

import type { ClusterObject, EndpointSlice, Kind, Service, ServiceImportPort } from "./objects.ts";
import type { Change } from "./store.ts";

/** Names of the cluster, names for the outside (`k8s_external`), names of a set of clusters (KEP-1645). */
export type SerialScope = "internal" | "external" | "multicluster";

const scopesOfKind: { readonly [K in Kind]: readonly SerialScope[] } = {
  Namespace: ["internal"],
  Service: ["internal", "external"],
  EndpointSlice: ["internal", "external", "multicluster"],
  Pod: ["internal"],
  Node: [],
  ServiceImport: ["multicluster"],
  ServiceCIDR: [],
};

/**
 * CoreDNS's rules, and what it forgets: cluster IPs and type of a Service, additions and removals in the scopes
 * other than `internal`. A new answer is a new zone.
 */
export function scopesOf({ kind, before, after }: Change): readonly SerialScope[] {
  return scopesOfKind[kind].filter(scope => {
    const was = before !== undefined && isIn(scope, before);
    const is = after !== undefined && isIn(scope, after);
    return was && is ? viewOf(scope, before) !== viewOf(scope, after) : was !== is;
  });
}

function isIn(scope: SerialScope, object: ClusterObject): boolean {
  switch (object.kind) {
    case "Service":
      return scope === "internal" || isExternal(object);
    case "EndpointSlice":
      return scope === "multicluster" ? object.imported !== undefined : object.serviceName !== "";
    default:
      return true;
  }
}

/** `k8s_external` can answer headless Services too, with their endpoints. */
function isExternal({ externalIPs, loadBalancerIngress, isHeadless }: Service): boolean {
  return isHeadless || externalIPs.length > 0 || loadBalancerIngress.length > 0;
}

/** Text that differs exactly when answers made from the object may. */
function viewOf(scope: SerialScope, object: ClusterObject): string {
  switch (object.kind) {
    case "Service":
      return JSON.stringify(scope === "internal" ? internalView(object) : externalView(object));
    case "EndpointSlice":
      return JSON.stringify(sliceView(object));
    case "Pod":
      return JSON.stringify(object.podIPs);
    case "ServiceImport":
      return JSON.stringify([object.type, object.ips, portsView(object.ports)]);
    default:
      return "";
  }
}

function internalView({ type, isHeadless, clusterIPs, externalName, ports }: Service): unknown {
  return [type, isHeadless, clusterIPs, externalName, portsView(ports)];
}

function externalView({ isHeadless, externalIPs, loadBalancerIngress, ports }: Service): unknown {
  const ingress = loadBalancerIngress.map(({ ip, hostname }) => [ip, hostname]);
  return [isHeadless, externalIPs, ingress, portsView(ports)];
}

function sliceView({ serviceName, imported, endpoints, ports }: EndpointSlice): unknown {
  const ready = endpoints.filter(({ isReady }) => isReady);
  const names = ready.map(({ addresses, hostname, targetRef }) => [addresses, hostname, targetRef?.name]);
  return [serviceName, imported?.serviceName, imported?.cluster, names, portsView(ports)];
}

interface Port extends Omit<ServiceImportPort, "port"> {
  readonly port: number | undefined;
}

function portsView(ports: readonly Port[]): unknown {
  return ports.map(({ name, port, protocol }) => [name, port, protocol]);
}
