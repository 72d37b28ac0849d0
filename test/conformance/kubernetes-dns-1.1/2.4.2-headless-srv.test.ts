/** Kubernetes DNS specification 1.1.0 §2.4.2: SRV of headless Services, one per ready endpoint and named port. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, useCluster } from "../conformance-case.ts";

describe("headless SRV", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "db", { clusterIPs: ["None"], ports: ["postgres 5432", "metrics 9187"] }),
      endpointSlice("shop", "db", {
        ports: ["postgres 5432", "metrics 9187"],
        endpoints: [
          { addresses: ["10.244.1.5"], hostname: "db-0" },
          { addresses: ["10.244.2.5"], hostname: "db-1" },
          { addresses: ["10.244.3.5"], hostname: "db-2", ready: false },
        ],
      }),
      service("shop", "nameless", { clusterIPs: ["None"], ports: ["gossip 7946/UDP"] }),
      endpointSlice("shop", "nameless", { ports: ["gossip 7946/UDP"], endpoints: ["10.244.1.6"] }),
      service("shop", "dual", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "dual", {
        suffix: "ipv4",
        ports: ["http 8080"],
        endpoints: [{ addresses: ["10.244.1.7"], hostname: "dual-0" }],
      }),
      endpointSlice("shop", "dual", {
        suffix: "ipv6",
        addressType: "IPv6",
        ports: ["http 8080"],
        endpoints: [{ addresses: ["fd00:10:244:1::7"], hostname: "dual-0" }],
      }),
      service("shop", "portless", { clusterIPs: ["None"] }),
      endpointSlice("shop", "portless", {
        endpoints: [{ addresses: ["10.244.1.8"], hostname: "portless-0" }],
      }),
      service("shop", "waiting", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "waiting", {
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.9"], ready: false }],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "SRV of a named port answers every ready endpoint by name, with its address beside it",
      ask: "_postgres._tcp.db.shop.svc.cluster.local. SRV",
      answer: `
        _postgres._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-0.db.shop.svc.cluster.local.
        _postgres._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-1.db.shop.svc.cluster.local.`,
      additional: `
        db-0.db.shop.svc.cluster.local. 5 IN A 10.244.1.5
        db-1.db.shop.svc.cluster.local. 5 IN A 10.244.2.5`,
    },
    {
      name: "SRV of the bare Service name answers every endpoint on every port",
      ask: "db.shop.svc.cluster.local. SRV",
      answer: `
        db.shop.svc.cluster.local. 5 IN SRV 0 25 5432 db-0.db.shop.svc.cluster.local.
        db.shop.svc.cluster.local. 5 IN SRV 0 25 9187 db-0.db.shop.svc.cluster.local.
        db.shop.svc.cluster.local. 5 IN SRV 0 25 5432 db-1.db.shop.svc.cluster.local.
        db.shop.svc.cluster.local. 5 IN SRV 0 25 9187 db-1.db.shop.svc.cluster.local.`,
      additional: `
        db-0.db.shop.svc.cluster.local. 5 IN A 10.244.1.5
        db-1.db.shop.svc.cluster.local. 5 IN A 10.244.2.5`,
    },
    {
      name: "SRV of an endpoint without hostname answers its dashed address",
      ask: "_gossip._udp.nameless.shop.svc.cluster.local. SRV",
      answer:
        "_gossip._udp.nameless.shop.svc.cluster.local. 5 IN SRV 0 100 7946 10-244-1-6.nameless.shop.svc.cluster.local.",
      additional: "10-244-1-6.nameless.shop.svc.cluster.local. 5 IN A 10.244.1.6",
    },
    {
      name: "SRV of a hostname in slices of both families answers once, with both addresses beside it",
      ask: "_http._tcp.dual.shop.svc.cluster.local. SRV",
      answer:
        "_http._tcp.dual.shop.svc.cluster.local. 5 IN SRV 0 50 8080 dual-0.dual.shop.svc.cluster.local.",
      additional: `
        dual-0.dual.shop.svc.cluster.local. 5 IN A 10.244.1.7
        dual-0.dual.shop.svc.cluster.local. 5 IN AAAA fd00:10:244:1::7`,
    },
    {
      name: "SRV of an endpoint's own name answers its ports",
      ask: "db-0.db.shop.svc.cluster.local. SRV",
      answer: `
        db-0.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-0.db.shop.svc.cluster.local.
        db-0.db.shop.svc.cluster.local. 5 IN SRV 0 50 9187 db-0.db.shop.svc.cluster.local.`,
      additional: "db-0.db.shop.svc.cluster.local. 5 IN A 10.244.1.5",
    },
    {
      name: "SRV of a port under another protocol is a name error",
      ask: "_postgres._udp.db.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "SRV of a port that does not exist is a name error",
      ask: "_http._tcp.db.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "SRV of a headless Service without ports is empty",
      ask: "portless.shop.svc.cluster.local. SRV",
      ...nodata,
    },
    {
      name: "SRV of a headless Service without ready endpoints is a name error",
      ask: "_http._tcp.waiting.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
  ]);
});
