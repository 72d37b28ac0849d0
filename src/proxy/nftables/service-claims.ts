/**
 * What a Service port wants of its family's table: service-proxy semantics of one plan, as elements.
 *
 * Elements come in claims: those of one address and port, those of one node port, and so on. Two Service ports can
 * claim the same (an external IP given to both, an endpoint behind both); then the table holds one's elements only.
 */

import type { ServicePortPlan, UsableEndpoint } from "../plan/service-port-plan.ts";
import type { AffinityNumbers } from "./affinity-numbers.ts";
import { formatNumber } from "./affinity-numbers.ts";
import type { ContainerName } from "./containers.ts";
import type { Element } from "./element.ts";
import { endpointName } from "./keep-positions.ts";
import type { PickChain } from "./pick-chain.ts";
import { formatIndex, pickChainName } from "./pick-chain.ts";
import { protocolWords } from "./table-words.ts";

export interface PlannedPort {
  readonly plan: ServicePortPlan;
  /** Undefined without session affinity. */
  readonly affinity: AffinityNumbers | undefined;
}

export interface Claim {
  /** Claims with the same key exclude each other; elements of different keys never have the same key in a container. */
  readonly key: string;
  /** Claims of rank 0 go before others. */
  readonly rank: 0 | 1;
  readonly elements: readonly Element[];
}

type ListName = PickChain["list"];

/** Maps that a way in is entered in: of addresses, or of node ports. */
interface WayIn {
  readonly key: string;
  readonly isExternal: boolean;
  readonly verdicts: ContainerName;
  readonly fromPods: ContainerName;
  readonly fromNode: ContainerName;
  readonly unanswered: ContainerName;
  readonly services: ContainerName;
  readonly endpoints: Readonly<Record<ListName, ContainerName>>;
}

/** Address, protocol and port of a Service's cluster IP, in nft's spelling. */
export function clusterIPKey(plan: ServicePortPlan): string {
  return addressKey(plan, plan.clusterIP);
}

function addressKey({ protocol, port }: ServicePortPlan, address: string): string {
  return `${address} . ${protocolWords[protocol]} . ${port}`;
}

export function claimsOf(port: PlannedPort): readonly Claim[] {
  const { plan } = port;
  const { clusterIP } = plan;
  const externalIPs = new Set([...plan.externalIPs, ...plan.loadBalancerIPs]);
  externalIPs.delete(clusterIP);
  return [
    { key: `cluster-ip ${clusterIP}`, rank: 0, elements: [{ container: "cluster-ips", key: clusterIP }] },
    addressClaim(port, clusterIP, false),
    ...[...externalIPs].map(address => addressClaim(port, address, true)),
    ...(plan.nodePort === 0 ? [] : [nodePortClaim(port, plan.nodePort)]),
    ...loadBalancerClaims(plan),
    ...hairpinClaims(plan),
    ...affinityClaims(port),
  ];
}

function addressClaim(port: PlannedPort, address: string, isExternal: boolean): Claim {
  const { plan } = port;
  const key = addressKey(plan, address);
  const wayIn: WayIn = {
    key,
    isExternal,
    verdicts: "service-ips",
    fromPods: "service-ips-from-pods",
    fromNode: "service-ips-from-node",
    unanswered: "no-endpoints",
    services: "affinity-service-ips",
    endpoints: { cluster: "cluster-endpoints", local: "local-endpoints" },
  };
  return {
    key: `address ${key}`,
    rank: isExternal ? 1 : 0,
    elements: [...wayInElements(port, wayIn), ...sourceRangeElements(plan, address, key)],
  };
}

function nodePortClaim(port: PlannedPort, nodePort: number): Claim {
  const key = `${protocolWords[port.plan.protocol]} . ${nodePort}`;
  const wayIn: WayIn = {
    key,
    isExternal: true,
    verdicts: "service-node-ports",
    fromPods: "service-node-ports-from-pods",
    fromNode: "service-node-ports-from-node",
    unanswered: "no-endpoints-node-ports",
    services: "affinity-node-ports",
    endpoints: { cluster: "node-port-cluster-endpoints", local: "node-port-local-endpoints" },
  };
  return { key: `node-port ${key}`, rank: 1, elements: wayInElements(port, wayIn) };
}

/** The verdicts of one address or node port and, unless the client's endpoint is remembered, where they may lead. */
function wayInElements(port: PlannedPort, wayIn: WayIn): readonly Element[] {
  const { plan, affinity } = port;
  const verdicts = plan.hasEndpoints
    ? servedElements(port, wayIn)
    : [verdict(port, wayIn.unanswered, wayIn.key, "goto refuse")];
  const lists = listsOf(plan, wayIn).filter(list => endpointsOf(plan, list).length > 0);
  if (lists.length === 0) return verdicts;
  if (affinity !== undefined) {
    const value = formatNumber(affinity.service, 0);
    return [...verdicts, { container: wayIn.services, key: wayIn.key, value }];
  }
  return [...verdicts, ...lists.flatMap(list => endpointElements(plan, wayIn, list))];
}

