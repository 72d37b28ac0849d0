/**
 * What becomes of a new connection: kube-proxy's rules (nftables mode) as one function.
 *
 * The reference that what the kernel does is checked against. Which of the endpoints is taken is chance, or session
 * affinity among them; who is masqueraded for talking to itself is `isMasqueraded`.
 */

import type { IPFamily, Protocol } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import { isWithin } from "./network.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import type { ServicePortPlan, UsableEndpoint } from "./service-port-plan.ts";

/** The first packet of a connection or flow; addresses in canonical spelling. */
export interface Packet {
  readonly source: string;
  readonly destination: string;
  /** The destination's. */
  readonly port: number;
  readonly protocol: Protocol;
  /** `node`: the source is an address of this node; `pod`: it comes from a Pod of this node by its interface. */
  readonly from: "pod" | "node" | "outside";
  /** The destination is an address of this node. */
  readonly isToNode: boolean;
}

/** Which rule decided; the first that applies does, in this order. */
type VerdictRule =
  | "source-not-in-ranges"
  | "no-endpoints"
  | "no-local-endpoints"
  | "cluster-ip"
  | "external-cluster-policy"
  | "external-from-pod"
  | "external-from-node"
  | "external-local-policy"
  | "cluster-ip-without-port"
  | "load-balancer-ip-without-port"
  | "unallocated-cluster-ip"
  | "no-service";

export type Verdict =
  | {
      readonly kind: "dnat";
      readonly rule: VerdictRule;
      /** Never empty; one of them is taken. */
      readonly endpoints: readonly UsableEndpoint[];
      /** The endpoint sees an address of this node instead of the source. */
      readonly masquerade: boolean;
    }
  | { readonly kind: "reject" | "drop" | "untouched"; readonly rule: VerdictRule };

/** Of two plans that claim one address and port the first has it. */
export function verdictFor(
  plans: readonly ServicePortPlan[],
  settings: ProxySettings,
  packet: Packet,
): Verdict {
  const family = familyOf(packet.destination);
  const ofFamily = plans.filter(plan => plan.family === family);
  const ofPort = ofFamily.filter(plan => plan.protocol === packet.protocol && plan.port === packet.port);
  if (ofPort.some(plan => isShutOut(plan, packet))) return { kind: "drop", rule: "source-not-in-ranges" };
  const inside = ofPort.find(plan => plan.clusterIP === packet.destination);
  if (inside !== undefined) return verdictInside(inside, settings, packet);
  const outside =
    ofPort.find(plan => hasExternalAddress(plan, packet.destination)) ??
    ofFamily.find(plan => isNodePort(plan, settings, packet));
  if (outside !== undefined) return verdictOutside(outside, settings, packet);
  return verdictWithoutService(ofFamily, settings, packet);
}

/** Also when its endpoint talks to itself by way of the Service: it could not make sense of the answer otherwise. */
export function isMasqueraded(
  verdict: Extract<Verdict, { kind: "dnat" }>,
  endpoint: UsableEndpoint,
  packet: Packet,
): boolean {
  return verdict.masquerade || (endpoint.isLocal && endpoint.address === packet.source);
}

function verdictInside(plan: ServicePortPlan, settings: ProxySettings, packet: Packet): Verdict {
  if (!plan.hasEndpoints) return { kind: "reject", rule: "no-endpoints" };
  const endpoints = plan.internalPolicy === "Local" ? plan.localEndpoints : plan.clusterEndpoints;
  if (endpoints.length === 0) return { kind: "drop", rule: "no-local-endpoints" };
  const isForeign = hasDetector(settings, plan.family) && !isFromPod(settings, packet);
  return { kind: "dnat", rule: "cluster-ip", endpoints, masquerade: settings.masqueradeAll || isForeign };
}

function verdictOutside(plan: ServicePortPlan, settings: ProxySettings, packet: Packet): Verdict {
  const { hasEndpoints, externalPolicy, clusterEndpoints, localEndpoints } = plan;
  if (!hasEndpoints) return { kind: "reject", rule: "no-endpoints" };
  if (externalPolicy === "Cluster") {
    return { kind: "dnat", rule: "external-cluster-policy", endpoints: clusterEndpoints, masquerade: true };
  }
  if (isFromPod(settings, packet)) {
    return { kind: "dnat", rule: "external-from-pod", endpoints: clusterEndpoints, masquerade: false };
  }
  if (packet.from === "node") {
    return { kind: "dnat", rule: "external-from-node", endpoints: clusterEndpoints, masquerade: true };
  }
  if (localEndpoints.length === 0) return { kind: "drop", rule: "no-local-endpoints" };
  return { kind: "dnat", rule: "external-local-policy", endpoints: localEndpoints, masquerade: false };
}

function verdictWithoutService(
  plans: readonly ServicePortPlan[],
  settings: ProxySettings,
  { destination }: Packet,
): Verdict {
  if (plans.some(plan => plan.clusterIP === destination)) {
    return { kind: "reject", rule: "cluster-ip-without-port" };
  }
  const isGiven = plans.some(plan => plan.loadBalancerIPs.includes(destination));
  if (isGiven && isWithin(destination, settings.loadBalancerPool)) {
    return { kind: "reject", rule: "load-balancer-ip-without-port" };
  }
  if (isWithin(destination, settings.serviceCIDRs)) return { kind: "drop", rule: "unallocated-cluster-ip" };
  return { kind: "untouched", rule: "no-service" };
}

function isShutOut(plan: ServicePortPlan, { source, destination }: Packet): boolean {
  const { loadBalancerIPs, loadBalancerSources } = plan;
  if (loadBalancerSources === undefined || !loadBalancerIPs.includes(destination)) return false;
  return !isWithin(source, loadBalancerSources);
}

function hasExternalAddress(plan: ServicePortPlan, address: string): boolean {
  return plan.externalIPs.includes(address) || plan.loadBalancerIPs.includes(address);
}

function isNodePort(plan: ServicePortPlan, settings: ProxySettings, packet: Packet): boolean {
  const { destination, port, protocol, isToNode } = packet;
  if (plan.nodePort === 0 || plan.nodePort !== port || plan.protocol !== protocol) return false;
  if (isWithin(destination, loopback)) {
    return settings.localhostNodePorts[plan.family] && destination === localhost[plan.family];
  }
  const addresses = settings.nodePortAddresses[plan.family];
  return addresses === "all-local" ? isToNode : addresses.includes(destination);
}

/** Where node ports are served on loopback addresses: sockets are needed for it, and these are all that people use. */
export const localhost: Readonly<Record<IPFamily, string>> = { IPv4: "127.0.0.1", IPv6: "::1" };

const loopback: readonly string[] = ["127.0.0.0/8", "::1/128"];

function hasDetector({ localTraffic }: ProxySettings, family: IPFamily): boolean {
  if (localTraffic.kind !== "networks") return localTraffic.kind !== "none";
  return localTraffic.networks.some(network => network.includes(":") === (family === "IPv6"));
}

/** By its source where networks tell, even if that is a Pod of another node. */
function isFromPod({ localTraffic }: ProxySettings, { source, from }: Packet): boolean {
  if (localTraffic.kind === "networks") return isWithin(source, localTraffic.networks);
  return localTraffic.kind !== "none" && from === "pod";
}
