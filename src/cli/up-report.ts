/** What `up` has to tell at its start: every name with its addresses, and whether they can be reached. */

import type { EndpointSlice, Service } from "../cluster/objects.ts";
import type { Cluster } from "../cluster/store.ts";
import { formatName } from "../dns/wire/name.ts";
import { endpointName } from "../dns/zone/endpoint-name.ts";
import type { ZoneOptions } from "../dns/zone/zone-query.ts";
import type { StandInStatus } from "../proxy/userspace/stand-ins.ts";
import type { WayInStatus } from "../proxy/userspace/way-in-status.ts";

export interface ReportSources {
  readonly paths: readonly string[];
  readonly cluster: Cluster;
  readonly zoneOptions: ZoneOptions;
  readonly dns: { readonly address: string; readonly port: number };
  readonly adminAddress: string;
  readonly waysIn: readonly WayInStatus[];
  /** Undefined without `--echo`. */
  readonly standIns: readonly StandInStatus[] | undefined;
}

/** One address of one name. */
export interface ReportRow {
  /** Without the trailing dot, as people type it. */
  readonly name: string;
  readonly type:
    | "ClusterIP"
    | "NodePort"
    | "LoadBalancer"
    | "ExternalIP"
    | "headless"
    | "Pod"
    | "ExternalName";
  /** An IP address or, for an ExternalName, a host name; "" where there is none. */
  readonly address: string;
  /** 0 where ports mean nothing. */
  readonly port: number;
  /** Where connections are really taken; differs from `port` for ports that need a privilege. */
  readonly servedPort: number;
  readonly protocol: string;
  readonly portName: string;
  readonly state: string;
}

export interface Report {
  readonly paths: readonly string[];
  readonly serviceCount: number;
  readonly podCount: number;
  readonly isEcho: boolean;
  readonly dns: ReportSources["dns"];
  readonly adminAddress: string;
  readonly rows: readonly ReportRow[];
}

export function describeCluster(sources: ReportSources): Report {
  const { paths, cluster, dns, adminAddress, standIns } = sources;
  const services = [...cluster.services()].sort(byNamespaceAndName);
  const pods = [...cluster.objects("Pod")];
  return {
    paths,
    serviceCount: services.length,
    podCount: pods.length,
    isEcho: standIns !== undefined,
    dns,
    adminAddress,
    rows: services.flatMap(service => rowsOf(sources, service)),
  };
}

function byNamespaceAndName(a: Service, b: Service): number {
  return a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name);
}

function rowsOf(sources: ReportSources, service: Service): readonly ReportRow[] {
  const name = nameOf(sources, [service.name, service.namespace, "svc"]);
  if (service.type === "ExternalName") {
    return [{ ...addressless, name, type: "ExternalName", address: service.externalName, state: "CNAME" }];
  }
  const slices = [...sources.cluster.slicesOf(service.namespace, service.name)];
  const state = countReady(slices);
  if (service.isHeadless) {
    const own: ReportRow = { ...addressless, name, type: "headless", state };
    return [own, ...slices.flatMap(slice => endpointRows(sources, service, slice))];
  }
  return sources.waysIn
    .filter(way => way.namespace === service.namespace && way.service === service.name)
    .map(way => wayInRow(way, name, state));
}

const addressless = { address: "", port: 0, servedPort: 0, protocol: "", portName: "" } as const;

function wayInRow(way: WayInStatus, name: string, endpoints: string): ReportRow {
  const { kind: type, address, port, servedPort, protocol, portName, note } = way;
  const states = { serving: endpoints, refusing: "no ready endpoint: refuses", unservable: "not served" };
  const state = note === "" ? states[way.state] : `${states[way.state]}; ${note}`;
  return { name, type, address, port, servedPort, protocol, portName, state };
}

/** Endpoints of a headless Service are reached at their own addresses, by names of their own. */
function endpointRows(sources: ReportSources, service: Service, slice: EndpointSlice): readonly ReportRow[] {
  return slice.endpoints.flatMap(endpoint =>
    endpoint.addresses.flatMap(address => {
      const label = endpointName(endpoint, address, false);
      const name = nameOf(sources, [label, service.name, service.namespace, "svc"]);
      return slice.ports.map(({ name: portName, protocol, port = 0 }) => {
        const standIn = sources.standIns?.find(
          status => status.address === address && status.port === port && status.protocol === protocol,
        );
        const readiness = endpoint.isReady ? "ready" : "not ready";
        const state = standIn?.note ? `${readiness}; ${standIn.note}` : readiness;
        const servedPort = standIn?.servedPort ?? port;
        return { name, type: "Pod" as const, address, port, servedPort, protocol, portName, state };
      });
    }),
  );
}

function countReady(slices: readonly EndpointSlice[]): string {
  const endpoints = slices.flatMap(slice => slice.endpoints);
  const ready = new Set(endpoints.filter(endpoint => endpoint.isReady).map(({ addresses }) => addresses[0]));
  return ready.size === 1 ? "1 endpoint" : `${ready.size} endpoints`;
}

function nameOf({ zoneOptions }: ReportSources, labels: readonly string[]): string {
  return formatName([...labels, ...(zoneOptions.zones[0] ?? [])]).slice(0, -1);
}
