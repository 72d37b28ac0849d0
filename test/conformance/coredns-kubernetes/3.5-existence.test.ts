/** Name error or missing type: what exists, and in which types. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, type Case, nodata, nxdomain, refused, useCluster } from "../conformance-case.ts";

const types = ["CNAME", "MX", "NS", "ANY", "HTTPS", "SVCB", "CAA", "NAPTR", "DS", "TYPE65280"];

describe("existence", () => {
  const cluster = useCluster({
    pods: "insecure",
    objects: [
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      endpointSlice("shop", "web", {
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.1"], hostname: "web-0" }],
      }),
      service("shop", "peers", { clusterIPs: ["None"], ports: ["gossip 7946"] }),
      service("ghost", "web", { clusterIPs: ["10.96.0.11"], ports: ["http 80"] }),
    ],
  });

  answers(cluster, [
    {
      name: "A of a Service whose Namespace object is missing is a name error",
      ask: "web.ghost.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "SRV of a Service whose Namespace object is missing is a name error",
      ask: "_http._tcp.web.ghost.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "A of a Service that does not exist is a name error",
      ask: "none.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    { name: "TXT of a Service is empty", ask: "web.shop.svc.cluster.local. TXT", ...nodata },
    {
      name: "TXT of a Service that does not exist is a name error",
      ask: "none.shop.svc.cluster.local. TXT",
      ...nxdomain,
    },
    { name: "TXT of an endpoint is empty", ask: "web-0.web.shop.svc.cluster.local. TXT", ...nodata },
    { name: "SOA of a Service is empty", ask: "web.shop.svc.cluster.local. SOA", ...nodata },
    {
      name: "SOA of a name that does not exist is empty",
      ask: "none.shop.svc.cluster.local. SOA",
      ...nodata,
    },
    {
      name: "PTR of a Service's name is empty",
      ask: "web.shop.svc.cluster.local. PTR",
      ...nodata,
    },
    {
      name: "MX of a headless Service without endpoints is a name error",
      ask: "peers.shop.svc.cluster.local. MX",
      ...nxdomain,
    },
    { name: "A of a name outside the zones is refused", ask: "www.example.com. A", ...refused },
    { name: "A of the root is refused", ask: ". A", ...refused },
    { name: "A of the zone's parent is refused", ask: "local. A", ...refused },
    {
      name: "A of a name that ends like the zone's text is refused",
      ask: "web.notcluster.local. A",
      ...refused,
    },
    ...types.flatMap(perType),
  ]);
});

function perType(type: string): Case[] {
  return [
    { name: `${type} of a Service is empty`, ask: `web.shop.svc.cluster.local. ${type}`, ...nodata },
    {
      name: `${type} of a Service that does not exist is a name error`,
      ask: `none.shop.svc.cluster.local. ${type}`,
      ...nxdomain,
    },
  ];
}
