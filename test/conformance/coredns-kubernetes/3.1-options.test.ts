/** Options of `kubernetes` that choose what is answered, and those that keep a server from starting. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointSlice, externalNameService, namespace, service } from "../../support/cluster-fixtures.ts";
import { startSubject } from "../../support/subject.ts";
import { answers, soa, useCluster } from "../conformance-case.ts";

const zones = "cluster.local in-addr.arpa";
const objects = [
  namespace("shop", { team: "shop" }),
  namespace("back", { team: "back" }),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"], labels: { tier: "front" } }),
  service("shop", "idle", { clusterIPs: ["10.96.0.11"], ports: ["http 80"] }),
  service("back", "web", { clusterIPs: ["10.96.0.12"], ports: ["http 80"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  externalNameService("shop", "out", "www.example.com"),
  endpointSlice("shop", "web", {
    ports: ["http 80"],
    endpoints: [{ addresses: ["10.244.1.1"], podName: "web-1" }],
  }),
  endpointSlice("shop", "db", {
    ports: ["sql 5432"],
    endpoints: [
      { addresses: ["10.244.1.2"], podName: "db-a" },
      { addresses: ["10.244.1.3"], podName: "db-b", hostname: "named" },
    ],
  }),
];

interface Options {
  /** The cluster domain of these options alone. */
  readonly domain: string;
  readonly reverseZone?: string;
  readonly options: string;
}

/** One server block for each. */
function useOptions(...blocks: readonly Options[]) {
  return useCluster({
    objects,
    corefile: site =>
      blocks
        .map(({ domain, reverseZone = "", options }, place) => {
          const zones = [domain, reverseZone].filter(zone => zone !== "");
          const head = place === 0 ? site.common : site.bind;
          return `${site.keys(...zones)} {\n${head}\n${site.kubernetes(zones.join(" "), options)}\n}\n`;
        })
        .join(""),
  });
}

const deniedIn = (zone: string) => ({ rcode: "NXDOMAIN", authority: soa(zone) });
const webIn = (zone: string) => ({
  name: `a Service of ${zone} is answered`,
  ask: `web.shop.svc.${zone} A`,
  answer: `web.shop.svc.${zone} 5 IN A 10.96.0.10`,
});

describe("kubernetes restricted", () => {
  const cluster = useOptions(
    { domain: "named.test.", reverseZone: "96.10.in-addr.arpa", options: "namespaces shop" },
    { domain: "flat.test.", reverseZone: "244.10.in-addr.arpa", options: "noendpoints" },
    { domain: "labelled.test.", options: "labels tier=front" },
  );
  answers(cluster, [
    webIn("named.test."),
    {
      name: "a Service outside the namespaces is a name error",
      ask: "web.back.svc.named.test. A",
      ...deniedIn("named.test."),
    },
    {
      name: "a namespace that is not given is a name error",
      ask: "back.svc.named.test. A",
      ...deniedIn("named.test."),
    },
    {
      name: "a cluster IP outside the namespaces is a name error",
      ask: "12.0.96.10.in-addr.arpa. PTR",
      ...deniedIn("96.10.in-addr.arpa."),
    },
    webIn("flat.test."),
    {
      name: "a headless Service with noendpoints is a name error",
      ask: "db.shop.svc.flat.test. A",
      ...deniedIn("flat.test."),
    },
    {
      name: "an endpoint with noendpoints is a name error",
      ask: "named.db.shop.svc.flat.test. A",
      ...deniedIn("flat.test."),
    },
    {
      name: "an endpoint's address with noendpoints is a name error",
      ask: "1.1.244.10.in-addr.arpa. PTR",
      ...deniedIn("244.10.in-addr.arpa."),
    },
    webIn("labelled.test."),
    {
      name: "a Service without the labels is a name error",
      ask: "idle.shop.svc.labelled.test. A",
      ...deniedIn("labelled.test."),
    },
    {
      name: "an endpoint of a slice without the labels is a name error",
      ask: "10-244-1-1.web.shop.svc.labelled.test. A",
      ...deniedIn("labelled.test."),
    },
    {
      name: "labels do not select namespaces",
      ask: "back.svc.labelled.test. A",
      authority: soa("labelled.test."),
    },
  ]);
});

