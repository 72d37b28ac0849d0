/** Names of endpoints: the hostname field, else the address with dashes. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nxdomain, useCluster } from "../conformance-case.ts";

describe("endpoint names", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
      endpointSlice("shop", "db", {
        ports: ["sql 5432"],
        endpoints: [
          { addresses: ["10.244.1.1"], hostname: "db-0", podName: "db-0" },
          { addresses: ["10.244.1.2"], podName: "db-worker-5f9c" },
        ],
      }),
      endpointSlice("shop", "db", {
        suffix: "ipv6",
        addressType: "IPv6",
        ports: ["sql 5432"],
        endpoints: ["fd00:10:244::3", "2001:db8::", "::1"],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "SRV of endpoints with hostname, of IPv4 and of IPv6 answers each by its own name",
      ask: "_sql._tcp.db.shop.svc.cluster.local. SRV",
      over: "tcp",
      answer: `
        _sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 20 5432 db-0.db.shop.svc.cluster.local.
        _sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 20 5432 10-244-1-2.db.shop.svc.cluster.local.
        _sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 20 5432 fd00-10-244--3.db.shop.svc.cluster.local.
        _sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 20 5432 2001-db8--0.db.shop.svc.cluster.local.
        _sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 20 5432 --1.db.shop.svc.cluster.local.`,
      additional: `
        db-0.db.shop.svc.cluster.local. 5 IN A 10.244.1.1
        10-244-1-2.db.shop.svc.cluster.local. 5 IN A 10.244.1.2
        fd00-10-244--3.db.shop.svc.cluster.local. 5 IN AAAA fd00:10:244::3
        2001-db8--0.db.shop.svc.cluster.local. 5 IN AAAA 2001:db8::
        --1.db.shop.svc.cluster.local. 5 IN AAAA ::1`,
    },
    {
      name: "AAAA of an IPv6 endpoint answers at its dashed address",
      ask: "fd00-10-244--3.db.shop.svc.cluster.local. AAAA",
      answer: "fd00-10-244--3.db.shop.svc.cluster.local. 5 IN AAAA fd00:10:244::3",
    },
    {
      name: "AAAA of an IPv6 endpoint that ends in colons answers with a zero after the dashes",
      ask: "2001-db8--0.db.shop.svc.cluster.local. AAAA",
      answer: "2001-db8--0.db.shop.svc.cluster.local. 5 IN AAAA 2001:db8::",
    },
    {
      name: "AAAA of an IPv6 endpoint written out in full is a name error",
      ask: "fd00-10-244-0-0-0-0-3.db.shop.svc.cluster.local. AAAA",
      ...nxdomain,
    },
    {
      name: "AAAA of an IPv6 endpoint in capitals answers",
      ask: "FD00-10-244--3.db.shop.svc.cluster.local. AAAA",
      answer: "FD00-10-244--3.db.shop.svc.cluster.local. 5 IN AAAA fd00:10:244::3",
    },
    {
      name: "A of an endpoint by its Pod's name is a name error",
      ask: "db-worker-5f9c.db.shop.svc.cluster.local. A",
      ...nxdomain,
    },
  ]);
});
