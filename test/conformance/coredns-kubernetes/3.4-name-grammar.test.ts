/** Which names below the zone mean something, as CoreDNS's kubernetes plugin reads them. */

import { describe } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, existsToUs, nodata, nxdomain, useCluster } from "../conformance-case.ts";

const objects = [
  namespace("shop"),
  namespace("empty"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80", "https 443", "dns 53/UDP"] }),
  endpointSlice("shop", "web", {
    ports: ["http 8080", "https 8443", "dns 53/UDP"],
    endpoints: [{ addresses: ["10.244.1.1"], hostname: "web-0" }, "10.244.1.2"],
  }),
  service("shop", "peers", { clusterIPs: ["None"], ports: ["gossip 7946"] }),
  endpointSlice("shop", "peers", {
    ports: ["gossip 7946"],
    endpoints: [{ addresses: ["10.244.1.3"], hostname: "peer-0" }],
  }),
];

describe("names below the zone", () => {
  const cluster = useCluster({ objects, pods: "insecure" });

  answers(cluster, [
    { name: "A of the zone is empty", ask: "cluster.local. A", ...nodata },
    { name: "AAAA of the zone is empty", ask: "cluster.local. AAAA", ...nodata },
    { name: "MX of the zone is empty", ask: "cluster.local. MX", ...nodata },
    { name: "SRV of the zone is empty", ask: "cluster.local. SRV", ...nodata },
    { name: "A of svc is empty", ask: "svc.cluster.local. A", ...nodata },
    { name: "SRV of svc is empty", ask: "svc.cluster.local. SRV", ...nodata },
    { name: "A of pod is empty", ask: "pod.cluster.local. A", ...nodata },
    { name: "A of a namespace is empty", ask: "shop.svc.cluster.local. A", ...nodata },
    { name: "SRV of a namespace is empty", ask: "shop.svc.cluster.local. SRV", ...nodata },
    { name: "A of a namespace without Services is empty", ask: "empty.svc.cluster.local. A", ...nodata },
    {
      name: "A of a namespace that does not exist is a name error",
      ask: "none.svc.cluster.local. A",
      ...nxdomain,
    },
    { name: "A of a namespace below pod is empty", ask: "shop.pod.cluster.local. A", ...nodata },
    {
      name: "A of a namespace that does not exist below pod is a name error",
      ask: "none.pod.cluster.local. A",
      ...nxdomain,
    },
    { name: "TXT of the zone is empty", ask: "cluster.local. TXT", ...existsToUs },
    { name: "TXT of svc is empty", ask: "svc.cluster.local. TXT", ...existsToUs },
    { name: "TXT of a namespace is empty", ask: "shop.svc.cluster.local. TXT", ...existsToUs },
    {
      name: "A of a label that is neither svc nor pod is a name error",
      ask: "foo.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A below a label that is neither svc nor pod is a name error",
      ask: "web.shop.foo.cluster.local. A",
      ...nxdomain,
    },
    { name: "A of a Service without svc is a name error", ask: "web.shop.cluster.local. A", ...nxdomain },
    { name: "A of dns, with ns.dns beneath it, is empty", ask: "dns.cluster.local. A", ...existsToUs },
    {
      name: "A of an endpoint of a ClusterIP Service by hostname answers its address",
      ask: "web-0.web.shop.svc.cluster.local. A",
      answer: "web-0.web.shop.svc.cluster.local. 5 IN A 10.244.1.1",
    },
    {
      name: "A of an endpoint of a ClusterIP Service by dashed address answers its address",
      ask: "10-244-1-2.web.shop.svc.cluster.local. A",
      answer: "10-244-1-2.web.shop.svc.cluster.local. 5 IN A 10.244.1.2",
    },
    {
      name: "A of no endpoint of a ClusterIP Service is a name error",
      ask: "web-7.web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a named port of a ClusterIP Service answers its cluster IP",
      ask: "_http._tcp.web.shop.svc.cluster.local. A",
      answer: "_http._tcp.web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "A of a named port of a headless Service answers its endpoints",
      ask: "_gossip._tcp.peers.shop.svc.cluster.local. A",
      answer: "_gossip._tcp.peers.shop.svc.cluster.local. 5 IN A 10.244.1.3",
    },
    {
      name: "AAAA of a named port of an IPv4 Service is empty",
      ask: "_http._tcp.web.shop.svc.cluster.local. AAAA",
      ...nodata,
    },
    {
      name: "A of a port that does not exist is a name error",
      ask: "_smtp._tcp.web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "SRV of a port written without underscores answers",
      ask: "http.tcp.web.shop.svc.cluster.local. SRV",
      answer: "http.tcp.web.shop.svc.cluster.local. 5 IN SRV 0 100 80 web.shop.svc.cluster.local.",
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "SRV of a port with one underscore missing answers",
      ask: "_http.tcp.web.shop.svc.cluster.local. SRV",
      answer: "_http.tcp.web.shop.svc.cluster.local. 5 IN SRV 0 100 80 web.shop.svc.cluster.local.",
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "SRV of an empty port name answers every port of the protocol",
      ask: "_._tcp.web.shop.svc.cluster.local. SRV",
      answer: `
        _._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 50 80 web.shop.svc.cluster.local.
        _._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 50 443 web.shop.svc.cluster.local.`,
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    },
    {
      name: "SRV with three labels before the Service is a name error",
      ask: "x._http._tcp.web.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "A with three labels before the Service is a name error",
      ask: "a.b.c.web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of an endpoint with a cluster label outside multi-cluster zones is a name error",
      ask: "web-0.east.web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a protocol with ports beneath it is empty",
      ask: "_tcp.web.shop.svc.cluster.local. A",
      ...existsToUs,
    },
    {
      name: "A of a protocol without ports is a name error",
      ask: "_sctp.web.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    { name: "A of a wildcard Service is a name error", ask: "*.shop.svc.cluster.local. A", ...nxdomain },
    { name: "A of a Service any is a name error", ask: "any.shop.svc.cluster.local. A", ...nxdomain },
    { name: "A in a wildcard namespace is a name error", ask: "web.*.svc.cluster.local. A", ...nxdomain },
    {
      name: "A of a wildcard endpoint is a name error",
      ask: "*.peers.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "SRV of a wildcard port is a name error",
      ask: "*.*.web.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "A of a label with a dot inside is a name error",
      ask: "web\\046shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a search path applied twice is a name error",
      ask: "web.shop.svc.cluster.local.shop.svc.cluster.local. A",
      ...nxdomain,
    },
  ]);
});

describe("nodes of the tree with pods disabled", () => {
  const cluster = useCluster({ objects, pods: "disabled" });

  answers(cluster, [
    { name: "A of pod is empty", ask: "pod.cluster.local. A", ...nodata },
    { name: "A of a namespace below pod is a name error", ask: "shop.pod.cluster.local. A", ...nxdomain },
    { name: "A of a namespace below svc is empty", ask: "shop.svc.cluster.local. A", ...nodata },
  ]);
});
