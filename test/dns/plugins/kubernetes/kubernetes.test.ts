/** `kubernetes` in a server block: what it answers, what it leaves to others, what it tells them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kind } from "../../../../src/cluster/objects.ts";
import { trim } from "../../../../src/cluster/trim.ts";
import { kubernetes } from "../../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { isKubernetesLayer } from "../../../../src/dns/plugins/kubernetes/kubernetes-layer.ts";
import type { Handler } from "../../../../src/dns/plugins/plugin.ts";
import type { Metadata } from "../../../../src/dns/plugins/query.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import type { ResourceRecord } from "../../../../src/dns/wire/record.ts";
import type { RawObject } from "../../../support/cluster-fixtures.ts";
import {
  endpointSlice,
  externalNameService,
  namespace,
  pod,
  service,
  serviceImport,
} from "../../../support/cluster-fixtures.ts";
import { storeOf } from "../../zone/zone-case.ts";
import { type Rig, startRig } from "../rig.ts";

const objects = [
  namespace("shop"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  externalNameService("shop", "out", "www.example.org"),
  externalNameService("shop", "there", "none.other.test"),
  externalNameService("shop", "inside", "web.shop.svc.cluster.local"),
  pod("shop", "web-1", { podIPs: ["10.244.0.9"], labels: { tier: "front" } }),
  serviceImport("shop", "far", { ips: ["10.97.0.1"], ports: ["http 80"] }),
];

const elsewhere: ResourceRecord = {
  name: ["www", "example", "org"],
  class: 1,
  ttlSeconds: 60,
  data: { type: "A", address: "192.0.2.1" },
};

/** Answers everything, as a forward would. */
const upstream: Handler = query =>
  replyTo(query.message, {
    plugin: "upstream",
    answers: [elsewhere],
    isAuthoritative: false,
    isFromUpstream: true,
  });

async function start(
  options: string,
  settings: { kinds?: readonly Kind[]; next?: Handler; zones?: string } = {},
) {
  const zones = settings.zones ?? "cluster.local in-addr.arpa";
  const store = storeOf(objects, settings.kinds);
  const rig = await startRig(`. {\n kubernetes ${zones} {\n ${options}\n }\n}`, {
    plugins: [kubernetes],
    store,
    ...(settings.next === undefined ? { upstream } : { upstream: settings.next }),
  });
  return { rig, store };
}

function layerOf(rig: Rig) {
  const layer = rig.chain.members.map(({ layer }) => layer).find(isKubernetesLayer);
  assert.ok(layer);
  return layer;
}

test("a name of the cluster is answered at once, without a turn of the event loop", async () => {
  const { rig } = await start("ttl 30");
  const outcome = rig.chain.handle(rig.query("web.shop.svc.cluster.local. A"));
  assert.ok(!(outcome instanceof Promise) && outcome.kind === "reply");
  assert.equal(outcome.isFromUpstream, false);
  assert.deepEqual((await rig.ask("Web.shop.svc.cluster.local. A")).answers, [
    "Web.shop.svc.cluster.local. 30 IN A 10.96.0.10",
  ]);
  await rig.close();
});

test("names outside its zones and classes other than IN go on", async () => {
  const { rig } = await start("ttl 30");
  for (const question of ["www.example.org. A", "web.shop.svc.cluster.local. CH A"]) {
    const { outcome } = await rig.ask(question);
    assert.equal(outcome.kind === "reply" && outcome.plugin, "upstream", question);
  }
});

test("a denial carries the SOA and its reason", async () => {
  const { rig } = await start("ttl 600");
  const { rcode, authorities, outcome } = await rig.ask("none.shop.svc.cluster.local. A");
  assert.equal(rcode, "NXDOMAIN");
  assert.match(authorities[0] ?? "", /^cluster\.local\. 300 IN SOA .* 600$/);
  assert.equal(outcome.kind === "reply" && outcome.reason?.code, "no-such-service");
});

