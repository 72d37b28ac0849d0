/** Kubernetes DNS specification 1.1.0 §2.1: names compare without regard to case; RFC 4343; draft-vixie-dnsext-dns0x20. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, soa, useCluster } from "../conformance-case.ts";

describe("letter case", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "db", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      service("shop", "peers", { clusterIPs: ["None"], ports: ["gossip 7946"] }),
      endpointSlice("shop", "peers", {
        ports: ["gossip 7946"],
        endpoints: [{ addresses: ["10.244.1.7"], hostname: "peer-0" }],
      }),
    ],
    pods: "insecure",
  });

  answers(cluster, [
    {
      name: "A of a Service in capitals answers with the owner as it was typed",
      ask: "DB.SHOP.SVC.CLUSTER.LOCAL. A",
      answer: "DB.SHOP.SVC.CLUSTER.LOCAL. 5 IN A 10.96.0.10",
    },
    {
      name: "A of a Service in mixed case answers with the owner as it was typed",
      ask: "dB.sHoP.sVc.cLuStEr.LoCaL. A",
      answer: "dB.sHoP.sVc.cLuStEr.LoCaL. 5 IN A 10.96.0.10",
    },
    {
      name: "A of an endpoint in mixed case answers with the owner as it was typed",
      ask: "Peer-0.Peers.Shop.Svc.Cluster.Local. A",
      answer: "Peer-0.Peers.Shop.Svc.Cluster.Local. 5 IN A 10.244.1.7",
    },
    {
      name: "SRV in mixed case answers with a target that keeps the case of the zone part only",
      ask: "_HTTP._Tcp.Db.SHOP.svc.Cluster.LOCAL. SRV",
      answer: "_HTTP._Tcp.Db.SHOP.svc.Cluster.LOCAL. 5 IN SRV 0 100 80 db.shop.svc.Cluster.LOCAL.",
      additional: "db.shop.svc.Cluster.LOCAL. 5 IN A 10.96.0.10",
    },
    {
      name: "headless SRV in mixed case answers with a target that keeps the case of the zone part only",
      ask: "_Gossip._TCP.Peers.Shop.SVC.CLUSTER.local. SRV",
      answer:
        "_Gossip._TCP.Peers.Shop.SVC.CLUSTER.local. 5 IN SRV 0 100 7946 peer-0.peers.shop.svc.CLUSTER.local.",
      additional: "peer-0.peers.shop.svc.CLUSTER.local. 5 IN A 10.244.1.7",
    },
    {
      name: "PTR in mixed case answers with the owner as it was typed",
      ask: "10.0.96.10.IN-ADDR.Arpa. PTR",
      answer: "10.0.96.10.IN-ADDR.Arpa. 5 IN PTR db.shop.svc.cluster.local.",
    },
    {
      name: "pod name in mixed case answers with the owner as it was typed",
      ask: "10-1-2-3.Shop.POD.Cluster.Local. A",
      answer: "10-1-2-3.Shop.POD.Cluster.Local. 5 IN A 10.1.2.3",
    },
    {
      name: "dns-version in mixed case answers with the owner as it was typed",
      ask: "DNS-Version.Cluster.Local. TXT",
      answer: 'DNS-Version.Cluster.Local. 28800 IN TXT "1.1.0"',
    },
    {
      name: "name error in mixed case answers with the SOA of the zone as it was typed",
      ask: "Nothing.SHOP.svc.CLUSTER.Local. A",
      ...nxdomain,
      authority: soa("CLUSTER.Local."),
    },
    {
      name: "missing type in mixed case answers with the SOA of the zone as it was typed",
      ask: "Db.SHOP.svc.CLUSTER.Local. AAAA",
      ...nodata,
      authority: soa("CLUSTER.Local."),
    },
  ]);
});
