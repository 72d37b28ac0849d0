/** Services with everything that the API server and a cloud would have added: addresses and node ports. */

import { familyOf, type IPFamily, type LoadBalancerIngress, type Service } from "../../objects.ts";
import { type DesiredOf, identify } from "../desired.ts";
import { type Finding, finding, formatPlace } from "../finding.ts";
import { allocate, type Leases } from "./address-pool.ts";
import { allocateNodePorts } from "./allocate-node-ports.ts";
import { draftService, type ServiceDraft } from "./service-draft.ts";

export interface ExpandedServices {
  readonly services: readonly Service[];
  readonly leases: Leases;
  readonly findings: readonly Finding[];
}

/** `explicit`: the addresses that any manifest names, which are invented for nobody. */
export function expandServices(
  desired: readonly DesiredOf<"Service">[],
  explicit: ReadonlySet<string>,
  before: Leases,
): ExpandedServices {
  const { drafts, findings } = withoutDoubleAddresses(desired.map(draftService));
  const nodePorts = allocateNodePorts(drafts, before);
  const leases: Leases = {
    serviceIPv4: allocate("serviceIPv4", wantingClusterIP(drafts, "IPv4"), explicit, before),
    serviceIPv6: allocate("serviceIPv6", wantingClusterIP(drafts, "IPv6"), explicit, before),
    loadBalancerIPv4: allocate("loadBalancerIPv4", wantingIngress(drafts, "IPv4"), explicit, before),
    loadBalancerIPv6: allocate("loadBalancerIPv6", wantingIngress(drafts, "IPv6"), explicit, before),
    ...nodePorts.leases,
  };
  const services = drafts.map(draft => ({
    ...draft.service,
    clusterIPs: clusterIPsOf(draft, leases),
    ports: nodePorts.portsOf(draft),
    loadBalancerIngress: ingressOf(draft, leases),
  }));
  return { services, leases, findings: [...findings, ...nodePorts.findings] };
}

/** The first Service to name a cluster IP has it; another that names it is treated as if it had named none. */
function withoutDoubleAddresses(drafts: readonly ServiceDraft[]) {
  const holders = new Map<string, ServiceDraft>();
  const findings: Finding[] = [];
  const single = drafts.map(draft => {
    const clusterIPs = draft.service.clusterIPs.filter(address => {
      const holder = holders.get(address);
      if (holder === undefined) holders.set(address, draft);
      else findings.push(doubleAddress(address, draft, holder));
      return holder === undefined;
    });
    return { ...draft, service: { ...draft.service, clusterIPs } };
  });
  return { drafts: single, findings };
}

function doubleAddress(address: string, { desired }: ServiceDraft, holder: ServiceDraft): Finding {
  const first = `${identify(holder.desired)} at ${formatPlace(placeOfAddress(holder.desired))}`;
  return finding(
    "MANIFEST_DUPLICATE_CLUSTER_IP",
    placeOfAddress(desired),
    `${identify(desired)}: cluster IP ${address} belongs to ${first}; this one gets another`,
    "give each Service an address of its own, or leave clusterIP out",
  );
}

function placeOfAddress(desired: DesiredOf<"Service">) {
  return desired.locate([
    "spec",
    desired.manifest.spec.clusterIPs === undefined ? "clusterIP" : "clusterIPs",
  ]);
}

function wantingClusterIP(drafts: readonly ServiceDraft[], family: IPFamily): string[] {
  const wanting = drafts.filter(({ service }) => {
    const hasAddresses = !service.isHeadless && service.ipFamilies.includes(family);
    return hasAddresses && !service.clusterIPs.some(address => familyOf(address) === family);
  });
  return wanting.map(draft => draft.key);
}

/** In the order of `ipFamilies`, as the API has them. */
function clusterIPsOf({ service, key }: ServiceDraft, leases: Leases): string[] {
  const addresses = service.ipFamilies.map(
    family =>
      service.clusterIPs.find(address => familyOf(address) === family) ??
      leases[`service${family}`]?.get(key),
  );
  return addresses.filter(address => address !== undefined);
}

function wantingIngress(drafts: readonly ServiceDraft[], family: IPFamily): string[] {
  const wanting = drafts.filter(
    draft => draft.service.ipFamilies.includes(family) && explicitIngress(draft)?.length === 0,
  );
  return wanting.map(draft => draft.key);
}

/** What the manifest says of the load balancer; undefined for Services that have none. */
function explicitIngress({ service, desired }: ServiceDraft): readonly LoadBalancerIngress[] | undefined {
  if (service.type !== "LoadBalancer") return undefined;
  const asked = desired.manifest.spec.loadBalancerIP;
  if (service.loadBalancerIngress.length > 0 || !asked) return service.loadBalancerIngress;
  return [addressIngress(asked)];
}

function ingressOf(draft: ServiceDraft, leases: Leases): readonly LoadBalancerIngress[] {
  const explicit = explicitIngress(draft);
  if (explicit === undefined || explicit.length > 0) return explicit ?? [];
  const invented = draft.service.ipFamilies.map(family => leases[`loadBalancer${family}`]?.get(draft.key));
  return invented.filter(address => address !== undefined).map(addressIngress);
}

function addressIngress(ip: string): LoadBalancerIngress {
  return { ip, hostname: "", ipMode: "VIP" };
}
