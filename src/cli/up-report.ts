/** What `up` has to tell at its start: every name with its addresses, and whether they can be reached. */

import type { EndpointSlice, Service } from "../cluster/objects.ts";
import type { Cluster } from "../cluster/store.ts";
import type { Name } from "../dns/wire/name.ts";
import { formatName } from "../dns/wire/name.ts";
import { endpointName } from "../dns/zone/endpoint-name.ts";
import type { StandInStatus } from "../proxy/userspace/stand-ins.ts";
import type { WayInStatus } from "../proxy/userspace/way-in-status.ts";

export interface ReportSources {
  readonly paths: readonly string[];
  readonly cluster: Cluster;
  /** The cluster domain first. */
  readonly zones: readonly Name[];
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
  /** Ways in: connections are taken. Headless Services and their Pods: the name resolves. */
  readonly isServing: boolean;
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
  const services = [...cluster.objects("Service")].sort(byNamespaceAndName);
  const byService = Map.groupBy(sources.waysIn, way => `${way.namespace}/${way.service}`);
  const byPort = new Map(standIns?.map(standIn => [portKey(standIn), standIn]));
  return {
    paths,
    serviceCount: services.length,
    podCount: [...cluster.objects("Pod")].length,
    isEcho: standIns !== undefined,
    dns,
    adminAddress,
    rows: services.flatMap(service => {
      const waysIn = byService.get(`${service.namespace}/${service.name}`) ?? [];
      return rowsOf(sources, service, waysIn, byPort);
    }),
  };
}

/** `web-2` before `web-10`. */
const order = new Intl.Collator("en", { numeric: true });

function byNamespaceAndName(a: Service, b: Service): number {
  return order.compare(a.namespace, b.namespace) || order.compare(a.name, b.name);
}

function rowsOf(
  sources: ReportSources,
  service: Service,
  waysIn: readonly WayInStatus[],
  standIns: ReadonlyMap<string, StandInStatus>,
): readonly ReportRow[] {
  const name = nameOf(sources, [service.name, service.namespace, "svc"]);
  if (service.type === "ExternalName") {
    return [{ ...portless, name, type: "ExternalName", address: service.externalName, state: "CNAME" }];
  }
  if (!service.isHeadless) return waysIn.map(way => wayInRow(way, name));
  const slices = [...sources.cluster.slicesOf(service.namespace, service.name)];
  const pods = slices.flatMap(slice => endpointRows(sources, service, slice, standIns));
  const readyCount = new Set(pods.filter(pod => pod.isServing).map(({ address }) => address)).size;
  const state = readyCount === 0 ? "no ready endpoint: does not resolve" : count(readyCount, "endpoint");
  const own = { ...portless, name, type: "headless", address: "", isServing: readyCount > 0, state } as const;
  return [own, ...pods.toSorted((a, b) => order.compare(a.name, b.name))];
}

const portless = { port: 0, servedPort: 0, protocol: "", portName: "", isServing: false } as const;

function wayInRow(way: WayInStatus, name: string): ReportRow {
  const { kind: type, address, port, servedPort, protocol, portName, note, endpointCount } = way;
  const states = {
    serving: count(endpointCount, "endpoint"),
    refusing: "no ready endpoint: refuses connections",
    unservable: "not served",
  };
  const state = note === "" ? states[way.state] : `${states[way.state]}; ${note}`;
  const isServing = way.state === "serving";
  return { name, type, address, port, servedPort, protocol, portName, isServing, state };
}

/** Endpoints of a headless Service are reached at their own addresses, by names of their own. */
function endpointRows(
  sources: ReportSources,
  service: Service,
  slice: EndpointSlice,
  standIns: ReadonlyMap<string, StandInStatus>,
): readonly ReportRow[] {
  const ports = slice.ports.length === 0 ? [{ name: "", protocol: "", port: 0 }] : slice.ports;
  return slice.endpoints.flatMap(endpoint =>
    endpoint.addresses.flatMap(address => {
      const label = endpointName(endpoint, address, false);
      const name = nameOf(sources, [label, service.name, service.namespace, "svc"]);
      const isServing = endpoint.isReady;
      return ports.map(({ name: portName, protocol, port = 0 }) => {
        const standIn = standIns.get(portKey({ address, port, protocol }));
        const readiness = isServing ? "ready" : "not ready";
        const state = standIn?.note ? `${readiness}; ${standIn.note}` : readiness;
        const servedPort = standIn?.servedPort ?? port;
        return {
          name,
          type: "Pod" as const,
          address,
          port,
          servedPort,
          protocol,
          portName,
          isServing,
          state,
        };
      });
    }),
  );
}

function portKey({ protocol, address, port }: { protocol: string; address: string; port: number }): string {
  return `${protocol} ${address} ${port}`;
}

export function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}

function nameOf({ zones }: ReportSources, labels: readonly string[]): string {
  return formatName([...labels, ...(zones[0] ?? [])]).slice(0, -1);
}
