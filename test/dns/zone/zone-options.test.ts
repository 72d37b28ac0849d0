import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointSlice, namespace, pod, service } from "../../support/cluster-fixtures.ts";
import { ask, storeOf, zoneOptions } from "./zone-case.ts";

const shop = [
  namespace("shop"),
  namespace("back"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  service("shop", "idle", { clusterIPs: ["10.96.0.11"], ports: ["http 80"] }),
  service("back", "web", { clusterIPs: ["10.96.0.12"], ports: ["http 80"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  endpointSlice("shop", "web", { ports: ["http 8080"], endpoints: ["10.244.1.1"] }),
  endpointSlice("shop", "db", {
    ports: ["sql 5432"],
    endpoints: [
      { addresses: ["10.244.1.3"], podName: "db-a" },
      { addresses: ["10.244.1.4"], podName: "d".repeat(64) },
      { addresses: ["10.244.1.5"], podName: "db-c", hostname: "named" },
    ],
  }),
  pod("shop", "web-1", { podIPs: ["10.244.1.1"] }),
];
const store = storeOf(shop);

test("namespaces given answers those and denies the others", () => {
  const options = zoneOptions({ namespaces: new Set(["shop"]) });
  assert.equal(ask(store, options, "web.shop.svc.cluster.local. A").rcode, "NOERROR");
  const denied = ask(store, options, "web.back.svc.cluster.local. A");
  assert.deepEqual([denied.rcode, denied.reason], ["NXDOMAIN", "no-such-namespace"]);
  assert.deepEqual(ask(store, options, "10.0.96.10.in-addr.arpa. PTR").answers, [
    "10.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.",
  ]);
  assert.equal(ask(store, options, "12.0.96.10.in-addr.arpa. PTR").reason, "no-such-address");
});

test("ignoreEmptyService denies a ClusterIP Service without ready endpoints only", () => {
  const options = zoneOptions({ ignoreEmptyService: true });
  assert.equal(ask(store, options, "web.shop.svc.cluster.local. A").rcode, "NOERROR");
  const denied = ask(store, options, "idle.shop.svc.cluster.local. A");
  assert.deepEqual([denied.rcode, denied.reason], ["NXDOMAIN", "empty-service"]);
  assert.equal(ask(store, zoneOptions(), "idle.shop.svc.cluster.local. A").rcode, "NOERROR");
});

test("endpointPodNames names an endpoint after its Pod unless the name is no label or there is a hostname", () => {
  const options = zoneOptions({ endpointPodNames: true });
  assert.deepEqual(ask(store, options, "db.shop.svc.cluster.local. SRV").answers, [
    "db.shop.svc.cluster.local. 5 IN SRV 0 33 5432 10-244-1-4.db.shop.svc.cluster.local.",
    "db.shop.svc.cluster.local. 5 IN SRV 0 33 5432 db-a.db.shop.svc.cluster.local.",
    "db.shop.svc.cluster.local. 5 IN SRV 0 33 5432 named.db.shop.svc.cluster.local.",
  ]);
  assert.deepEqual(ask(store, options, "db-a.db.shop.svc.cluster.local. A").answers, [
    "db-a.db.shop.svc.cluster.local. 5 IN A 10.244.1.3",
  ]);
});

test("pods verified answers addresses of Pods in that very namespace", () => {
  const options = zoneOptions({ pods: "verified" });
  assert.deepEqual(ask(store, options, "10-244-1-1.shop.pod.cluster.local. A").answers, [
    "10-244-1-1.shop.pod.cluster.local. 5 IN A 10.244.1.1",
  ]);
  assert.equal(ask(store, options, "10-244-1-1.back.pod.cluster.local. A").reason, "no-such-pod");
});

test("a zone within a zone is asked before the outer one", () => {
  const zones = [["cluster", "local"], ["local"]];
  const options = zoneOptions({ zones });
  assert.equal(ask(store, options, "web.shop.svc.cluster.local. A").answers.length, 1);
  assert.equal(ask(store, options, "web.shop.svc.local. A").answers.length, 1);
});

test("the root as a zone answers names without a cluster domain", () => {
  const options = zoneOptions({ zones: [[]] });
  assert.deepEqual(ask(store, options, "web.shop.svc. A").answers, ["web.shop.svc. 5 IN A 10.96.0.10"]);
  assert.deepEqual(ask(store, options, "10.0.96.10.in-addr.arpa. PTR").answers, [
    "10.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.",
  ]);
});

test("name servers are the Services in front of the server, else the server itself", () => {
  const dns = [
    namespace("kube-system"),
    service("kube-system", "kube-dns", { clusterIPs: ["10.96.0.2"], ports: ["dns 53/UDP"] }),
    endpointSlice("kube-system", "kube-dns", { ports: ["dns 53/UDP"], endpoints: ["10.244.0.2"] }),
  ];
  const found = ask(storeOf(dns), zoneOptions(), "cluster.local. NS");
  assert.deepEqual(found.answers, ["cluster.local. 5 IN NS kube-dns.kube-system.svc.cluster.local."]);
  assert.deepEqual(found.additionals, ["kube-dns.kube-system.svc.cluster.local. 5 IN A 10.96.0.2"]);
  const alone = ask(store, zoneOptions(), "cluster.local. NS");
  assert.deepEqual(alone.answers, ["cluster.local. 5 IN NS ns.dns.cluster.local."]);
  assert.deepEqual(alone.additionals, ["ns.dns.cluster.local. 5 IN A 10.244.0.2"]);
});
