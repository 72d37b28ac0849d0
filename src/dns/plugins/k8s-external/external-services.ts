/** Which addresses a name for the outside stands for: `[endpoint.|_port._proto.]service.namespace`. Pure. */

import type { EndpointSlice, Protocol, Service } from "../../../cluster/objects.ts";
import { familyOf } from "../../../cluster/objects.ts";
import type { Cluster } from "../../../cluster/store.ts";
import { endpointName } from "../../zone/endpoint-name.ts";
import { because, type Reason } from "../../zone/reason.ts";
import type { ZoneOptions } from "../../zone/zone-query.ts";

export interface ExternalOptions {
  readonly cluster: Cluster;
  /** Of `kubernetes`: which namespaces, how endpoints are named. */
  readonly zoneOptions: ZoneOptions;
  /** Services without external addresses answer with their endpoints. */
  readonly headless: boolean;
}

/** One address under one port. */
export interface ExternalEntry {
  /** Labels left of the zone of the name an SRV record points to. */
  readonly target: readonly string[];
  /** An IP address, or the host name of a load balancer. */
  readonly host: string;
  /** Undefined where no port is declared: the address answers, SRV does not. */
  readonly port: number | undefined;
}

export type ExternalName =
  | { readonly kind: "entries"; readonly entries: readonly ExternalEntry[] }
  | { readonly kind: "no-data" | "no-name"; readonly reason: Reason };

/** `labels` are those left of the zone, lower case, at least one. */
export function findExternal(options: ExternalOptions, labels: readonly string[]): ExternalName {
  const [namespace = "", name, ...rest] = labels.toReversed();
  if (!isExposed(options, namespace)) {
    return noName(because("no-such-namespace", `there is no namespace ${namespace}`));
  }
  if (name === undefined) {
    return { kind: "no-data", reason: because("no-such-type", "the name only has names beneath it") };
  }
  const service = options.cluster.service(namespace, name);
  if (rest.length > 2)
    return noName(because("unknown-name", "names are at most _port._proto.service.namespace long"));
  if (service === undefined) {
    return noName(because("no-such-service", `namespace ${namespace} has no Service ${name}`));
  }
  const entries = entriesOf(options, service, readLabels(rest));
  return entries.length > 0 ? { kind: "entries", entries } : noName(whyNone(options, service));
}

/** Services that have this external address, in order of their names; those that `namespaces` leaves out are not there. */
export function servicesAtExternalAddress(
  { cluster, zoneOptions }: ExternalOptions,
  address: string,
): readonly Service[] {
  const { namespaces } = zoneOptions;
  return [...cluster.servicesAtExternalAddress(address)]
    .filter(({ namespace }) => namespaces?.has(namespace) ?? true)
    .sort(byName);
}

/** Every name that stands for something, as labels left of the zone. */
export function* externalNames(options: ExternalOptions): Generator<readonly string[]> {
  const services = [...options.cluster.objects("Service")].filter(({ namespace }) =>
    isExposed(options, namespace),
  );
  for (const service of services.sort(byName)) {
    const name = [service.name, service.namespace];
    const entries = entriesOf(options, service, anything);
    if (entries.length === 0) continue;
    yield name;
    const slices = isByEndpoints(options, service, anything) ? slicesOf(options, service) : [];
    const ports = slices.length > 0 ? slices.flatMap(slice => slice.ports) : service.ports;
    yield* distinct(ports.filter(port => port.name !== "").map(port => [...portLabels(port), ...name]));
    yield* distinct(entries.filter(({ target }) => target.length > name.length).map(({ target }) => target));
  }
}

/** External IPs and those of the load balancer, which has an address or a host name. */
export function externalHosts({ externalIPs, loadBalancerIngress }: Service): readonly string[] {
  const balanced = loadBalancerIngress.map(({ ip, hostname }) => (ip === "" ? hostname : ip));
  return [...externalIPs, ...balanced].filter(host => host !== "");
}

function isExposed({ cluster, zoneOptions }: ExternalOptions, namespace: string): boolean {
  return (zoneOptions.namespaces?.has(namespace) ?? true) && cluster.namespace(namespace) !== undefined;
}

