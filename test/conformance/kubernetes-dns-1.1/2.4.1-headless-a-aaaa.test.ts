/** Kubernetes DNS specification 1.1.0 §2.4.1: A and AAAA of headless Services and of their endpoints. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, useCluster } from "../conformance-case.ts";

describe("headless A and AAAA", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "db", { clusterIPs: ["None"], ports: ["postgres 5432"] }),
      endpointSlice("shop", "db", {
        ports: ["postgres 5432"],
        endpoints: [
          { addresses: ["10.244.1.5"], hostname: "db-0" },
          { addresses: ["10.244.2.5"], hostname: "db-1" },
          { addresses: ["10.244.3.5"], hostname: "db-2", ready: false },
          "10.244.4.5",
        ],
      }),
      service("shop", "dual", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "dual", {
        suffix: "ipv4",
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.6"], hostname: "dual-0" }],
      }),
      endpointSlice("shop", "dual", {
        suffix: "ipv6",
        addressType: "IPv6",
        ports: ["http 80"],
        endpoints: [{ addresses: ["fd00:10:244:1::6"], hostname: "dual-0" }],
      }),
      service("shop", "pair", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "pair", {
        ports: ["http 80"],
        endpoints: [
          { addresses: ["10.244.1.7"], hostname: "both" },
          { addresses: ["10.244.2.7"], hostname: "both" },
        ],
      }),
      service("shop", "waiting", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "waiting", {
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.8"], hostname: "waiting-0", ready: false }],
      }),
      service("shop", "empty", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "empty", { ports: ["http 80"], endpoints: [] }),
      service("shop", "unheard", { clusterIPs: ["None"], ports: ["http 80"] }),
      service("shop", "eager", { clusterIPs: ["None"], ports: ["http 80"], publishNotReadyAddresses: true }),
      // The slice controller writes ready:true for such a Service, whatever the Pod says.
      endpointSlice("shop", "eager", {
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.9"], hostname: "eager-0", ready: true, serving: false }],
      }),
      service("shop", "portless", { clusterIPs: ["None"] }),
      endpointSlice("shop", "portless", {
        endpoints: [{ addresses: ["10.244.1.10"], hostname: "portless-0" }],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "A of a headless Service answers every ready endpoint",
      ask: "db.shop.svc.cluster.local. A",
      answer: `
        db.shop.svc.cluster.local. 5 IN A 10.244.1.5
        db.shop.svc.cluster.local. 5 IN A 10.244.2.5
        db.shop.svc.cluster.local. 5 IN A 10.244.4.5`,
    },
    { name: "AAAA of an IPv4 headless Service is empty", ask: "db.shop.svc.cluster.local. AAAA", ...nodata },
    {
      name: "A of an endpoint by its hostname answers its address",
      ask: "db-0.db.shop.svc.cluster.local. A",
      answer: "db-0.db.shop.svc.cluster.local. 5 IN A 10.244.1.5",
    },
    { name: "AAAA of an IPv4 endpoint is empty", ask: "db-0.db.shop.svc.cluster.local. AAAA", ...nodata },
    {
      name: "A of an endpoint that is not ready is a name error",
      ask: "db-2.db.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of an endpoint without hostname answers at its dashed address",
      ask: "10-244-4-5.db.shop.svc.cluster.local. A",
      answer: "10-244-4-5.db.shop.svc.cluster.local. 5 IN A 10.244.4.5",
    },
    {
      name: "A of an endpoint with hostname at its dashed address is a name error",
      ask: "10-244-1-5.db.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a hostname nobody has is a name error",
      ask: "db-9.db.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a dual-stack headless Service answers the IPv4 endpoint",
      ask: "dual.shop.svc.cluster.local. A",
      answer: "dual.shop.svc.cluster.local. 5 IN A 10.244.1.6",
    },
    {
      name: "AAAA of a dual-stack headless Service answers the IPv6 endpoint",
      ask: "dual.shop.svc.cluster.local. AAAA",
      answer: "dual.shop.svc.cluster.local. 5 IN AAAA fd00:10:244:1::6",
    },
    {
      name: "AAAA of a hostname that both slices carry answers the IPv6 address",
      ask: "dual-0.dual.shop.svc.cluster.local. AAAA",
      answer: "dual-0.dual.shop.svc.cluster.local. 5 IN AAAA fd00:10:244:1::6",
    },
    {
      name: "A of a hostname that two endpoints carry answers both addresses",
      ask: "both.pair.shop.svc.cluster.local. A",
      answer: `
        both.pair.shop.svc.cluster.local. 5 IN A 10.244.1.7
        both.pair.shop.svc.cluster.local. 5 IN A 10.244.2.7`,
    },
    {
      name: "A of a headless Service whose only endpoint is not ready is a name error",
      ask: "waiting.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "AAAA of a headless Service whose only endpoint is not ready is a name error",
      ask: "waiting.shop.svc.cluster.local. AAAA",
      ...nxdomain,
    },
    {
      name: "A of a headless Service with an empty slice is a name error",
      ask: "empty.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a headless Service without a slice is a name error",
      ask: "unheard.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a headless Service that publishes addresses not ready answers them",
      ask: "eager.shop.svc.cluster.local. A",
      answer: "eager.shop.svc.cluster.local. 5 IN A 10.244.1.9",
    },
    {
      name: "A of a headless Service without ports answers its endpoints",
      ask: "portless.shop.svc.cluster.local. A",
      answer: "portless.shop.svc.cluster.local. 5 IN A 10.244.1.10",
    },
    {
      name: "A of an endpoint of a headless Service without ports answers its address",
      ask: "portless-0.portless.shop.svc.cluster.local. A",
      answer: "portless-0.portless.shop.svc.cluster.local. 5 IN A 10.244.1.10",
    },
  ]);
});
