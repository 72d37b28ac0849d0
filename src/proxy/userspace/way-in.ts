import { canonicalAddresses } from "../plan/canonical-address.ts";
import type { ServicePortPlan } from "../plan/service-port-plan.ts";

export type WayInKind = "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalIP";

/** An address and port that clients may connect to. */
export interface WayIn {
  readonly kind: WayInKind;
  readonly address: string;
  readonly port: number;
}

/**
 * Every way into a Service port, no address and port twice; the cluster IP comes first. Node ports are served on
 * those of `nodePortAddresses` that are of the plan's family.
 */
export function waysInto(plan: ServicePortPlan, nodePortAddresses: readonly string[]): readonly WayIn[] {
  const { family, port, nodePort } = plan;
  const ways = [
    { kind: "ClusterIP", address: plan.clusterIP, port } as const,
    ...plan.externalIPs.map(address => ({ kind: "ExternalIP", address, port }) as const),
    ...plan.loadBalancerIPs.map(address => ({ kind: "LoadBalancer", address, port }) as const),
    ...(nodePort === 0 ? [] : canonicalAddresses(nodePortAddresses, family)).map(
      address => ({ kind: "NodePort", address, port: nodePort }) as const,
    ),
  ];
  const byAddress = new Map<string, WayIn>();
  for (const way of ways) {
    const key = `${way.address} ${way.port}`;
    if (!byAddress.has(key)) byAddress.set(key, way);
  }
  return [...byAddress.values()];
}
