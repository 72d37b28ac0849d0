/** Kubernetes DNS specification 1.1.0 §2.3.2: SRV of a Service with cluster IPs, one per named port. */

import { describe } from "node:test";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nxdomain, useCluster } from "../conformance-case.ts";

describe("ClusterIP SRV", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80", "https 443", "dns 53/UDP"] }),
      service("shop", "dual", { clusterIPs: ["10.96.0.20", "fd00:10:96::20"], ports: ["http 80"] }),
      service("shop", "six", { clusterIPs: ["fd00:10:96::30"], ports: ["http 80"] }),
      service("shop", "plain", { clusterIPs: ["10.96.0.40"], ports: ["8080"] }),
      service("shop", "names", { clusterIPs: ["10.96.0.50"], ports: ["dns 53/UDP", "dns-tcp 53"] }),
      service("shop", "signal", { clusterIPs: ["10.96.0.60"], ports: ["m3ua 2905/SCTP"] }),
    ],
  });

  answers(cluster, [
    {
      name: "SRV of a named port answers the port and the Service's name, with its address beside it",
      ask: "_http._tcp.web.shop.svc.cluster.local. SRV",
      answer: "_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 100 80 web.shop.svc.cluster.local.",
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "SRV of a UDP port answers under _udp",
      ask: "_dns._udp.web.shop.svc.cluster.local. SRV",
      answer: "_dns._udp.web.shop.svc.cluster.local. 5 IN SRV 0 100 53 web.shop.svc.cluster.local.",
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "SRV of an SCTP port answers under _sctp",
      ask: "_m3ua._sctp.signal.shop.svc.cluster.local. SRV",
      answer: "_m3ua._sctp.signal.shop.svc.cluster.local. 5 IN SRV 0 100 2905 signal.shop.svc.cluster.local.",
      additional: "signal.shop.svc.cluster.local. 5 IN A 10.96.0.60",
    },
    {
      name: "SRV of a port under another protocol is a name error",
      ask: "_http._udp.web.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "SRV of a port that does not exist is a name error",
      ask: "_smtp._tcp.web.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "SRV of a port by its number is a name error",
      ask: "_80._tcp.web.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "SRV of a dual-stack Service answers once, with both addresses beside it",
      ask: "_http._tcp.dual.shop.svc.cluster.local. SRV",
      // Each address is an entry of its own before duplicates go, and entries share the weight.
      answer: "_http._tcp.dual.shop.svc.cluster.local. 5 IN SRV 0 50 80 dual.shop.svc.cluster.local.",
      additional: `
        dual.shop.svc.cluster.local. 5 IN A 10.96.0.20
        dual.shop.svc.cluster.local. 5 IN AAAA fd00:10:96::20`,
    },
    {
      name: "SRV of an IPv6 Service answers with an AAAA beside it",
      ask: "_http._tcp.six.shop.svc.cluster.local. SRV",
      answer: "_http._tcp.six.shop.svc.cluster.local. 5 IN SRV 0 100 80 six.shop.svc.cluster.local.",
      additional: "six.shop.svc.cluster.local. 5 IN AAAA fd00:10:96::30",
    },
    {
      name: "SRV of the bare Service name answers every port, sharing the weight",
      ask: "web.shop.svc.cluster.local. SRV",
      answer: `
        web.shop.svc.cluster.local. 5 IN SRV 0 33 80 web.shop.svc.cluster.local.
        web.shop.svc.cluster.local. 5 IN SRV 0 33 443 web.shop.svc.cluster.local.
        web.shop.svc.cluster.local. 5 IN SRV 0 33 53 web.shop.svc.cluster.local.`,
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "SRV of the bare Service name answers a port without a name",
      ask: "plain.shop.svc.cluster.local. SRV",
      answer: "plain.shop.svc.cluster.local. 5 IN SRV 0 100 8080 plain.shop.svc.cluster.local.",
      additional: "plain.shop.svc.cluster.local. 5 IN A 10.96.0.40",
    },
    {
      name: "SRV of the bare Service name answers one port number of two protocols once",
      ask: "names.shop.svc.cluster.local. SRV",
      answer: "names.shop.svc.cluster.local. 5 IN SRV 0 50 53 names.shop.svc.cluster.local.",
      additional: "names.shop.svc.cluster.local. 5 IN A 10.96.0.50",
    },
  ]);
});
