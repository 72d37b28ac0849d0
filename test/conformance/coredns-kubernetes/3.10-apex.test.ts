/** SOA and NS of the zones, the name server's own name, zone transfers. */

import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import {
  answers,
  differsFromCoreDns,
  eventuallyAnswers,
  existsToUs,
  nodata,
  nxdomain,
  refused,
  soa,
  useCluster,
} from "../conformance-case.ts";

describe("SOA", () => {
  const cluster = useCluster({ objects: [namespace("shop")], ttlSeconds: 600 });

  answers(cluster, [
    {
      name: "SOA of the zone answers it, its TTL no more than five minutes",
      ask: "cluster.local. SOA",
      answer:
        "cluster.local. 300 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. <serial> 7200 1800 86400 600",
    },
    {
      name: "SOA of the zone in mixed case answers with the zone as it was typed",
      ask: "Cluster.LOCAL. SOA",
      answer: soa("Cluster.LOCAL.", 600),
    },
    {
      name: "SOA of the IPv4 reverse zone answers it",
      ask: "in-addr.arpa. SOA",
      answer: soa("in-addr.arpa.", 600),
    },
    { name: "SOA of the IPv6 reverse zone answers it", ask: "ip6.arpa. SOA", answer: soa("ip6.arpa.", 600) },
    {
      name: "ANY of the zone is empty",
      ask: "cluster.local. ANY",
      ...nodata,
      authority: soa("cluster.local.", 600),
    },
    {
      name: "DS of the zone is empty",
      ask: "cluster.local. DS",
      ...nodata,
      authority: soa("cluster.local.", 600),
    },
    { name: "AXFR over UDP is refused", ask: "cluster.local. AXFR", ...refused },
    { name: "AXFR over TCP is refused", ask: "cluster.local. AXFR", over: "tcp", ...refused },
    { name: "IXFR is refused", ask: "cluster.local. IXFR", over: "tcp", ...refused },
    {
      name: "AXFR of a Service's name is refused",
      ask: "web.shop.svc.cluster.local. AXFR",
      over: "tcp",
      ...refused,
    },
  ]);
});

describe("serial", () => {
  const cluster = useCluster({ objects: [] });

  async function serial(): Promise<number> {
    const reply = await cluster.ask("cluster.local. SOA");
    assert.ok(reply.soaSerial !== undefined);
    return reply.soaSerial;
  }

  test("serial before any object is zero", async () => {
    assert.equal(await serial(), 0);
  });

  test("serial after objects have come is the time of the change", async () => {
    const startedAt = Math.floor(Date.now() / 1000);
    const web = service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] });
    cluster.api.load([namespace("shop"), web]);
    await eventuallyAnswers(cluster, "web.shop.svc.cluster.local. A", {
      answer: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    });
    const now = Math.floor(Date.now() / 1000);
    const seen = await serial();
    assert.ok(startedAt <= seen && seen <= now, `${startedAt} ≤ ${seen} ≤ ${now}`);
  });

  test("serial after a Service's port has changed is later", async () => {
    const before = await serial();
    await nextSecond();
    cluster.api.put(service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 81"] }));
    await eventuallyAnswers(cluster, "_http._tcp.web.shop.svc.cluster.local. SRV", {
      answer: "_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 100 81 web.shop.svc.cluster.local.",
      additional: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
    });
    assert.ok((await serial()) > before);
  });

  const forgets = differsFromCoreDns("it answers another address under the same serial");
  test("serial after a Service's cluster IP has changed is later", forgets, async () => {
    const before = await serial();
    await nextSecond();
    cluster.api.put(service("shop", "web", { clusterIPs: ["10.96.0.11"], ports: ["http 81"] }));
    await eventuallyAnswers(cluster, "web.shop.svc.cluster.local. A", {
      answer: "web.shop.svc.cluster.local. 5 IN A 10.96.0.11",
    });
    assert.ok((await serial()) > before);
  });
});

/** Serials count whole seconds. */
async function nextSecond(): Promise<void> {
  await delay(1000 - (Date.now() % 1000) + 5);
}

/** Addresses a server that listens everywhere can be reached at from outside. */
const localAddresses = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .filter(({ internal, family }) => !internal && family === "IPv4")
  .map(({ address }) => address);
const nobodyOutside = localAddresses.length === 0 ? "this machine has loopback addresses only" : false;

