/** Record forms: TTLs, SRV weights and what is left out as a duplicate. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, soa, useCluster } from "../conformance-case.ts";

const objects = [
  namespace("shop"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  service("shop", "peers", { clusterIPs: ["None"], ports: ["http 80"] }),
  endpointSlice("shop", "peers", {
    ports: ["http 80"],
    endpoints: [{ addresses: ["10.244.1.1"], hostname: "peer-0" }],
  }),
  service("shop", "mixed", { clusterIPs: ["None"], ports: ["dns 53/UDP", "dns-tcp 53"] }),
  endpointSlice("shop", "mixed", {
    ports: ["dns 53/UDP", "dns-tcp 53"],
    endpoints: [{ addresses: ["10.244.1.2"], hostname: "mixed-0" }],
  }),
];

describe("weights and duplicates", () => {
  const cluster = useCluster({
    objects: [...objects, ...[1, 2, 3, 4, 7, 120].flatMap(headlessOf)],
  });
  /** ⌊100 / n⌋, never 0. */
  const weights = [
    [1, 100],
    [2, 50],
    [3, 33],
    [4, 25],
    [7, 14],
    [120, 1],
  ] as const;

  for (const [count, weight] of weights) {
    test(`SRV of ${count} endpoints answers weight ${weight} for each`, async () => {
      const reply = await cluster.ask(`_http._tcp.of-${count}.shop.svc.cluster.local. SRV`, {}, "tcp");
      assert.equal(reply.answer.length, count);
      for (const line of reply.answer) assert.match(line, new RegExp(` SRV 0 ${weight} 80 `));
      assert.equal(reply.additional.length, count);
    });
  }

  answers(cluster, [
    {
      name: "SRV of one port number in two protocols answers once, with the weight of two",
      ask: "mixed.shop.svc.cluster.local. SRV",
      answer: "mixed.shop.svc.cluster.local. 5 IN SRV 0 50 53 mixed-0.mixed.shop.svc.cluster.local.",
      additional: "mixed-0.mixed.shop.svc.cluster.local. 5 IN A 10.244.1.2",
    },
    {
      name: "A of an address behind two ports answers once",
      ask: "mixed.shop.svc.cluster.local. A",
      answer: "mixed.shop.svc.cluster.local. 5 IN A 10.244.1.2",
    },
  ]);
});

function headlessOf(count: number) {
  const name = `of-${count}`;
  const addresses = Array.from({ length: count }, (_, index) => `10.244.${count}.${index + 1}`);
  return [
    service("shop", name, { clusterIPs: ["None"], ports: ["http 80"] }),
    endpointSlice("shop", name, { ports: ["http 80"], endpoints: addresses }),
  ];
}

describe("TTL of an hour", () => {
  const cluster = useCluster({ objects, pods: "insecure", ttlSeconds: 3600 });

  answers(cluster, [
    {
      name: "A of a Service has the configured TTL",
      ask: "web.shop.svc.cluster.local. A",
      answer: "web.shop.svc.cluster.local. 3600 IN A 10.96.0.10",
    },
    {
      name: "SRV and its additional records have the configured TTL",
      ask: "_http._tcp.peers.shop.svc.cluster.local. SRV",
      answer:
        "_http._tcp.peers.shop.svc.cluster.local. 3600 IN SRV 0 100 80 peer-0.peers.shop.svc.cluster.local.",
      additional: "peer-0.peers.shop.svc.cluster.local. 3600 IN A 10.244.1.1",
    },
    {
      name: "PTR has the configured TTL",
      ask: "10.0.96.10.in-addr.arpa. PTR",
      answer: "10.0.96.10.in-addr.arpa. 3600 IN PTR web.shop.svc.cluster.local.",
    },
    {
      name: "A of a pod has the configured TTL",
      ask: "10-1-2-3.shop.pod.cluster.local. A",
      answer: "10-1-2-3.shop.pod.cluster.local. 3600 IN A 10.1.2.3",
    },
    {
      name: "dns-version has its own TTL",
      ask: "dns-version.cluster.local. TXT",
      answer: 'dns-version.cluster.local. 28800 IN TXT "1.1.0"',
    },
    {
      name: "name error has an SOA of five minutes whose minimum is the configured TTL",
      ask: "none.shop.svc.cluster.local. A",
      ...nxdomain,
      authority: soa("cluster.local.", 3600),
    },
    {
      name: "missing type has an SOA of five minutes whose minimum is the configured TTL",
      ask: "web.shop.svc.cluster.local. AAAA",
      ...nodata,
      authority: soa("cluster.local.", 3600),
    },
  ]);
});

describe("TTL zero", () => {
  const cluster = useCluster({ objects, ttlSeconds: 0 });

  answers(cluster, [
    {
      name: "A of a Service has TTL 0",
      ask: "web.shop.svc.cluster.local. A",
      answer: "web.shop.svc.cluster.local. 0 IN A 10.96.0.10",
    },
    {
      name: "name error has an SOA with TTL and minimum 0",
      ask: "none.shop.svc.cluster.local. A",
      ...nxdomain,
      authority: soa("cluster.local.", 0),
    },
  ]);
});
