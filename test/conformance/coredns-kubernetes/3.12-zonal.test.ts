/** Names for the endpoints of one topology zone. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { subjectName } from "../../support/subject.ts";
import { answers, nodata, nxdomain, useCluster } from "../conformance-case.ts";

const isOld = subjectName === "coredns" && "zonal came with CoreDNS 1.14";

describe("zonal", { skip: isOld }, () => {
  if (isOld) return;
  const cluster = useCluster({
    corefile: site => `${site.keys(".")} {
    ${site.common}
    ${site.kubernetes("cluster.local", "zonal")}
}
`,
    objects: [
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
      endpointSlice("shop", "db", {
        ports: ["sql 5432"],
        endpoints: [
          { addresses: ["10.244.1.1"], zone: "us-west-2a" },
          { addresses: ["10.244.1.2"], zone: "rack.example" },
        ],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "pin answers the endpoints of the zone",
      ask: "us-west-2a.pin._zone.db.shop.svc.cluster.local. A",
      answer: "us-west-2a.pin._zone.db.shop.svc.cluster.local. 5 IN A 10.244.1.1",
    },
    {
      name: "a zone may contain dots",
      ask: "rack.example.pin._zone.db.shop.svc.cluster.local. A",
      answer: "rack.example.pin._zone.db.shop.svc.cluster.local. 5 IN A 10.244.1.2",
    },
    {
      name: "prefer without an endpoint in the zone answers all",
      ask: "us-west-2c.prefer._zone.db.shop.svc.cluster.local. A",
      answer: `
        us-west-2c.prefer._zone.db.shop.svc.cluster.local. 5 IN A 10.244.1.1
        us-west-2c.prefer._zone.db.shop.svc.cluster.local. 5 IN A 10.244.1.2`,
    },
    {
      name: "pin without an endpoint in the zone is empty",
      ask: "us-west-2c.pin._zone.db.shop.svc.cluster.local. A",
      ...nodata,
    },
    { name: "TXT of a zone is empty", ask: "us-west-2a.pin._zone.db.shop.svc.cluster.local. TXT", ...nodata },
    {
      name: "a Service with a cluster IP has no zones",
      ask: "us-west-2a.pin._zone.web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "other words are name errors",
      ask: "us-west-2a.only._zone.db.shop.svc.cluster.local. A",
      ...nxdomain,
    },
  ]);
});
