/** ServiceImports of the Multi-Cluster Services API in zones of their own. */

import { describe } from "node:test";
import { importedSlice, namespace, service, serviceImport } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, soa, useCluster } from "../conformance-case.ts";

const deniedInSet = { rcode: "NXDOMAIN", authority: soa("clusterset.local.") };
const emptyInSet = { authority: soa("clusterset.local.") };

describe("multicluster", () => {
  const cluster = useCluster({
    corefile: site => `${site.keys(".")} {
    ${site.common}
    ${site.kubernetes("cluster.local clusterset.local in-addr.arpa", "multicluster clusterset.local")}
}
`,
    objects: [
      namespace("shop"),
      service("shop", "local", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      serviceImport("shop", "web", { ips: ["10.97.0.1", "fd00:10:97::1"], ports: ["http 80", "https 443"] }),
      importedSlice("shop", "web", "east", { ports: ["http 8080"], endpoints: ["10.2.0.1"] }),
      serviceImport("shop", "portless", { ips: ["10.97.0.2"] }),
      serviceImport("shop", "db", { type: "Headless", ports: ["sql 5432"] }),
      importedSlice("shop", "db", "east", {
        ports: ["sql 5432"],
        endpoints: [{ addresses: ["10.2.0.2"], hostname: "db-0" }],
      }),
      importedSlice("shop", "db", "west", {
        ports: ["sql 5432"],
        endpoints: [
          { addresses: ["10.3.0.2"], hostname: "db-0" },
          { addresses: ["10.3.0.3"], hostname: "db-1", ready: false },
        ],
      }),
      serviceImport("shop", "gone", { type: "Headless", ports: ["sql 5432"] }),
    ],
  });

  answers(cluster, [
    {
      name: "A of a ServiceImport answers the address of the set of clusters",
      ask: "web.shop.svc.clusterset.local. A",
      answer: "web.shop.svc.clusterset.local. 5 IN A 10.97.0.1",
    },
    {
      name: "AAAA of a dual-stack ServiceImport answers the IPv6 address",
      ask: "web.shop.svc.clusterset.local. AAAA",
      answer: "web.shop.svc.clusterset.local. 5 IN AAAA fd00:10:97::1",
    },
    {
      name: "SRV of a port answers the ServiceImport and its addresses",
      ask: "_https._tcp.web.shop.svc.clusterset.local. SRV",
      answer: "_https._tcp.web.shop.svc.clusterset.local. 5 IN SRV 0 50 443 web.shop.svc.clusterset.local.",
      additional: `
        web.shop.svc.clusterset.local. 5 IN A 10.97.0.1
        web.shop.svc.clusterset.local. 5 IN AAAA fd00:10:97::1`,
    },
    {
      name: "A of a headless ServiceImport answers the endpoints of all clusters",
      ask: "db.shop.svc.clusterset.local. A",
      answer: `
        db.shop.svc.clusterset.local. 5 IN A 10.2.0.2
        db.shop.svc.clusterset.local. 5 IN A 10.3.0.2`,
    },
    {
      name: "SRV of a headless ServiceImport names endpoints with their cluster",
      ask: "_sql._tcp.db.shop.svc.clusterset.local. SRV",
      answer: `
        _sql._tcp.db.shop.svc.clusterset.local. 5 IN SRV 0 50 5432 db-0.east.db.shop.svc.clusterset.local.
        _sql._tcp.db.shop.svc.clusterset.local. 5 IN SRV 0 50 5432 db-0.west.db.shop.svc.clusterset.local.`,
      additional: `
        db-0.east.db.shop.svc.clusterset.local. 5 IN A 10.2.0.2
        db-0.west.db.shop.svc.clusterset.local. 5 IN A 10.3.0.2`,
    },
    {
      name: "A of an endpoint of a cluster answers its address",
      ask: "db-0.west.db.shop.svc.clusterset.local. A",
      answer: "db-0.west.db.shop.svc.clusterset.local. 5 IN A 10.3.0.2",
    },
    {
      name: "A of an endpoint under a ServiceImport with an address answers the endpoint's",
      ask: "10-2-0-1.east.web.shop.svc.clusterset.local. A",
      answer: "10-2-0-1.east.web.shop.svc.clusterset.local. 5 IN A 10.2.0.1",
    },
    {
      name: "an endpoint of another cluster is a name error",
      ask: "db-0.north.db.shop.svc.clusterset.local. A",
      ...deniedInSet,
    },
    {
      name: "an endpoint that is not ready is a name error",
      ask: "db-1.west.db.shop.svc.clusterset.local. A",
      ...deniedInSet,
    },
    {
      name: "an endpoint without its cluster is a name error",
      ask: "db-0.db.shop.svc.clusterset.local. A",
      ...deniedInSet,
    },
    {
      name: "a cluster with endpoints beneath it is no name error",
      ask: "west.db.shop.svc.clusterset.local. A",
      ...emptyInSet,
      differs: { why: "CoreDNS denies a name that has names beneath it", coredns: deniedInSet },
    },
    {
      name: "a headless ServiceImport without endpoints is a name error",
      ask: "gone.shop.svc.clusterset.local. A",
      ...deniedInSet,
    },
    {
      name: "a ServiceImport without ports is a name error",
      ask: "portless.shop.svc.clusterset.local. A",
      ...deniedInSet,
    },
    {
      name: "a Service is a name error in a multicluster zone",
      ask: "local.shop.svc.clusterset.local. A",
      ...deniedInSet,
    },
    {
      name: "a ServiceImport is a name error in another zone",
      ask: "web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    { name: "a namespace exists in both: here", ask: "shop.svc.clusterset.local. A", ...emptyInSet },
    { name: "a namespace exists in both: there", ask: "shop.svc.cluster.local. A", ...nodata },
    {
      name: "PTR of an address of the set of clusters is a name error",
      ask: "1.0.97.10.in-addr.arpa. PTR",
      rcode: "NXDOMAIN",
      authority: soa("in-addr.arpa."),
    },
    {
      name: "the version of the schema is in every zone",
      ask: "dns-version.clusterset.local. TXT",
      answer: 'dns-version.clusterset.local. 28800 IN TXT "1.1.0"',
    },
  ]);
});
