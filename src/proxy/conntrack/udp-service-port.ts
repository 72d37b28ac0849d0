import type { EndpointSlice } from "../../cluster/objects.ts";
import { candidateEndpoints } from "../plan/candidate-endpoints.ts";
import type { ServicePortPlan } from "../plan/service-port-plan.ts";

/** A UDP port of a Service in one family, as far as flows that already exist are concerned. */
export interface UdpServicePort {
  /** Of the plan. */
  readonly key: string;
  /** `address:port` of every way in but the node port; addresses are spelled canonically. */
  readonly frontends: readonly string[];
  /** 0: none. */
  readonly nodePort: number;
  /** `address:port` of the endpoints that flows may stay with. */
  readonly backends: readonly string[];
  /** Some endpoint serves. */
  readonly isServed: boolean;
}

/**
 * The UDP ports among the plans of one Service in one family.
 *
 * Policy, topology and termination decide over new flows only, as they do for TCP: a flow stays with any endpoint that
 * still serves. Where none does, flows stay with what exists, since there is no better place for them.
 */
export function udpServicePorts(
  plans: readonly ServicePortPlan[],
  slices: Iterable<EndpointSlice>,
): readonly UdpServicePort[] {
  const reusable = [...slices];
  return plans.filter(plan => plan.protocol === "UDP").map(plan => udpServicePort(plan, reusable));
}

function udpServicePort(plan: ServicePortPlan, slices: readonly EndpointSlice[]): UdpServicePort {
  const port = { name: plan.portName, protocol: plan.protocol };
  const existing = candidateEndpoints(slices, port, plan.family, "");
  const serving = existing.filter(({ record }) => record.isServing);
  const isServed = serving.length > 0;
  const addresses = [plan.clusterIP, ...plan.externalIPs, ...plan.loadBalancerIPs];
  return {
    key: plan.key,
    frontends: addresses.map(address => `${address}:${plan.port}`),
    nodePort: plan.nodePort,
    backends: (isServed ? serving : existing).map(({ key }) => key),
    isServed,
  };
}
