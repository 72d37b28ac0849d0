/** Kubernetes DNS specification 1.1.0 §2.4.3: PTR of the ready endpoints of headless Services. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nxdomain, soa, useCluster } from "../conformance-case.ts";

/** fd00:10:244:1::7, nibble by nibble, last first. */
const six7 = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa.";

describe("headless PTR", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "db", { clusterIPs: ["None"], ports: ["postgres 5432"] }),
      endpointSlice("shop", "db", {
        ports: ["postgres 5432"],
        endpoints: [
          { addresses: ["10.244.1.5"], hostname: "db-0" },
          "10.244.2.5",
          { addresses: ["10.244.3.5"], hostname: "db-2", ready: false },
        ],
      }),
      endpointSlice("shop", "db", {
        suffix: "ipv6",
        addressType: "IPv6",
        ports: ["postgres 5432"],
        endpoints: [{ addresses: ["fd00:10:244:1::7"], hostname: "db-0" }],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "PTR of an endpoint with hostname answers its name",
      ask: "5.1.244.10.in-addr.arpa. PTR",
      answer: "5.1.244.10.in-addr.arpa. 5 IN PTR db-0.db.shop.svc.cluster.local.",
    },
    {
      name: "PTR of an endpoint without hostname answers its dashed address",
      ask: "5.2.244.10.in-addr.arpa. PTR",
      answer: "5.2.244.10.in-addr.arpa. 5 IN PTR 10-244-2-5.db.shop.svc.cluster.local.",
    },
    {
      name: "PTR of an IPv6 endpoint answers its name",
      ask: `${six7} PTR`,
      answer: `${six7} 5 IN PTR db-0.db.shop.svc.cluster.local.`,
    },
    {
      name: "PTR of an endpoint that is not ready is a name error",
      ask: "5.3.244.10.in-addr.arpa. PTR",
      ...nxdomain,
      authority: soa("in-addr.arpa."),
    },
  ]);
});
