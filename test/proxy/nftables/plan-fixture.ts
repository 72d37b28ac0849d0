/** Plans of Service ports, each with what a case does not care about filled in. */

import type { ServicePortPlan, UsableEndpoint } from "../../../src/proxy/plan/service-port-plan.ts";

/** Of the Service `default/<name>`, IPv4 and TCP unless the fields say otherwise. */
export function plan(name: string, fields: Partial<ServicePortPlan>): ServicePortPlan {
  const protocol = fields.protocol ?? "TCP";
  return {
    key: `default/${name}:http/${protocol}`,
    namespace: "default",
    serviceName: name,
    portName: "http",
    protocol,
    family: "IPv4",
    clusterIP: "10.96.0.1",
    port: 80,
    externalIPs: [],
    loadBalancerIPs: [],
    nodePort: 0,
    loadBalancerSources: undefined,
    internalPolicy: "Cluster",
    externalPolicy: "Cluster",
    clusterEndpoints: [],
    localEndpoints: [],
    hasEndpoints: (fields.clusterEndpoints ?? fields.localEndpoints ?? []).length > 0,
    affinityTimeoutSeconds: undefined,
    healthCheckNodePort: 0,
    ...fields,
  };
}

export function localEndpoint(address: string, port = 8080): UsableEndpoint {
  return { address, port, podName: undefined, isLocal: true };
}

export function remoteEndpoint(address: string, port = 8080): UsableEndpoint {
  return { address, port, podName: undefined, isLocal: false };
}

/** By Service, as the back end takes them. */
export function byService(
  ...plans: readonly ServicePortPlan[]
): ReadonlyMap<string, readonly ServicePortPlan[]> {
  return Map.groupBy(plans, ({ namespace, serviceName }) => `${namespace}/${serviceName}`);
}
