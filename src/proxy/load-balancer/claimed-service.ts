/** Which Services are this load balancer's matter, and what becomes of them. */

import type { IPFamily, Service } from "../../cluster/objects.ts";
import { familyOf, objectKey } from "../../cluster/objects.ts";

/** `spec.loadBalancerClass` that asks for this load balancer by name; without any class it is meant too. */
export const poolClass = "frontdesk.dev/pool";
/** Under this name the API server notes who wrote a status. */
export const fieldManager = "frontdesk";

/** The addresses that a Service's status should name. */
export interface Assignment {
  readonly service: Service;
  /** Canonical. */
  readonly addresses: readonly string[];
  /** Why there is not all that was asked for. */
  readonly problems: readonly AssignmentProblem[];
}

export interface AssignmentProblem {
  readonly reason: "NoAddressAvailable" | "AddressNotInPool" | "AddressConflict";
  /** What is wrong and what to do, in one sentence. */
  readonly note: string;
}

export type HoldsAddress = (address: string) => boolean;

/**
 * What this load balancer has to decide about: Services that ask for it and whose status nobody else has written,
 * and those that no longer ask and still have addresses of ours. `isOfPool` finds ours where the API server has not
 * noted who wrote them.
 */
export function claimServices(services: Iterable<Service>, isOfPool: HoldsAddress) {
  const wanting: Service[] = [];
  const leaving: Service[] = [];
  const others: Service[] = [];
  for (const service of services) {
    const isOfOtherClass = service.type === "LoadBalancer" && !asksForPool(service);
    if (isOfOtherClass || isWrittenByOthers(service, isOfPool)) others.push(service);
    else if (asksForPool(service)) wanting.push(service);
    else if (service.loadBalancerIngress.length > 0) leaving.push(service);
  }
  return { wanting, leaving, others };
}

export function asksForPool({ type, loadBalancerClass }: Service): boolean {
  return type === "LoadBalancer" && (loadBalancerClass === "" || loadBalancerClass === poolClass);
}

export function isWrittenByOthers(service: Service, isOfPool: HoldsAddress): boolean {
  const { loadBalancerIngress, loadBalancerWriter } = service;
  if (loadBalancerWriter === fieldManager) return false;
  return loadBalancerIngress.some(({ ip, ipMode }) => ipMode !== "VIP" || !isOfPool(ip));
}

/** The address of a family in the status. */
export function publishedAddress({ loadBalancerIngress }: Service, family: IPFamily): string | undefined {
  return loadBalancerIngress.find(({ ip }) => familyOf(ip) === family)?.ip;
}

/** Whoever was there first, and among those of one second by name. */
export function byAge(a: Service, b: Service): number {
  const difference = a.createdAtSeconds - b.createdAtSeconds;
  if (difference !== 0) return difference;
  return objectKey(a) < objectKey(b) ? -1 : 1;
}

/** Whether the status already says so. */
export function isPublished({ service, addresses }: Assignment): boolean {
  const published = service.loadBalancerIngress;
  return (
    published.length === addresses.length &&
    published.every(({ ip, ipMode }, index) => ip === addresses[index] && ipMode === "VIP")
  );
}
