/** Kubernetes DNS specification 1.1.0 §2.3.3: PTR of cluster IPs of both families. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nxdomain, soa, useCluster } from "../conformance-case.ts";

/** fd00:10:96::20 and fd00:10:96::21, nibble by nibble, last first. */
const six20 = "0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.";
const six21 = "1.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.";

describe("ClusterIP PTR", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "db", { clusterIPs: ["10.96.0.10"], ports: ["postgres 5432"] }),
      endpointSlice("shop", "db", { ports: ["postgres 5432"], endpoints: ["10.244.1.5"] }),
      service("shop", "dual", {
        clusterIPs: ["10.96.0.20", "fd00:10:96::20"],
        ports: ["http 80", "https 443"],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "PTR of an IPv4 cluster IP answers the Service's name",
      ask: "10.0.96.10.in-addr.arpa. PTR",
      answer: "10.0.96.10.in-addr.arpa. 5 IN PTR db.shop.svc.cluster.local.",
    },
    {
      name: "PTR of the IPv4 address of a dual-stack Service answers its name once",
      ask: "20.0.96.10.in-addr.arpa. PTR",
      answer: "20.0.96.10.in-addr.arpa. 5 IN PTR dual.shop.svc.cluster.local.",
    },
    {
      name: "PTR of an IPv6 cluster IP answers the Service's name",
      ask: `${six20} PTR`,
      answer: `${six20} 5 IN PTR dual.shop.svc.cluster.local.`,
    },
    {
      name: "PTR of an IPv6 address in capitals answers the Service's name",
      ask: `${six20.toUpperCase()} PTR`,
      answer: `${six20.toUpperCase()} 5 IN PTR dual.shop.svc.cluster.local.`,
    },
    {
      name: "PTR of an IPv4 address nobody has is a name error",
      ask: "99.0.96.10.in-addr.arpa. PTR",
      ...nxdomain,
      authority: soa("in-addr.arpa."),
    },
    {
      name: "PTR of an IPv6 address nobody has is a name error",
      ask: `${six21} PTR`,
      ...nxdomain,
      authority: soa("ip6.arpa."),
    },
  ]);
});
