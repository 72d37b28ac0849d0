/** Corefile word `k8s_external`: names for the outside, at the external addresses of Services. */

import { describe } from "node:test";
import { answers, type Expectation, useCluster } from "../conformance-case.ts";
import { nobodyOutside, objects, soaOf } from "./external-objects.ts";

describe("k8s_external", () => {
  const cluster = useCluster({
    objects,
    listensEverywhere: !nobodyOutside,
    files: { net: "$TTL 60\n@ SOA ns host 1 1 1 1 1\nlb A 198.51.100.1\nlb AAAA 2001:db8::b\n" },
    corefile: at => `${at.keys("cluster.local", "example.org", "2.0.192.in-addr.arpa")} {
    ${at.common}
    ${at.kubernetes("cluster.local", "ttl 9")}
    k8s_external example.org 2.0.192.in-addr.arpa {
      ttl 9
    }
}
${at.keys("example.net")} {
    ${at.bind}
    file ${at.directory}/net
}
`,
  });
  const soa = soaOf("example.org.", 9);
  const nodata: Expectation = { authority: soa };
  const nxdomain: Expectation = { rcode: "NXDOMAIN", authority: soa };
  const reverseSoa = soaOf("2.0.192.in-addr.arpa.", 9);

  answers(cluster, [
    {
      name: "A answers external IPs",
      ask: "web.shop.example.org. A",
      answer: "web.shop.example.org. 9 IN A 192.0.2.1",
    },
    {
      name: "AAAA answers external IPs",
      ask: "web.shop.example.org. AAAA",
      answer: "web.shop.example.org. 9 IN AAAA 2001:db8::1",
    },
    {
      name: "A in mixed case answers in the client's case",
      ask: "Web.Shop.Example.ORG. A",
      answer: "Web.Shop.Example.ORG. 9 IN A 192.0.2.1",
    },
    {
      name: "A answers external IPs and the load balancer's",
      ask: "balanced.shop.example.org. A",
      answer: "balanced.shop.example.org. 9 IN A 192.0.2.2\nbalanced.shop.example.org. 9 IN A 192.0.2.3",
    },
    {
      name: "A of a port is answered like the Service",
      ask: "_http._tcp.web.shop.example.org. A",
      answer: "_http._tcp.web.shop.example.org. 9 IN A 192.0.2.1",
    },
    { name: "AAAA without such an address is empty", ask: "balanced.shop.example.org. AAAA", ...nodata },
    { name: "MX of a Service is empty", ask: "web.shop.example.org. MX", ...nodata },
    {
      name: "a Service without external address is a name error",
      ask: "inner.shop.example.org. A",
      ...nxdomain,
    },
    {
      name: "a headless Service is a name error without headless",
      ask: "db.shop.example.org. A",
      ...nxdomain,
    },
    { name: "an unknown Service is a name error", ask: "none.shop.example.org. A", ...nxdomain },
    { name: "a namespace is empty", ask: "shop.example.org. A", ...nodata },
    { name: "a namespace that does not exist is a name error", ask: "nowhere.example.org. A", ...nxdomain },
    {
      name: "a Service of a namespace that does not exist is a name error",
      ask: "lost.nowhere.example.org. A",
      ...nxdomain,
    },
    { name: "an unknown port is a name error", ask: "_ftp._tcp.web.shop.example.org. SRV", ...nxdomain },
    { name: "more labels are a name error", ask: "a._http._tcp.web.shop.example.org. A", ...nxdomain },
    {
      name: "an endpoint label in front of external addresses means nothing",
      ask: "any.web.shop.example.org. A",
      answer: "any.web.shop.example.org. 9 IN A 192.0.2.1",
    },
    {
      name: "SRV of a port",
      ask: "_http._tcp.web.shop.example.org. SRV",
      answer: "_http._tcp.web.shop.example.org. 9 IN SRV 0 50 80 web.shop.example.org.",
      additional: "web.shop.example.org. 9 IN A 192.0.2.1\nweb.shop.example.org. 9 IN AAAA 2001:db8::1",
    },
    {
      name: "SRV of a Service has all ports",
      ask: "web.shop.example.org. SRV",
      over: "tcp",
      answer: `web.shop.example.org. 9 IN SRV 0 25 80 web.shop.example.org.
               web.shop.example.org. 9 IN SRV 0 25 443 web.shop.example.org.`,
      additional: "web.shop.example.org. 9 IN A 192.0.2.1\nweb.shop.example.org. 9 IN AAAA 2001:db8::1",
    },
    {
      name: "A of a load balancer with a host name is its CNAME, followed",
      ask: "named.shop.example.org. A",
      answer: "named.shop.example.org. 9 IN CNAME lb.example.net.\nlb.example.net. 60 IN A 198.51.100.1",
    },
    {
      name: "A of a load balancer whose host name nobody knows is its CNAME",
      ask: "unknown.shop.example.org. A",
      answer: "unknown.shop.example.org. 9 IN CNAME elsewhere.example.com.",
    },
    {
      name: "CNAME of a load balancer with a host name is that",
      ask: "named.shop.example.org. CNAME",
      answer: "named.shop.example.org. 9 IN CNAME lb.example.net.",
      differs: { why: "CoreDNS denies the CNAME that it answers to A", coredns: nodata },
    },
    {
      name: "SRV of a load balancer with a host name leads there",
      ask: "_http._tcp.named.shop.example.org. SRV",
      answer: "_http._tcp.named.shop.example.org. 9 IN SRV 0 100 80 lb.example.net.",
      additional: "lb.example.net. 60 IN A 198.51.100.1\nlb.example.net. 60 IN AAAA 2001:db8::b",
    },
    { name: "SOA of the zone", ask: "example.org. SOA", answer: soa },
    { name: "A of the zone is empty", ask: "example.org. A", ...nodata },
    { name: "the name server's branch is empty", ask: "dns.example.org. A", ...nodata },
    {
      name: "another name in the name server's branch is a name error",
      ask: "ns2.dns.example.org. A",
      ...nxdomain,
    },
    { name: "a name below the name server is a name error", ask: "a.ns1.dns.example.org. A", ...nxdomain },
    {
      name: "PTR of an external IP",
      ask: "1.2.0.192.in-addr.arpa. PTR",
      answer: "1.2.0.192.in-addr.arpa. 9 IN PTR web.shop.example.org.",
    },
    {
      name: "PTR of an external IP of two Services names both",
      ask: "2.2.0.192.in-addr.arpa. PTR",
      answer: `2.2.0.192.in-addr.arpa. 9 IN PTR balanced.shop.example.org.
               2.2.0.192.in-addr.arpa. 9 IN PTR twin.shop.example.org.`,
    },
    {
      name: "PTR of another address is a name error",
      ask: "99.2.0.192.in-addr.arpa. PTR",
      rcode: "NXDOMAIN",
      authority: reverseSoa,
    },
    {
      name: "another type of an external IP is empty",
      ask: "1.2.0.192.in-addr.arpa. A",
      authority: reverseSoa,
      differs: {
        why: "RFC 8020 §2: the name has a PTR record",
        coredns: { rcode: "NXDOMAIN", authority: reverseSoa },
      },
    },
    {
      name: "AXFR without transfer gives no zone",
      ask: "example.org. AXFR",
      over: "tcp",
      rcode: "REFUSED",
      isAuthoritative: false,
      differs: { why: "CoreDNS answers as if it were any other type", coredns: nodata },
    },
  ]);
});

describe("the name server of k8s_external", { skip: nobodyOutside }, () => {
  const cluster = useCluster({
    objects,
    listensEverywhere: true,
    corefile: at => `${at.keys("cluster.local", "example.org")} {
    ${at.common}
    ${at.kubernetes("cluster.local")}
    k8s_external example.org {
      apex server
    }
}
`,
  });

  answers(cluster, [
    {
      name: "NS of the zone has the external IPs of the Service in front",
      ask: "example.org. NS",
      answer: "example.org. 5 IN NS ns1.server.example.org.",
      additional: "ns1.server.example.org. 5 IN A 192.0.2.53\nns1.server.example.org. 5 IN AAAA 2001:db8::53",
    },
    {
      name: "A of the name server is the same",
      ask: "ns1.server.example.org. A",
      answer: "ns1.server.example.org. 5 IN A 192.0.2.53",
    },
    {
      name: "MX of the name server is empty",
      ask: "ns1.server.example.org. MX",
      authority:
        "example.org. 5 IN SOA ns1.server.example.org. hostmaster.server.example.org. <serial> 7200 1800 86400 5",
    },
  ]);
});
