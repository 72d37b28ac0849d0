/**
 * What the proxy does for a Service: by which addresses each of its ports is reached, and who answers.
 *
 * Semantics are kube-proxy's. The two address families are independent halves, as there: a way in of one family
 * leads to endpoints of that family, and a Service without a cluster IP of a family does not exist for that half.
 */

import type { IPFamily, Service, ServicePort } from "../../cluster/objects.ts";
import type { Cluster } from "../../cluster/store.ts";
import { candidateEndpoints } from "./candidate-endpoints.ts";
import { canonicalAddress, canonicalAddresses } from "./canonical-address.ts";
import { chooseEndpoints } from "./choose-endpoints.ts";
import type { NodeView, ServicePortPlan } from "./service-port-plan.ts";
import { loadBalancerSources } from "./source-ranges.ts";

const families: readonly IPFamily[] = ["IPv4", "IPv6"];
/** Hands a Service to another proxy (KEP-2447). */
const serviceProxyNameLabel = "service.kubernetes.io/service-proxy-name";

/**
 * Plans every port of a Service for one node, IPv4 before IPv6. Empty for Services that are not proxied: headless
 * ones, ExternalName, those without a cluster IP and those labelled for another proxy.
 */
export function planService(cluster: Cluster, service: Service, node: NodeView): readonly ServicePortPlan[] {
  if (service.type === "ExternalName" || serviceProxyNameLabel in service.labels) return [];
  return families.flatMap(family => planFamily(cluster, service, node, family));
}

type OfEveryPort = Pick<
  ServicePortPlan,
  "clusterIP" | "externalIPs" | "loadBalancerIPs" | "internalPolicy" | "externalPolicy"
>;

function planFamily(
  cluster: Cluster,
  service: Service,
  node: NodeView,
  family: IPFamily,
): readonly ServicePortPlan[] {
  const { namespace, name } = service;
  const clusterIP = clusterIPOf(service, family);
  if (clusterIP === undefined) return [];
  const loadBalancerIPs = loadBalancerIPsOf(service, family);
  const ofEveryPort = {
    namespace,
    serviceName: name,
    family,
    clusterIP,
    externalIPs: canonicalAddresses(service.externalIPs, family),
    loadBalancerIPs,
    loadBalancerSources: loadBalancerSources(service, family, loadBalancerIPs, node),
    internalPolicy: service.internalTrafficPolicy,
    externalPolicy: externalPolicyOf(service),
    affinityTimeoutSeconds: service.affinityTimeoutSeconds,
    healthCheckNodePort: healthCheckNodePortOf(service),
  };
  const slices = [...cluster.slicesOf(namespace, name)];
  return service.ports.map(port => ({
    key: `${namespace}/${name}:${port.name}/${port.protocol}`,
    portName: port.name,
    protocol: port.protocol,
    port: port.port,
    nodePort: port.nodePort,
    ...ofEveryPort,
    ...chooseEndpoints(
      candidateEndpoints(slices, port, family, node.name),
      listsInUse(ofEveryPort, port),
      node,
    ),
  }));
}

/**
 * External connections of Pods and of the node itself are spread over the cluster even under `Local`, as if they had
 * gone out and come back in elsewhere; so the cluster list is in use wherever there is any way in from outside.
 */
function listsInUse(plan: OfEveryPort, { nodePort }: ServicePort) {
  const isExternal = nodePort !== 0 || plan.loadBalancerIPs.length > 0 || plan.externalIPs.length > 0;
  return {
    cluster: plan.internalPolicy === "Cluster" || isExternal,
    local: plan.internalPolicy === "Local" || (plan.externalPolicy === "Local" && isExternal),
  };
}

/** By the place its family has in `ipFamilies`; objects from before dual stack (KEP-563) have one address and no list. */
function clusterIPOf({ clusterIPs, ipFamilies }: Service, family: IPFamily): string | undefined {
  const text = ipFamilies.length === 0 ? clusterIPs[0] : clusterIPs[ipFamilies.indexOf(family)];
  return canonicalAddress(text ?? "", family);
}

/** Not those of a balancer that wants to see the traffic itself (KEP-1860), nor host names. */
function loadBalancerIPsOf(service: Service, family: IPFamily): readonly string[] {
  const vips = service.loadBalancerIngress.filter(({ ipMode }) => ipMode === "VIP").map(({ ip }) => ip);
  return canonicalAddresses(vips, family);
}

/** The API keeps the field on Services that nobody outside can reach, where it means nothing. */
function externalPolicyOf({ type, externalIPs, externalTrafficPolicy }: Service) {
  return type !== "ClusterIP" || externalIPs.length > 0 ? externalTrafficPolicy : "Cluster";
}

function healthCheckNodePortOf({ type, externalTrafficPolicy, healthCheckNodePort }: Service): number {
  return type === "LoadBalancer" && externalTrafficPolicy === "Local" ? healthCheckNodePort : 0;
}
