/** Kubernetes DNS specification 1.1.0 §2.3.1: A and AAAA of a Service with cluster IPs. */

import { describe } from "node:test";
import { endpointSlice, namespace, type RawObject, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, useCluster } from "../conformance-case.ts";

describe("ClusterIP A and AAAA", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      namespace("kube-system"),
      service("shop", "db", { clusterIPs: ["10.96.0.10"], ports: ["postgres 5432"] }),
      endpointSlice("shop", "db", { ports: ["postgres 5432"], endpoints: ["10.244.1.5", "10.244.2.5"] }),
      service("shop", "six", { clusterIPs: ["fd00:10:96::5"], ports: ["http 80"] }),
      service("shop", "dual", { clusterIPs: ["10.96.0.20", "fd00:10:96::20"], ports: ["http 80"] }),
      service("shop", "six-first", { clusterIPs: ["fd00:10:96::21", "10.96.0.21"], ports: ["http 80"] }),
      service("shop", "idle", { clusterIPs: ["10.96.0.22"], ports: ["http 80"] }),
      endpointSlice("shop", "idle", { ports: ["http 80"], endpoints: [] }),
      service("shop", "starting", { clusterIPs: ["10.96.0.23"], ports: ["http 80"] }),
      endpointSlice("shop", "starting", {
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.6"], ready: false }],
      }),
      service("shop", "unheard", { clusterIPs: ["10.96.0.27"], ports: ["http 80"] }),
      withoutClusterIPs(service("shop", "old", { clusterIPs: ["10.96.0.28"], ports: ["http 80"] })),
      service("shop", "node-port", { type: "NodePort", clusterIPs: ["10.96.0.24"], ports: ["http 80"] }),
      service("shop", "front", {
        type: "LoadBalancer",
        clusterIPs: ["10.96.0.25"],
        ports: ["http 80"],
        loadBalancerIPs: ["203.0.113.25"],
      }),
      service("shop", "outside", {
        clusterIPs: ["10.96.0.26"],
        externalIPs: ["203.0.113.26"],
        ports: ["http 80"],
      }),
      service("kube-system", "db", { clusterIPs: ["10.96.0.11"], ports: ["postgres 5432"] }),
    ],
  });

  answers(cluster, [
    {
      name: "A of a Service answers its cluster IP and not its endpoints",
      ask: "db.shop.svc.cluster.local. A",
      answer: "db.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "A of a Service of the same name in another namespace answers that one's cluster IP",
      ask: "db.kube-system.svc.cluster.local. A",
      answer: "db.kube-system.svc.cluster.local. 5 IN A 10.96.0.11",
    },
    { name: "AAAA of an IPv4 Service is empty", ask: "db.shop.svc.cluster.local. AAAA", ...nodata },
    {
      name: "AAAA of an IPv6 Service answers its cluster IP",
      ask: "six.shop.svc.cluster.local. AAAA",
      answer: "six.shop.svc.cluster.local. 5 IN AAAA fd00:10:96::5",
    },
    { name: "A of an IPv6 Service is empty", ask: "six.shop.svc.cluster.local. A", ...nodata },
    {
      name: "A of a dual-stack Service answers the IPv4 cluster IP alone",
      ask: "dual.shop.svc.cluster.local. A",
      answer: "dual.shop.svc.cluster.local. 5 IN A 10.96.0.20",
    },
    {
      name: "AAAA of a dual-stack Service answers the IPv6 cluster IP alone",
      ask: "dual.shop.svc.cluster.local. AAAA",
      answer: "dual.shop.svc.cluster.local. 5 IN AAAA fd00:10:96::20",
    },
    {
      name: "A of a dual-stack Service whose first family is IPv6 answers the IPv4 cluster IP",
      ask: "six-first.shop.svc.cluster.local. A",
      answer: "six-first.shop.svc.cluster.local. 5 IN A 10.96.0.21",
    },
    {
      name: "A of a Service without endpoints answers its cluster IP",
      ask: "idle.shop.svc.cluster.local. A",
      answer: "idle.shop.svc.cluster.local. 5 IN A 10.96.0.22",
    },
    {
      name: "A of a Service without an EndpointSlice answers its cluster IP",
      ask: "unheard.shop.svc.cluster.local. A",
      answer: "unheard.shop.svc.cluster.local. 5 IN A 10.96.0.27",
    },
    {
      name: "A of a Service without ready endpoints answers its cluster IP",
      ask: "starting.shop.svc.cluster.local. A",
      answer: "starting.shop.svc.cluster.local. 5 IN A 10.96.0.23",
    },
    {
      name: "A of a Service of an API without the list of cluster IPs answers its cluster IP",
      ask: "old.shop.svc.cluster.local. A",
      answer: "old.shop.svc.cluster.local. 5 IN A 10.96.0.28",
    },
    {
      name: "A of a NodePort Service answers its cluster IP",
      ask: "node-port.shop.svc.cluster.local. A",
      answer: "node-port.shop.svc.cluster.local. 5 IN A 10.96.0.24",
    },
    {
      name: "A of a LoadBalancer Service answers its cluster IP and not the load balancer's",
      ask: "front.shop.svc.cluster.local. A",
      answer: "front.shop.svc.cluster.local. 5 IN A 10.96.0.25",
    },
    {
      name: "A of a Service with external IPs answers its cluster IP alone",
      ask: "outside.shop.svc.cluster.local. A",
      answer: "outside.shop.svc.cluster.local. 5 IN A 10.96.0.26",
    },
    {
      name: "A of a Service of another namespace is a name error",
      ask: "six.kube-system.svc.cluster.local. A",
      ...nxdomain,
    },
  ]);
});

/** As before Kubernetes 1.20: `clusterIP` alone. */
function withoutClusterIPs(object: RawObject): RawObject {
  return { ...object, spec: { ...(object.spec as object), clusterIPs: undefined } };
}
