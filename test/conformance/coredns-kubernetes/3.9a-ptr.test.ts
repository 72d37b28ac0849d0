/** Reverse names: which Service or endpoint an address belongs to, and what is no address. */

import { describe } from "node:test";
import { endpointSlice, namespace, pod, service } from "../../support/cluster-fixtures.ts";
import {
  answers,
  type Case,
  type Expectation,
  nodata,
  nxdomain,
  refused,
  soa,
  useCluster,
} from "../conformance-case.ts";

const noReverseName: Expectation = { ...nxdomain, authority: soa("in-addr.arpa.") };
const reverseExistsToUs: Expectation & Pick<Case, "differs"> = {
  authority: soa("in-addr.arpa."),
  differs: { why: "CoreDNS denies a name that has a PTR record", coredns: noReverseName },
};

const objects = [
  namespace("shop"),
  namespace("other"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  endpointSlice("shop", "web", { ports: ["http 80"], endpoints: ["10.244.1.1"] }),
  service("shop", "peers", { clusterIPs: ["None"], ports: ["gossip 7946"] }),
  endpointSlice("shop", "peers", {
    ports: ["gossip 7946"],
    endpoints: [{ addresses: ["10.244.1.1"], hostname: "peer-0" }],
  }),
  service("other", "watcher", { clusterIPs: ["10.96.0.11"], ports: ["http 80"] }),
  endpointSlice("other", "watcher", {
    ports: ["http 80"],
    endpoints: [{ addresses: ["10.244.1.1"], hostname: "seen" }],
  }),
  service("shop", "proxy", { clusterIPs: ["None"], ports: ["http 80"] }),
  // The endpoint of this Service is another Service's cluster IP.
  endpointSlice("shop", "proxy", {
    ports: ["http 80"],
    endpoints: [{ addresses: ["10.96.0.10"], hostname: "front" }],
  }),
  service("shop", "twice", { clusterIPs: ["None"], ports: ["a 1", "b 2"] }),
  endpointSlice("shop", "twice", {
    suffix: "aaaaa",
    ports: ["a 1", "b 2"],
    endpoints: [{ addresses: ["10.244.1.4"], hostname: "twice-0" }],
  }),
  endpointSlice("shop", "twice", {
    suffix: "bbbbb",
    ports: ["a 1"],
    endpoints: [{ addresses: ["10.244.1.4"], hostname: "twice-0" }],
  }),
  service("shop", "balanced", {
    type: "LoadBalancer",
    clusterIPs: ["10.96.0.12"],
    ports: ["http 80"],
    externalIPs: ["203.0.113.7"],
    loadBalancerIPs: ["203.0.113.8"],
  }),
  pod("shop", "lonely", { podIPs: ["10.244.1.9"] }),
];

describe("reverse names", () => {
  const cluster = useCluster({ objects, pods: "verified" });

  answers(cluster, [
    {
      name: "PTR of an endpoint that several Services share answers each Service's name for it",
      ask: "1.1.244.10.in-addr.arpa. PTR",
      answer: `
        1.1.244.10.in-addr.arpa. 5 IN PTR 10-244-1-1.web.shop.svc.cluster.local.
        1.1.244.10.in-addr.arpa. 5 IN PTR peer-0.peers.shop.svc.cluster.local.
        1.1.244.10.in-addr.arpa. 5 IN PTR seen.watcher.other.svc.cluster.local.`,
    },
    {
      name: "PTR of a cluster IP that is an endpoint as well answers the Service alone",
      ask: "10.0.96.10.in-addr.arpa. PTR",
      answer: "10.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.",
    },
    {
      name: "PTR of an endpoint with several ports in several slices answers its name once",
      ask: "4.1.244.10.in-addr.arpa. PTR",
      answer: "4.1.244.10.in-addr.arpa. 5 IN PTR twice-0.twice.shop.svc.cluster.local.",
    },
    {
      name: "PTR of a Pod without a Service is a name error",
      ask: "9.1.244.10.in-addr.arpa. PTR",
      ...noReverseName,
    },
    { name: "PTR of an external IP is a name error", ask: "7.113.0.203.in-addr.arpa. PTR", ...noReverseName },
    {
      name: "PTR of a load balancer's IP is a name error",
      ask: "8.113.0.203.in-addr.arpa. PTR",
      ...noReverseName,
    },
    { name: "A of a reverse name is empty", ask: "10.0.96.10.in-addr.arpa. A", ...reverseExistsToUs },
    { name: "TXT of a reverse name is empty", ask: "10.0.96.10.in-addr.arpa. TXT", ...reverseExistsToUs },
    {
      name: "A of a reverse name nobody has is a name error",
      ask: "99.0.96.10.in-addr.arpa. A",
      ...noReverseName,
    },
    { name: "PTR of three octets is a name error", ask: "0.96.10.in-addr.arpa. PTR", ...noReverseName },
    { name: "PTR of one octet is a name error", ask: "10.in-addr.arpa. PTR", ...noReverseName },
    { name: "A of one octet is a name error", ask: "10.in-addr.arpa. A", ...noReverseName },
    { name: "PTR of five labels is a name error", ask: "1.10.0.96.10.in-addr.arpa. PTR", ...noReverseName },
    {
      name: "PTR of an octet over 255 is a name error",
      ask: "10.0.96.300.in-addr.arpa. PTR",
      ...noReverseName,
    },
    {
      name: "PTR of the reverse zone itself is empty",
      ask: "in-addr.arpa. PTR",
      ...nodata,
      authority: soa("in-addr.arpa."),
    },
    {
      name: "A of the reverse zone itself is empty",
      ask: "in-addr.arpa. A",
      ...nodata,
      authority: soa("in-addr.arpa."),
    },
    {
      name: "PTR of the IPv6 reverse zone itself is empty",
      ask: "ip6.arpa. PTR",
      ...nodata,
      authority: soa("ip6.arpa."),
    },
    {
      name: "PTR of sixteen nibbles is a name error",
      ask: `${"0.".repeat(16)}ip6.arpa. PTR`,
      ...nxdomain,
      authority: soa("ip6.arpa."),
    },
    { name: "PTR of arpa is refused", ask: "arpa. PTR", ...refused },
  ]);
});

describe("reverse names in zones of a few octets", () => {
  const cluster = useCluster({ objects, zones: ["k8s.example.org", "96.10.in-addr.arpa"] });

  answers(cluster, [
    {
      name: "PTR of a cluster IP inside the reverse zone answers in the primary zone",
      ask: "10.0.96.10.in-addr.arpa. PTR",
      answer: "10.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.k8s.example.org.",
    },
    {
      name: "PTR of an address nobody has inside the reverse zone is a name error with that zone's SOA",
      ask: "99.0.96.10.in-addr.arpa. PTR",
      ...nxdomain,
      authority: soa("96.10.in-addr.arpa."),
    },
    {
      name: "PTR of an endpoint outside the reverse zone is refused",
      ask: "1.1.244.10.in-addr.arpa. PTR",
      ...refused,
    },
  ]);
});
