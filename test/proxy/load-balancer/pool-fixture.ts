/** Services of type LoadBalancer, written as the few fields that the pool looks at. */

import type { IPFamily, Service } from "../../../src/cluster/objects.ts";
import { service } from "../cluster-fixture.ts";

export interface BalancedFields extends Partial<Service> {
  /** Addresses that the status names. */
  readonly has?: readonly string[];
  readonly age?: number;
}

/** IPv4 only unless given; the older the smaller its `age`. */
export function balanced(name: string, { has = [], age = 1, ...fields }: BalancedFields = {}): Service {
  const ipFamilies: readonly IPFamily[] = ["IPv4"];
  return service(name, {
    type: "LoadBalancer",
    ipFamilies,
    createdAtSeconds: age,
    loadBalancerIngress: has.map(ip => ({ ip, hostname: "", ipMode: "VIP" })),
    ...fields,
  });
}