function listsOf(plan: ServicePortPlan, { isExternal }: WayIn): readonly ListName[] {
  if (!isExternal) return [plan.internalPolicy === "Local" ? "local" : "cluster"];
  return plan.externalPolicy === "Local" ? ["cluster", "local"] : ["cluster"];
}

/** Masquerading of cluster IPs does not depend on the Service and is a rule of chain `services`. */
function servedElements(port: PlannedPort, wayIn: WayIn): readonly Element[] {
  const { plan } = port;
  if (!wayIn.isExternal) {
    return [orDropped(port, wayIn, plan.internalPolicy === "Local" ? "local" : "cluster", false)];
  }
  if (plan.externalPolicy === "Cluster") return [orDropped(port, wayIn, "cluster", true)];
  const insiders = plan.clusterEndpoints.length === 0 ? [] : insiderElements(port, wayIn);
  return [...insiders, orDropped(port, wayIn, "local", false)];
}

/** As if they had gone out to a load balancer and come in at any node: `externalTrafficPolicy: Local` is not for them. */
function insiderElements(port: PlannedPort, { key, fromPods, fromNode }: WayIn): readonly Element[] {
  return [
    verdict(port, fromPods, key, `goto ${chainFor(port, "cluster", false)}`),
    verdict(port, fromNode, key, `goto ${chainFor(port, "cluster", true)}`),
  ];
}

function orDropped(port: PlannedPort, wayIn: WayIn, list: ListName, masquerades: boolean): Element {
  return endpointsOf(port.plan, list).length === 0
    ? verdict(port, wayIn.unanswered, wayIn.key, "drop")
    : verdict(port, wayIn.verdicts, wayIn.key, `goto ${chainFor(port, list, masquerades)}`);
}

function chainFor({ plan, affinity }: PlannedPort, list: ListName, masquerades: boolean): string {
  const affinityTimeoutSeconds = affinity === undefined ? undefined : plan.affinityTimeoutSeconds;
  return pickChainName({ list, count: endpointsOf(plan, list).length, affinityTimeoutSeconds, masquerades });
}

function verdict({ plan }: PlannedPort, container: ContainerName, key: string, value: string): Element {
  return { container, key, value, comment: plan.key };
}

function endpointElements(plan: ServicePortPlan, wayIn: WayIn, list: ListName): readonly Element[] {
  const container = wayIn.endpoints[list];
  return endpointsOf(plan, list).map((endpoint, index) => ({
    container,
    key: `${formatIndex(index)} . ${wayIn.key}`,
    value: endpointName(endpoint),
  }));
}

function endpointsOf(plan: ServicePortPlan, list: ListName): readonly UsableEndpoint[] {
  return list === "local" ? plan.localEndpoints : plan.clusterEndpoints;
}

function sourceRangeElements(plan: ServicePortPlan, address: string, key: string): readonly Element[] {
  const { loadBalancerIPs, loadBalancerSources } = plan;
  if (loadBalancerSources === undefined || !loadBalancerIPs.includes(address)) return [];
  return [
    { container: "source-ranged-ips", key, comment: plan.key },
    ...loadBalancerSources.map(
      network => ({ container: "source-ranges", key: `${key} . ${network}` }) as const,
    ),
  ];
}

function loadBalancerClaims({ loadBalancerIPs }: ServicePortPlan): readonly Claim[] {
  return loadBalancerIPs.map(address => ({
    key: `load-balancer-ip ${address}`,
    rank: 0,
    elements: [{ container: "load-balancer-ips", key: address }],
  }));
}

/** An endpoint that reaches itself by the Service has to see another source than itself, or its answer never returns. */
function hairpinClaims({ clusterEndpoints, localEndpoints }: ServicePortPlan): readonly Claim[] {
  const local = [...clusterEndpoints, ...localEndpoints].filter(({ isLocal }) => isLocal);
  return [...new Set(local.map(({ address }) => address))].map(address => ({
    key: `hairpin ${address}`,
    rank: 0,
    elements: [{ container: "hairpins", key: `${address} . ${address}` }],
  }));
}

function affinityClaims({ plan, affinity }: PlannedPort): readonly Claim[] {
  if (affinity === undefined) return [];
  const elements = [
    ...rememberedElements(plan, affinity, "cluster"),
    ...rememberedElements(plan, affinity, "local"),
  ];
  return [{ key: `affinity ${plan.key}`, rank: 0, elements }];
}

function rememberedElements(
  plan: ServicePortPlan,
  { service, slots }: AffinityNumbers,
  list: ListName,
): readonly Element[] {
  return endpointsOf(plan, list).flatMap((endpoint, index) => {
    const slot = slots.get(endpointName(endpoint));
    if (slot === undefined) return [];
    const number = formatNumber(service, slot);
    const choice = `${index} . ${formatNumber(service, 0)}`;
    const remembered = `${number} . ${protocolWords[plan.protocol]}`;
    return [
      { container: `affinity-${list}-choices`, key: choice, value: number } as const,
      { container: `affinity-${list}-endpoints`, key: remembered, value: endpointName(endpoint) } as const,
    ];
  });
}
