/** Pool `node`: Services share the addresses of the nodes, each port and protocol with one of them. */

import type { IPFamily, Service } from "../../cluster/objects.ts";
import { familyOf, objectKey } from "../../cluster/objects.ts";
import { canonicalAddress } from "../plan/canonical-address.ts";
import type { Assignment, AssignmentProblem } from "./claimed-service.ts";
import { byAge, claimServices } from "./claimed-service.ts";

/** A node that carries connections to Services. */
export interface ServingNode {
  readonly name: string;
  /** Canonical. */
  readonly addresses: readonly string[];
}

/**
 * Assignments of all Services that the nodes' addresses are for, and of those they were for (none). Whoever has a port
 * keeps it; among newcomers it goes to the oldest. `eligible` are the nodes, in some fixed order, that can serve a
 * Service in a family.
 */
export function shareNodeAddresses(
  services: Iterable<Service>,
  eligible: (service: Service, family: IPFamily) => readonly ServingNode[],
): readonly Assignment[] {
  const { wanting, leaving } = claimServices(services, () => false);
  const ports = new Map<string, Service>();
  const inOrder = wanting.toSorted((a, b) => rankOf(a) - rankOf(b) || byAge(a, b));
  return [
    ...inOrder.map(service => assign(service, ports, eligible)),
    ...leaving.map(service => ({ service, addresses: [], problems: [] })),
  ];
}

/** Holders first. */
function rankOf({ loadBalancerIngress }: Service): number {
  return loadBalancerIngress.length > 0 ? 0 : 1;
}

function assign(
  service: Service,
  ports: Map<string, Service>,
  eligible: (service: Service, family: IPFamily) => readonly ServingNode[],
): Assignment {
  const claims = service.ipFamilies.flatMap(family =>
    service.ports.map(({ protocol, port }) => ({ key: `${family} ${port}/${protocol}`, port, protocol })),
  );
  const clash = claims.find(({ key }) => ports.has(key));
  const holder = clash && ports.get(clash.key);
  if (clash !== undefined && holder !== undefined) {
    const note = `port ${clash.port}/${clash.protocol} of the nodes is Service ${objectKey(holder)}'s; use another port, or a --load-balancer-pool with addresses`;
    return { service, addresses: [], problems: [{ reason: "AddressConflict", note }] };
  }
  const all = service.ipFamilies.flatMap(family =>
    eligible(service, family).flatMap(node => node.addresses.filter(one => familyOf(one) === family)),
  );
  const addresses = requested(service, all);
  if (addresses.length === 0) return { service, addresses, problems: [explainNone(service, all)] };
  for (const { key } of claims) ports.set(key, service);
  return { service, addresses, problems: [] };
}

function requested({ loadBalancerIP }: Service, all: readonly string[]): readonly string[] {
  if (loadBalancerIP === "") return all;
  const address = canonicalAddress(loadBalancerIP, loadBalancerIP.includes(":") ? "IPv6" : "IPv4");
  return all.filter(one => one === address);
}

function explainNone(service: Service, all: readonly string[]): AssignmentProblem {
  const { loadBalancerIP, externalTrafficPolicy, ipFamilies } = service;
  if (all.length > 0) {
    const note = `loadBalancerIP ${loadBalancerIP} is the address of no node that serves this Service; ask for one of ${all.join(", ")}, or for none`;
    return { reason: "AddressNotInPool", note };
  }
  const note =
    externalTrafficPolicy === "Local"
      ? "no node has a ready endpoint, which externalTrafficPolicy Local calls for; start one, or use Cluster"
      : `no node that runs frontdesk has an InternalIP of ${ipFamilies.join(" or ")}`;
  return { reason: "NoAddressAvailable", note };
}