test("fallthrough lets name errors of its zones go on, and nothing else", async () => {
  const { rig } = await start("fallthrough in-addr.arpa");
  assert.equal((await rig.ask("1.2.0.192.in-addr.arpa. PTR")).answers.length, 1);
  assert.equal((await rig.ask("none.shop.svc.cluster.local. A")).rcode, "NXDOMAIN");
  assert.deepEqual((await rig.ask("10.0.96.10.in-addr.arpa. A")).answers, [], "the name exists");
  const everywhere = await start("fallthrough");
  assert.equal((await everywhere.rig.ask("none.shop.svc.cluster.local. A")).answers.length, 1);
});

test("while not synced names are SERVFAIL with SOA, except what falls through and what is known", async () => {
  const { rig } = await start("fallthrough in-addr.arpa", { kinds: ["Namespace"] });
  const denied = await rig.ask("none.shop.svc.cluster.local. A");
  assert.deepEqual([denied.rcode, denied.authorities.length], ["SERVFAIL", 1]);
  assert.ok(denied.outcome.kind === "reply" && denied.outcome.message.isAuthoritative);
  assert.equal((await rig.ask("web.shop.svc.cluster.local. A")).answers.length, 1);
  assert.equal((await rig.ask("1.2.0.192.in-addr.arpa. PTR")).answers.length, 1);
});

test("a zone transfer is refused by code alone", async () => {
  const { rig } = await start("ttl 30");
  const { outcome } = await rig.ask("cluster.local. AXFR");
  assert.deepEqual([outcome.kind, outcome.kind === "failure" && outcome.rcode], ["failure", 5]);
});

test("an ExternalName to the outside is looked up by the server, and is not to be kept as the upstream's", async () => {
  const { rig } = await start("ttl 30");
  const { answers, outcome } = await rig.ask("out.shop.svc.cluster.local. A");
  assert.deepEqual(answers, [
    "out.shop.svc.cluster.local. 30 IN CNAME www.example.org.",
    "www.example.org. 60 IN A 192.0.2.1",
  ]);
  assert.ok(outcome.kind === "reply" && outcome.plugin === "kubernetes" && !outcome.isFromUpstream);
  assert.equal((await rig.ask("out.shop.svc.cluster.local. CNAME")).answers.length, 1);
  assert.equal((await rig.ask("inside.shop.svc.cluster.local. A")).answers.length, 2);
});

test("whatever the outside says, the CNAME is answered, and truncation is passed on", async () => {
  const cname = "out.shop.svc.cluster.local. 5 IN CNAME www.example.org.";
  const outcomes: readonly Handler[] = [
    () => ({ kind: "failure", rcode: 2 }),
    query => replyTo(query.message, { plugin: "upstream", rcode: 3 }),
    async () => ({ kind: "drop" }),
  ];
  for (const next of outcomes) {
    const { rig } = await start("ttl 5", { next });
    const { rcode, answers } = await rig.ask("out.shop.svc.cluster.local. A");
    assert.deepEqual([rcode, answers], ["NOERROR", [cname]]);
  }
  const truncating: Handler = query => replyTo(query.message, { plugin: "upstream", isTruncated: true });
  const { outcome } = await (await start("ttl 5", { next: truncating })).rig.ask(
    "out.shop.svc.cluster.local. A",
  );
  assert.ok(outcome.kind === "reply" && outcome.message.isTruncated);
});

test("an ExternalName into another of its zones falls through there like any other name", async () => {
  const { rig } = await start("fallthrough other.test", { zones: "cluster.local other.test" });
  assert.equal((await rig.ask("there.shop.svc.cluster.local. A")).answers.length, 2);
});

