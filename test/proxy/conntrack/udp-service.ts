/** One Service of namespace `default` with a UDP port, as the cleaner of one family sees it. */

import type { Endpoint, EndpointSlice, IPFamily, Service } from "../../../src/cluster/objects.ts";
import type { UdpServicePort } from "../../../src/proxy/conntrack/udp-service-port.ts";
import { udpServicePorts } from "../../../src/proxy/conntrack/udp-service-port.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import { clusterOf, endpoint, port, service, slice } from "../cluster-fixture.ts";

/** All ways in: cluster IP 172.30.1.1, external IP 192.168.99.100, load balancer 1.2.3.4 on port 8000, node port 32000. */
export const everyWayIn: Partial<Service> = {
  type: "LoadBalancer",
  clusterIPs: ["172.30.1.1"],
  externalIPs: ["192.168.99.100"],
  loadBalancerIngress: [{ ip: "1.2.3.4", hostname: "", ipMode: "VIP" }],
  ports: [
    port("test-tcp", 8000),
    port("test-udp", 8000, "UDP", 32000),
    port("test-sctp", 8000, "SCTP", 32000),
  ],
};

export const notServing: Partial<Endpoint> = { isReady: false, isServing: false };

/** Endpoints are bare addresses that are ready, or given as they are; each has port 9090 for all protocols. */
export function udpPortsOf(
  fields: Partial<Service>,
  endpoints: readonly (string | Endpoint)[],
  family: IPFamily = "IPv4",
): readonly UdpServicePort[] {
  const one = service("cleanup-test", fields);
  const ports = (["TCP", "UDP", "SCTP"] as const).map(protocol => ({
    name: `test-${protocol.toLowerCase()}`,
    protocol,
    port: 9090,
  }));
  const slices: EndpointSlice[] = [slice("cleanup-test", endpoints, { addressType: family, ports })];
  const node = { name: "here", zone: undefined, addresses: [] };
  const plans = planService(clusterOf(one, ...slices), one, node);
  return udpServicePorts(
    plans.filter(plan => plan.family === family),
    slices,
  );
}

export function idleEndpoint(address: string): Endpoint {
  return endpoint(address, notServing);
}