describe("kubernetes with", () => {
  const cluster = useOptions(
    {
      domain: "selected.test.",
      reverseZone: "96.10.in-addr.arpa",
      options: "namespace_labels team in (shop, front)",
    },
    {
      domain: "pods.test.",
      reverseZone: "244.10.in-addr.arpa",
      options: "endpoint_pod_names\nignore empty_service",
    },
    { domain: "slow.test.", options: "ttl 3600" },
  );
  answers(cluster, [
    webIn("selected.test."),
    {
      name: "namespace_labels denies a Service of another namespace",
      ask: "web.back.svc.selected.test. A",
      ...deniedIn("selected.test."),
    },
    {
      name: "namespace_labels answers a cluster IP of another namespace all the same",
      ask: "12.0.96.10.in-addr.arpa. PTR",
      answer: "12.0.96.10.in-addr.arpa. 5 IN PTR web.back.svc.selected.test.",
    },
    {
      name: "endpoint_pod_names calls endpoints by their hostname, else by their Pod",
      ask: "_sql._tcp.db.shop.svc.pods.test. SRV",
      answer: `
        _sql._tcp.db.shop.svc.pods.test. 5 IN SRV 0 50 5432 db-a.db.shop.svc.pods.test.
        _sql._tcp.db.shop.svc.pods.test. 5 IN SRV 0 50 5432 named.db.shop.svc.pods.test.`,
      additional: `
        db-a.db.shop.svc.pods.test. 5 IN A 10.244.1.2
        named.db.shop.svc.pods.test. 5 IN A 10.244.1.3`,
    },
    {
      name: "endpoint_pod_names has PTR name the Pod",
      ask: "1.1.244.10.in-addr.arpa. PTR",
      answer: "1.1.244.10.in-addr.arpa. 5 IN PTR web-1.web.shop.svc.pods.test.",
    },
    {
      name: "endpoint_pod_names leaves no name for the address",
      ask: "10-244-1-2.db.shop.svc.pods.test. A",
      ...deniedIn("pods.test."),
    },
    webIn("pods.test."),
    {
      name: "ignore empty_service denies a Service without endpoints",
      ask: "idle.shop.svc.pods.test. A",
      ...deniedIn("pods.test."),
    },
    {
      name: "ignore empty_service answers an ExternalName",
      ask: "out.shop.svc.pods.test. CNAME",
      answer: "out.shop.svc.pods.test. 5 IN CNAME www.example.com.",
    },
    {
      name: "ttl is how long records live",
      ask: "web.shop.svc.slow.test. A",
      answer: "web.shop.svc.slow.test. 3600 IN A 10.96.0.10",
    },
    {
      name: "ttl is not how long denials live beyond 300 seconds",
      ask: "none.shop.svc.slow.test. A",
      rcode: "NXDOMAIN",
      authority: soa("slow.test.", 3600),
    },
  ]);
});

const refused: readonly (readonly [what: string, zones: string, options: string])[] = [
  ["reverse zones only", "10.0.0.0/8", "ttl 5"],
  ["a TTL above an hour", zones, "ttl 3601"],
  ["an unknown mode for Pods", zones, "pods secure"],
  ["namespaces beside namespace_labels", zones, "namespaces shop\nnamespace_labels a=b"],
  ["a broken label selector", zones, "labels a in b"],
  ["a multicluster zone that is not served", zones, "multicluster clusterset.local"],
  ["two files for tls", zones, "tls cert.pem key.pem"],
];
describe("a server", { concurrency: 2 }, () => {
  for (const [what, served, options] of refused) {
    test(`with ${what} does not start`, async () => {
      const starting = startSubject({
        corefile: site => `${site.keys(".")} {\n${site.common}\n${site.kubernetes(served, options)}\n}\n`,
        awaitReady: false,
      });
      await assert.rejects(starting, /ended before it was up/);
    });
  }
});