describe("name server without a Service", { skip: nobodyOutside }, () => {
  const cluster = useCluster({ objects: [namespace("kube-system")], listensEverywhere: true });

  answers(cluster, [
    {
      name: "A of ns.dns answers the local addresses",
      ask: "ns.dns.cluster.local. A",
      answer: localAddresses.map(address => `ns.dns.cluster.local. 5 IN A ${address}`).join("\n"),
    },
    { name: "TXT of ns.dns is empty", ask: "ns.dns.cluster.local. TXT", ...existsToUs },
    { name: "MX of ns.dns is empty", ask: "ns.dns.cluster.local. MX", ...nodata },
  ]);

  test("NS of the zone answers ns.dns with the local addresses beside it", async () => {
    const reply = await cluster.ask("cluster.local. NS");
    assert.deepEqual(reply.answer, ["cluster.local. 5 IN NS ns.dns.cluster.local."]);
    assert.deepEqual(
      reply.additional.filter(line => line.includes(" A ")).sort(),
      localAddresses.map(address => `ns.dns.cluster.local. 5 IN A ${address}`).sort(),
    );
  });
});

describe("name server behind a Service", { skip: nobodyOutside }, () => {
  const cluster = useCluster({
    listensEverywhere: true,
    objects: [
      namespace("kube-system"),
      service("kube-system", "kube-dns", {
        clusterIPs: ["10.96.0.53", "fd00:10:96::53"],
        ports: ["dns 53/UDP", "dns-tcp 53"],
      }),
      endpointSlice("kube-system", "kube-dns", {
        ports: ["dns 53/UDP", "dns-tcp 53"],
        endpoints: localAddresses.slice(0, 1),
      }),
      service("kube-system", "dns-peers", { clusterIPs: ["None"], ports: ["dns 53/UDP"] }),
      endpointSlice("kube-system", "dns-peers", {
        ports: ["dns 53/UDP"],
        endpoints: [
          { addresses: localAddresses.slice(0, 1), hostname: "ns-a" },
          { addresses: ["10.244.1.53"], hostname: "ns-b", ready: false },
        ],
      }),
    ],
  });

  answers(cluster, [
    {
      name: "NS of the zone answers the Services whose endpoint the server is, with their addresses beside them",
      ask: "cluster.local. NS",
      over: "tcp",
      answer: `
        cluster.local. 5 IN NS kube-dns.kube-system.svc.cluster.local.
        cluster.local. 5 IN NS ns-a.dns-peers.kube-system.svc.cluster.local.`,
      additional: `
        kube-dns.kube-system.svc.cluster.local. 5 IN A 10.96.0.53
        kube-dns.kube-system.svc.cluster.local. 5 IN AAAA fd00:10:96::53
        ns-a.dns-peers.kube-system.svc.cluster.local. 5 IN A ${localAddresses[0]}`,
    },
    {
      name: "NS of the zone in mixed case answers with the zone as it was typed",
      ask: "Cluster.LOCAL. NS",
      over: "tcp",
      answer: `
        Cluster.LOCAL. 5 IN NS kube-dns.kube-system.svc.Cluster.LOCAL.
        Cluster.LOCAL. 5 IN NS ns-a.dns-peers.kube-system.svc.Cluster.LOCAL.`,
      additional: `
        kube-dns.kube-system.svc.Cluster.LOCAL. 5 IN A 10.96.0.53
        kube-dns.kube-system.svc.Cluster.LOCAL. 5 IN AAAA fd00:10:96::53
        ns-a.dns-peers.kube-system.svc.Cluster.LOCAL. 5 IN A ${localAddresses[0]}`,
      differs: {
        why: "CoreDNS knows its NS records in lower case only",
        coredns: { authority: soa("Cluster.LOCAL.") },
      },
    },
    {
      name: "A of ns.dns answers the same addresses",
      ask: "ns.dns.cluster.local. A",
      answer: `
        ns.dns.cluster.local. 5 IN A 10.96.0.53
        ns.dns.cluster.local. 5 IN A ${localAddresses[0]}`,
    },
    {
      name: "AAAA of ns.dns answers the same addresses",
      ask: "ns.dns.cluster.local. AAAA",
      answer: "ns.dns.cluster.local. 5 IN AAAA fd00:10:96::53",
    },
    { name: "NS below the zone is empty", ask: "kube-dns.kube-system.svc.cluster.local. NS", ...nodata },
    {
      name: "NS below the zone of a name that does not exist is a name error",
      ask: "none.kube-system.svc.cluster.local. NS",
      ...nxdomain,
    },
  ]);
});
