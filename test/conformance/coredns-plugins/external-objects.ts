/** Services with addresses for the outside, for the tests of `k8s_external`. */

import { networkInterfaces } from "node:os";
import { endpointSlice, namespace, type RawObject, service } from "../../support/cluster-fixtures.ts";

/** A Service whose load balancer has host names. */
function balancedByName(name: string, ...hostnames: readonly string[]): RawObject {
  const raw = service("shop", name, { type: "LoadBalancer", clusterIPs: ["10.96.0.20"], ports: ["http 80"] });
  return { ...raw, status: { loadBalancer: { ingress: hostnames.map(hostname => ({ hostname })) } } };
}

export const localAddresses = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .filter(({ internal, family }) => !internal && family === "IPv4")
  .map(({ address }) => address);
export const nobodyOutside = localAddresses.length === 0 ? "this machine has loopback addresses only" : false;

const dnsServer = [
  namespace("kube-system"),
  service("kube-system", "kube-dns", {
    clusterIPs: ["10.96.0.53"],
    ports: ["dns 53/UDP"],
    externalIPs: ["192.0.2.53", "2001:db8::53"],
  }),
  endpointSlice("kube-system", "kube-dns", { ports: ["dns 53/UDP"], endpoints: localAddresses.slice(0, 1) }),
];

export const objects = [
  namespace("shop"),
  service("shop", "web", {
    clusterIPs: ["10.96.0.10"],
    ports: ["http 80", "https 443"],
    externalIPs: ["192.0.2.1", "2001:db8::1"],
  }),
  service("shop", "balanced", {
    type: "LoadBalancer",
    clusterIPs: ["10.96.0.11"],
    ports: ["8080"],
    externalIPs: ["192.0.2.2"],
    loadBalancerIPs: ["192.0.2.3"],
  }),
  balancedByName("named", "lb.example.net"),
  balancedByName("unknown", "elsewhere.example.com"),
  service("shop", "inner", { clusterIPs: ["10.96.0.12"], ports: ["http 80"] }),
  service("shop", "twin", { clusterIPs: ["10.96.0.13"], ports: ["http 80"], externalIPs: ["192.0.2.2"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["pg 5432"] }),
  endpointSlice("shop", "db", {
    ports: ["pg 5432"],
    endpoints: [
      { addresses: ["10.244.0.1"], hostname: "db-0" },
      "10.244.0.2",
      { addresses: ["10.244.0.3"], ready: false },
    ],
  }),
  endpointSlice("shop", "inner", { ports: ["http 80"], endpoints: ["10.244.0.4"] }),
  service("nowhere", "lost", { clusterIPs: ["10.96.0.14"], ports: ["http 80"], externalIPs: ["192.0.2.4"] }),
  ...dnsServer,
];

export function soaOf(zone: string, ttlSeconds: number): string {
  return `${zone} ${ttlSeconds} IN SOA ns1.dns.${zone} hostmaster.dns.${zone} <serial> 7200 1800 86400 ${ttlSeconds}`;
}
