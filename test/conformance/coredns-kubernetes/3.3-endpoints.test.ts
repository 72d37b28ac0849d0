/** Which endpoints of which EndpointSlices count (discovery.k8s.io/v1), as CoreDNS reads them. */

import { describe } from "node:test";
import { endpointSlice, namespace, type RawObject, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, soa, useCluster } from "../conformance-case.ts";

describe("endpoints", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "states", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "states", {
        ports: ["http 80"],
        endpoints: [
          { addresses: ["10.244.2.1"], hostname: "ready", ready: true },
          { addresses: ["10.244.2.2"], hostname: "silent", ready: "absent" },
          { addresses: ["10.244.2.3"], hostname: "not-ready", ready: false },
          { addresses: ["10.244.2.4"], hostname: "leaving", ready: false, serving: true, terminating: true },
        ],
      }),
      service("shop", "split", { clusterIPs: ["None"], ports: ["http 80", "metrics 9090"] }),
      endpointSlice("shop", "split", {
        suffix: "aaaaa",
        ports: ["http 8080"],
        endpoints: [{ addresses: ["10.244.1.1"], hostname: "one" }],
      }),
      endpointSlice("shop", "split", {
        suffix: "bbbbb",
        ports: ["http 8081", "metrics 9090"],
        endpoints: [{ addresses: ["10.244.1.2"], hostname: "two" }],
      }),
      service("shop", "repeated", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "repeated", { suffix: "aaaaa", ports: ["http 80"], endpoints: ["10.244.1.3"] }),
      endpointSlice("shop", "repeated", { suffix: "bbbbb", ports: ["http 80"], endpoints: ["10.244.1.3"] }),
      service("shop", "several", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "several", {
        ports: ["http 80"],
        endpoints: [{ addresses: ["10.244.1.4", "10.244.1.5"], hostname: "many" }],
      }),
      service("shop", "portless", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "portless", { endpoints: [{ addresses: ["10.244.1.6"], hostname: "mute" }] }),
      service("shop", "hosts", { clusterIPs: ["None"], ports: ["http 80"] }),
      endpointSlice("shop", "hosts", {
        addressType: "FQDN",
        ports: ["http 80"],
        endpoints: ["backend.example.com"],
      }),
      service("shop", "unlabelled", { clusterIPs: ["None"], ports: ["http 80"] }),
      withoutLabels(endpointSlice("shop", "unlabelled", { ports: ["http 80"], endpoints: ["10.244.1.7"] })),
      endpointSlice("shop", "orphan", { ports: ["http 80"], endpoints: ["10.244.1.8"] }),
    ],
  });

  answers(cluster, [
    {
      name: "A of a headless Service answers endpoints that are ready or do not say",
      ask: "states.shop.svc.cluster.local. A",
      answer: `
        states.shop.svc.cluster.local. 5 IN A 10.244.2.1
        states.shop.svc.cluster.local. 5 IN A 10.244.2.2`,
    },
    {
      name: "A of an endpoint that does not say whether it is ready answers",
      ask: "silent.states.shop.svc.cluster.local. A",
      answer: "silent.states.shop.svc.cluster.local. 5 IN A 10.244.2.2",
    },
    {
      name: "A of an endpoint that is not ready is a name error",
      ask: "not-ready.states.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of an endpoint that serves while it terminates is a name error",
      ask: "leaving.states.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "PTR of an endpoint that serves while it terminates is a name error",
      ask: "4.2.244.10.in-addr.arpa. PTR",
      ...nxdomain,
      authority: soa("in-addr.arpa."),
    },
    {
      name: "A of a Service with two slices answers the endpoints of both",
      ask: "split.shop.svc.cluster.local. A",
      answer: `
        split.shop.svc.cluster.local. 5 IN A 10.244.1.1
        split.shop.svc.cluster.local. 5 IN A 10.244.1.2`,
    },
    {
      name: "SRV of a Service with two slices answers each endpoint with its own slice's port",
      ask: "_http._tcp.split.shop.svc.cluster.local. SRV",
      answer: `
        _http._tcp.split.shop.svc.cluster.local. 5 IN SRV 0 50 8080 one.split.shop.svc.cluster.local.
        _http._tcp.split.shop.svc.cluster.local. 5 IN SRV 0 50 8081 two.split.shop.svc.cluster.local.`,
      additional: `
        one.split.shop.svc.cluster.local. 5 IN A 10.244.1.1
        two.split.shop.svc.cluster.local. 5 IN A 10.244.1.2`,
    },
    {
      name: "SRV of a port that one slice has answers that slice's endpoints",
      ask: "_metrics._tcp.split.shop.svc.cluster.local. SRV",
      answer:
        "_metrics._tcp.split.shop.svc.cluster.local. 5 IN SRV 0 100 9090 two.split.shop.svc.cluster.local.",
      additional: "two.split.shop.svc.cluster.local. 5 IN A 10.244.1.2",
    },
    {
      name: "A of an address that two slices have answers it once",
      ask: "repeated.shop.svc.cluster.local. A",
      answer: "repeated.shop.svc.cluster.local. 5 IN A 10.244.1.3",
    },
    {
      name: "PTR of an address that two slices have answers its name once",
      ask: "3.1.244.10.in-addr.arpa. PTR",
      answer: "3.1.244.10.in-addr.arpa. 5 IN PTR 10-244-1-3.repeated.shop.svc.cluster.local.",
    },
    {
      name: "A of an endpoint with several addresses answers all of them",
      ask: "many.several.shop.svc.cluster.local. A",
      answer: `
        many.several.shop.svc.cluster.local. 5 IN A 10.244.1.4
        many.several.shop.svc.cluster.local. 5 IN A 10.244.1.5`,
    },
    {
      name: "SRV of an endpoint with several addresses answers once, with all of them beside it",
      ask: "_http._tcp.several.shop.svc.cluster.local. SRV",
      answer:
        "_http._tcp.several.shop.svc.cluster.local. 5 IN SRV 0 50 80 many.several.shop.svc.cluster.local.",
      additional: `
        many.several.shop.svc.cluster.local. 5 IN A 10.244.1.4
        many.several.shop.svc.cluster.local. 5 IN A 10.244.1.5`,
    },
    {
      name: "A of a Service whose slice has no ports answers its endpoints",
      ask: "portless.shop.svc.cluster.local. A",
      answer: "portless.shop.svc.cluster.local. 5 IN A 10.244.1.6",
    },
    {
      name: "SRV of a Service whose slice has no ports is empty",
      ask: "portless.shop.svc.cluster.local. SRV",
      ...nodata,
    },
    {
      name: "SRV of a named port of a Service whose slice has no ports is a name error",
      ask: "_http._tcp.portless.shop.svc.cluster.local. SRV",
      ...nxdomain,
    },
    {
      name: "A of a Service whose slice holds host names answers a CNAME",
      ask: "hosts.shop.svc.cluster.local. A",
      answer: "hosts.shop.svc.cluster.local. 5 IN CNAME backend.example.com.",
    },
    {
      name: "SRV of a Service whose slice holds host names is empty",
      ask: "_http._tcp.hosts.shop.svc.cluster.local. SRV",
      ...nodata,
    },
    {
      name: "A of a Service whose slice lacks the service-name label is a name error",
      ask: "unlabelled.shop.svc.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a slice's Service that does not exist is a name error",
      ask: "orphan.shop.svc.cluster.local. A",
      ...nxdomain,
    },
  ]);
});

function withoutLabels(object: RawObject): RawObject {
  return { ...object, metadata: { ...object.metadata, labels: {} } };
}
