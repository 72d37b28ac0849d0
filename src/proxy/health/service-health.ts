/** What the health check port of one Service tells a load balancer. */

import type { EndpointSlice, IPFamily } from "../../cluster/objects.ts";
import { candidateEndpoints } from "../plan/candidate-endpoints.ts";
import { jsonPage, type Page } from "./page.ts";

export interface ServiceHealth {
  readonly namespace: string;
  readonly name: string;
  /** `spec.healthCheckNodePort`. */
  readonly port: number;
  readonly localEndpointCount: number;
}

/** 200 where a connection would find an endpoint on this node. Laid out as kube-proxy does, by tabs. */
export function serviceHealthPage(service: ServiceHealth, isProxyHealthy: boolean): Page {
  const { namespace, name, localEndpointCount } = service;
  const body = {
    service: { namespace, name },
    localEndpoints: localEndpointCount,
    serviceProxyHealthy: isProxyHealthy,
  };
  return jsonPage(
    localEndpointCount > 0 && isProxyHealthy ? 200 : 503,
    JSON.stringify(body, undefined, "\t"),
    {
      "X-Load-Balancing-Endpoint-Weight": String(localEndpointCount),
    },
  );
}

/**
 * How many ready endpoints of a Service are on this node. Pods count, not their ports; those that terminate count
 * never, not even while they are still used, so that the load balancer turns away in time (KEP-1669).
 */
export function localReadyEndpointCount(
  slices: Iterable<EndpointSlice>,
  family: IPFamily,
  nodeName: string,
): number {
  const reusable = [...slices];
  const ports = reusable.flatMap(slice => slice.ports);
  const local = ports.flatMap(port => candidateEndpoints(reusable, port, family, nodeName));
  const ready = local.filter(({ usable, record }) => usable.isLocal && record.isReady);
  return new Set(ready.map(({ usable }) => usable.address)).size;
}
