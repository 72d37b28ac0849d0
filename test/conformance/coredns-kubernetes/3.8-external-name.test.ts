/** ExternalName Services: following the target inside the zone, and what stands alone. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointSlice, externalNameService, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, useCluster } from "../conformance-case.ts";

/** `chain-0 → chain-1 → … → chain-<length>`, the last one a Service with the cluster IP 10.96.0.10. */
function chain(prefix: string, length: number) {
  return Array.from({ length }, (_, index) =>
    externalNameService(
      "shop",
      `${prefix}-${index}`,
      index + 1 === length ? "web.shop.svc.cluster.local" : `${prefix}-${index + 1}.shop.svc.cluster.local`,
    ),
  );
}

describe("ExternalName", () => {
  const cluster = useCluster({
    pods: "insecure",
    objects: [
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      service("shop", "dual", { clusterIPs: ["10.96.0.11", "fd00:10:96::11"], ports: ["http 80"] }),
      service("shop", "peers", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "peers", { ports: ["http 80"], endpoints: ["10.244.1.1", "10.244.1.2"] }),
      externalNameService("shop", "outside", "www.example.com"),
      externalNameService("shop", "with-port", "www.example.com", ["https 443"]),
      externalNameService("shop", "mixed-case", "WWW.Example.COM"),
      externalNameService("shop", "inside", "web.shop.svc.cluster.local"),
      externalNameService("shop", "inside-dotted", "web.shop.svc.cluster.local."),
      externalNameService("shop", "inside-dual", "dual.shop.svc.cluster.local"),
      externalNameService("shop", "inside-peers", "peers.shop.svc.cluster.local"),
      externalNameService("shop", "dangling", "none.shop.svc.cluster.local"),
      externalNameService("shop", "address", "192.0.2.7"),
      externalNameService("shop", "address6", "2001:db8::7"),
      externalNameService("shop", "self", "self.shop.svc.cluster.local"),
      externalNameService("shop", "below-self", "x.below-self.shop.svc.cluster.local"),
      externalNameService("shop", "ping", "pong.shop.svc.cluster.local"),
      externalNameService("shop", "pong", "ping.shop.svc.cluster.local"),
      externalNameService("shop", "inside-pod", "10-1-2-3.shop.pod.cluster.local"),
      externalNameService("shop", "inside-node", "shop.svc.cluster.local"),
      externalNameService("shop", "inside-capitals", "WEB.shop.svc.CLUSTER.local"),
      externalNameService("shop", "inside-outside", "outside.shop.svc.cluster.local"),
      ...chain("three", 3),
      ...chain("ten", 10),
      ...chain("long", 20),
    ],
  });

  answers(cluster, [
    {
      name: "A with a target outside the zones answers the CNAME alone",
      ask: "outside.shop.svc.cluster.local. A",
      answer: "outside.shop.svc.cluster.local. 5 IN CNAME www.example.com.",
    },
    {
      name: "A with a target inside the zone answers the CNAME and the target's address",
      ask: "inside.shop.svc.cluster.local. A",
      answer: `
        inside.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.
        web.shop.svc.cluster.local. 5 IN A 10.96.0.10`,
    },
    {
      name: "A with a target that ends in a dot answers the CNAME and the target's address",
      ask: "inside-dotted.shop.svc.cluster.local. A",
      answer: `
        inside-dotted.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.
        web.shop.svc.cluster.local. 5 IN A 10.96.0.10`,
    },
    {
      name: "AAAA with a dual-stack target answers the CNAME and the IPv6 address",
      ask: "inside-dual.shop.svc.cluster.local. AAAA",
      answer: `
        inside-dual.shop.svc.cluster.local. 5 IN CNAME dual.shop.svc.cluster.local.
        dual.shop.svc.cluster.local. 5 IN AAAA fd00:10:96::11`,
    },
    {
      name: "A with a headless target answers the CNAME and every endpoint",
      ask: "inside-peers.shop.svc.cluster.local. A",
      answer: `
        inside-peers.shop.svc.cluster.local. 5 IN CNAME peers.shop.svc.cluster.local.
        peers.shop.svc.cluster.local. 5 IN A 10.244.1.1
        peers.shop.svc.cluster.local. 5 IN A 10.244.1.2`,
    },
    {
      name: "AAAA with an IPv4 target inside the zone is empty",
      ask: "inside.shop.svc.cluster.local. AAAA",
      ...nodata,
    },
    {
      name: "A with a missing target inside the zone is empty",
      ask: "dangling.shop.svc.cluster.local. A",
      ...nodata,
    },
    {
      name: "CNAME with a missing target inside the zone answers the CNAME",
      ask: "dangling.shop.svc.cluster.local. CNAME",
      answer: "dangling.shop.svc.cluster.local. 5 IN CNAME none.shop.svc.cluster.local.",
    },
    {
      name: "CNAME with a target inside the zone answers the CNAME alone",
      ask: "inside.shop.svc.cluster.local. CNAME",
      answer: "inside.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.",
    },
    {
      name: "A with an IPv4 address for a target is a name error",
      ask: "address.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A with an IPv6 address for a target is a name error",
      ask: "address6.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A that follows three CNAMEs answers all of them and the address",
      ask: "three-0.shop.svc.cluster.local. A",
      over: "tcp",
      answer: `
        three-0.shop.svc.cluster.local. 5 IN CNAME three-1.shop.svc.cluster.local.
        three-1.shop.svc.cluster.local. 5 IN CNAME three-2.shop.svc.cluster.local.
        three-2.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.cluster.local.
        web.shop.svc.cluster.local. 5 IN A 10.96.0.10`,
    },
    {
      name: "A with a pod name for a target answers the CNAME and the pod's address",
      ask: "inside-pod.shop.svc.cluster.local. A",
      answer: `
        inside-pod.shop.svc.cluster.local. 5 IN CNAME 10-1-2-3.shop.pod.cluster.local.
        10-1-2-3.shop.pod.cluster.local. 5 IN A 10.1.2.3`,
    },
    {
      name: "A with a target in capitals answers the CNAME and the target's address",
      ask: "inside-capitals.shop.svc.cluster.local. A",
      answer: `
        inside-capitals.shop.svc.cluster.local. 5 IN CNAME WEB.shop.svc.CLUSTER.local.
        WEB.shop.svc.CLUSTER.local. 5 IN A 10.96.0.10`,
    },
    {
      name: "A with a target inside the zone whose target is outside answers both CNAMEs",
      ask: "inside-outside.shop.svc.cluster.local. A",
      answer: `
        inside-outside.shop.svc.cluster.local. 5 IN CNAME outside.shop.svc.cluster.local.
        outside.shop.svc.cluster.local. 5 IN CNAME www.example.com.`,
    },
    {
      name: "A with a target that has names beneath it only is empty",
      ask: "inside-node.shop.svc.cluster.local. A",
      ...nodata,
    },
    { name: "A with itself for a target is empty", ask: "self.shop.svc.cluster.local. A", ...nodata },
    { name: "A with a target below itself is empty", ask: "below-self.shop.svc.cluster.local. A", ...nodata },
    { name: "A with targets in a circle is empty", ask: "ping.shop.svc.cluster.local. A", ...nodata },
    { name: "A with a chain of twenty CNAMEs is empty", ask: "long-0.shop.svc.cluster.local. A", ...nodata },
    { name: "SRV is empty", ask: "outside.shop.svc.cluster.local. SRV", ...nodata },
    { name: "TXT is empty", ask: "outside.shop.svc.cluster.local. TXT", ...nodata },
    { name: "MX is empty", ask: "outside.shop.svc.cluster.local. MX", ...nodata },
    {
      name: "SRV of a port of an ExternalName Service is a name error",
      ask: "_https._tcp.with-port.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "A below an ExternalName Service is a name error",
      ask: "x.outside.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "CNAME of a Service that is no ExternalName is empty",
      ask: "web.shop.svc.cluster.local. CNAME",
      ...nodata,
    },
  ]);

  test("A with a chain of ten CNAMEs answers all of them and the address", async () => {
    const reply = await cluster.ask("ten-0.shop.svc.cluster.local. A", {}, "tcp");
    assert.deepEqual(
      reply.answer.map(line => line.split(" ")[3]),
      [...Array.from({ length: 10 }, () => "CNAME"), "A"],
    );
  });

  test("A with a target inside the zone answers the CNAME before the address", async () => {
    const reply = await cluster.ask("inside.shop.svc.cluster.local. A");
    assert.deepEqual(
      reply.answer.map(line => line.split(" ")[3]),
      ["CNAME", "A"],
    );
  });

  test("A in mixed case answers the CNAME's owner as it was typed", async () => {
    const reply = await cluster.ask("Outside.Shop.SVC.cluster.local. A");
    assert.deepEqual(
      reply.answer.map(line => line.toLowerCase()),
      ["outside.shop.svc.cluster.local. 5 in cname www.example.com."],
    );
    assert.ok(reply.answer[0]?.startsWith("Outside.Shop.SVC.cluster.local. "));
  });
});