function byName(a: Service, b: Service): number {
  const [left, right] = [`${a.name} ${a.namespace}`, `${b.name} ${b.namespace}`];
  return left < right ? -1 : Number(left > right);
}

function* distinct(names: readonly (readonly string[])[]): Generator<readonly string[]> {
  yield* new Map(names.map(name => [name.join("."), name])).values();
}

interface LeftLabels {
  readonly endpoint: string | undefined;
  /** Without underscores; "" matches any. */
  readonly port: { readonly name: string; readonly protocol: string } | undefined;
}

const anything: LeftLabels = { endpoint: undefined, port: undefined };

/** What is left of `service.namespace`, nearest label first. */
function readLabels([first, second]: readonly string[]): LeftLabels {
  if (first === undefined) return anything;
  if (second === undefined) return { endpoint: withoutUnderscore(first), port: undefined };
  return {
    endpoint: undefined,
    port: { name: withoutUnderscore(second), protocol: withoutUnderscore(first) },
  };
}

function withoutUnderscore(label: string): string {
  return label.startsWith("_") ? label.slice(1) : label;
}

interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol | "";
  readonly port: number | undefined;
}

const noPort: readonly NamedPort[] = [{ name: "", protocol: "", port: undefined }];

function portsOf(
  { ports }: { readonly ports: readonly NamedPort[] },
  { port }: LeftLabels,
): readonly NamedPort[] {
  const declared = ports.length === 0 ? noPort : ports;
  if (port === undefined) return declared;
  return declared.filter(
    ({ name, protocol }) =>
      (port.name === "" || port.name === name.toLowerCase()) &&
      (port.protocol === "" || port.protocol === protocol.toLowerCase()),
  );
}

function portLabels({ name, protocol }: NamedPort): readonly string[] {
  return [`_${name.toLowerCase()}`, `_${protocol.toLowerCase()}`];
}

/** With external addresses an endpoint label means nothing: the Service answers as a whole. */
function isByEndpoints({ headless }: ExternalOptions, service: Service, { endpoint }: LeftLabels): boolean {
  return headless && externalHosts(service).length === 0 && (service.isHeadless || endpoint !== undefined);
}

function entriesOf(options: ExternalOptions, service: Service, labels: LeftLabels): readonly ExternalEntry[] {
  const target = [service.name, service.namespace];
  if (!isByEndpoints(options, service, labels)) {
    const ports = portsOf(service, labels);
    return externalHosts(service).flatMap(host => ports.map(({ port }) => ({ target, host, port })));
  }
  return slicesOf(options, service).flatMap(slice => endpointEntries(options, slice, labels, target));
}

function slicesOf(
  { cluster, zoneOptions }: ExternalOptions,
  { namespace, name }: Service,
): readonly EndpointSlice[] {
  return zoneOptions.noEndpoints === true ? [] : [...cluster.slicesOf(namespace, name)];
}

function endpointEntries(
  { zoneOptions }: ExternalOptions,
  slice: EndpointSlice,
  labels: LeftLabels,
  service: readonly string[],
): readonly ExternalEntry[] {
  const ports = portsOf(slice, labels);
  return slice.endpoints
    .filter(({ isReady }) => isReady)
    .flatMap(endpoint =>
      endpoint.addresses
        .map(host => ({ host, label: endpointName(endpoint, host, zoneOptions.endpointPodNames === true) }))
        .filter(({ label }) => labels.endpoint === undefined || labels.endpoint === label.toLowerCase())
        .flatMap(({ host, label }) => ports.map(({ port }) => ({ target: [label, ...service], host, port }))),
    );
}

export function isAddress(host: string): boolean {
  return familyOf(host) !== undefined;
}

function noName(reason: Reason): ExternalName {
  return { kind: "no-name", reason };
}

function whyNone(options: ExternalOptions, service: Service): Reason {
  const path = `${service.namespace}/${service.name}`;
  if (externalHosts(service).length > 0) return because("no-such-port", `Service ${path} has no such port`);
  if (options.headless && service.isHeadless) {
    return because("no-such-endpoint", `headless Service ${path} has no such ready endpoint`);
  }
  return because("no-external-address", `Service ${path} has no external address`);
}