test("metadata tells the parts of the name and the Pod that asks", async () => {
  const { rig } = await start("pods verified\n zonal\n multicluster set.local", {
    zones: "cluster.local set.local",
  });
  const describe = (question: string): Record<string, string> => {
    const metadata: Metadata = new Map();
    layerOf(rig).describe?.(rig.query(question), metadata);
    return Object.fromEntries(
      Array.from(metadata, ([key, value]) => [key.replace("kubernetes/", ""), value()]),
    );
  };
  const client = { "client-namespace": "shop", "client-pod-name": "web-1", "client-label/tier": "front" };
  const none = { "port-name": "", protocol: "", endpoint: "", service: "", namespace: "", kind: "" };
  const ofPod = { ...describe("www.example.org. A") };
  assert.equal(ofPod["client-label/app.kubernetes.io/name"], "web-1");
  const { "client-label/app.kubernetes.io/name": _name, ...named } = ofPod;
  assert.deepEqual(named, client);
  const partsOf = (question: string) =>
    Object.fromEntries(Object.entries(describe(question)).filter(([key]) => !key.startsWith("client-")));
  const web = { ...none, service: "web", namespace: "shop", kind: "svc" };
  assert.deepEqual(partsOf("_http._TCP.web.shop.svc.cluster.local. SRV"), {
    ...{ ...web, "port-name": "http", protocol: "tcp", zone: "" },
  });
  assert.deepEqual(partsOf("a.b.pin._zone.web.shop.svc.cluster.local. A"), { ...web, zone: "a.b" });
  assert.deepEqual(partsOf("ep.east.web.shop.svc.set.local. A"), {
    ...{ ...web, endpoint: "ep", cluster: "east", zone: "" },
  });
  assert.deepEqual(partsOf("cluster.local. A"), { ...none, zone: "" });
  assert.deepEqual(partsOf("www.example.org.cluster.local. A"), { "parse-error": "invalid query name" });
});

test("the search path of a known Pod begins with its namespace and ends with the name as it is", async () => {
  const { rig } = await start("pods verified");
  const path = layerOf(rig).searchPath(rig.query("x.shop.svc.cluster.local. A"));
  assert.deepEqual(path?.slice(0, 3), [
    ["shop", "svc", "cluster", "local"],
    ["svc", "cluster", "local"],
    ["cluster", "local"],
  ]);
  assert.deepEqual(path?.at(-1), []);
  const asked = (question: string, address: string) =>
    layerOf(rig).searchPath(rig.query(question, { client: { address } }));
  assert.equal(asked("x.shop.svc.cluster.local. A", "10.244.0.77"), undefined);
  assert.equal(asked("www.example.org. A", "10.244.0.9"), undefined);
  const insecure = await start("pods insecure");
  assert.equal(layerOf(insecure.rig).searchPath(rig.query("x.cluster.local. A")), undefined);
});

test("programming durations are counted by the kind of Service, from the first sync on", async () => {
  const { rig, store } = await start("ttl 30");
  const metric = "coredns_kubernetes_dns_programming_duration_seconds";
  const changeTriggeredAt = new Date().toISOString();
  const apply = (raw: RawObject) => store.apply(trim("EndpointSlice", raw));
  apply(endpointSlice("shop", "web", { endpoints: ["10.244.1.1"], changeTriggeredAt }));
  apply(endpointSlice("shop", "db", { endpoints: ["10.244.1.2"], changeTriggeredAt }));
  apply(endpointSlice("shop", "db", { suffix: "b", endpoints: ["10.244.1.3"] }));
  apply(endpointSlice("shop", "unknown", { endpoints: ["10.244.1.4"], changeTriggeredAt }));
  const { spec, ...byHand } = service("shop", "by-hand", { clusterIPs: ["None"] });
  store.apply(trim("Service", { ...byHand, spec: { ...(spec as object), selector: undefined } }));
  apply(endpointSlice("shop", "by-hand", { endpoints: ["10.244.1.6"], changeTriggeredAt }));
  await rig.close();
  apply(endpointSlice("shop", "web", { suffix: "c", endpoints: ["10.244.1.5"], changeTriggeredAt }));
  assert.equal(rig.metrics.get(`${metric}{service_kind="cluster_ip"}`), 1);
  assert.equal(rig.metrics.get(`${metric}{service_kind="headless_with_selector"}`), 1);
  assert.equal(rig.metrics.get(`${metric}{service_kind="headless_without_selector"}`), 1);
});
