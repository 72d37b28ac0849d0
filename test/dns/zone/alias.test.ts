import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointSlice, externalNameService, namespace, service } from "../../support/cluster-fixtures.ts";
import { ask, storeOf, zoneOptions } from "./zone-case.ts";

const options = zoneOptions();

function chain(length: number) {
  const links = Array.from({ length }, (_, place) =>
    externalNameService("shop", `link-${place}`, `link-${place + 1}.shop.svc.cluster.local`),
  );
  return [
    namespace("shop"),
    ...links,
    service("shop", `link-${length}`, { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  ];
}

test("an ExternalName into the zone answers the whole chain", () => {
  assert.deepEqual(ask(storeOf(chain(2)), options, "link-0.shop.svc.cluster.local. A").answers, [
    "link-0.shop.svc.cluster.local. 5 IN CNAME link-1.shop.svc.cluster.local.",
    "link-1.shop.svc.cluster.local. 5 IN CNAME link-2.shop.svc.cluster.local.",
    "link-2.shop.svc.cluster.local. 5 IN A 10.96.0.10",
  ]);
});

test("a chain of eleven names is answered, one of twelve is NODATA", () => {
  assert.equal(ask(storeOf(chain(11)), options, "link-0.shop.svc.cluster.local. A").answers.length, 12);
  const long = ask(storeOf(chain(12)), options, "link-0.shop.svc.cluster.local. A");
  assert.deepEqual([long.rcode, long.reason, long.answers], ["NOERROR", "external-name-unresolved", []]);
});

test("ExternalNames that lead to each other are NODATA", () => {
  const store = storeOf([
    namespace("shop"),
    externalNameService("shop", "a", "b.shop.svc.cluster.local"),
    externalNameService("shop", "b", "a.shop.svc.cluster.local"),
    externalNameService("shop", "self", "x.self.shop.svc.cluster.local"),
  ]);
  for (const name of ["a", "self"]) {
    const said = ask(store, options, `${name}.shop.svc.cluster.local. A`);
    assert.deepEqual([said.rcode, said.reason], ["NOERROR", "external-name-unresolved"], name);
    assert.equal(ask(store, options, `${name}.shop.svc.cluster.local. CNAME`).answers.length, 1, name);
  }
});

test("an ExternalName into another of the zones keeps its CNAME even when nothing is there", () => {
  const zones = [
    ["cluster", "local"],
    ["other", "test"],
  ];
  const store = storeOf([
    namespace("shop"),
    externalNameService("shop", "there", "web.shop.svc.other.test"),
    externalNameService("shop", "nowhere", "none.shop.svc.other.test"),
    service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  ]);
  assert.deepEqual(ask(store, zoneOptions({ zones }), "there.shop.svc.cluster.local. A").answers, [
    "there.shop.svc.cluster.local. 5 IN CNAME web.shop.svc.other.test.",
    "web.shop.svc.other.test. 5 IN A 10.96.0.10",
  ]);
  assert.deepEqual(ask(store, zoneOptions({ zones }), "nowhere.shop.svc.cluster.local. A").answers, [
    "nowhere.shop.svc.cluster.local. 5 IN CNAME none.shop.svc.other.test.",
  ]);
});

test("an ExternalName into the zone is SERVFAIL, not NODATA, while its target may only be unknown yet", () => {
  const objects = [namespace("shop"), externalNameService("shop", "pay", "web.shop.svc.cluster.local")];
  const said = ask(storeOf(objects, ["Namespace"]), options, "pay.shop.svc.cluster.local. A");
  assert.deepEqual([said.rcode, said.reason], ["SERVFAIL", "not-synced"]);
});

test("an externalName that is no domain name is denied and harms nothing else", () => {
  const store = storeOf([namespace("shop"), externalNameService("shop", "bad", "a..b")]);
  assert.equal(ask(store, options, "bad.shop.svc.cluster.local. A").reason, "external-name-unusable");
});

test("a slice of host names answers the first that leads anywhere, and no SRV", () => {
  const store = storeOf([
    namespace("shop"),
    service("shop", "ext", { clusterIPs: ["None"], ports: ["http 80"] }),
    endpointSlice("shop", "ext", {
      addressType: "FQDN",
      ports: ["http 80"],
      endpoints: ["none.shop.svc.cluster.local", "one.example.com", "two.example.com"],
    }),
  ]);
  assert.deepEqual(ask(store, options, "ext.shop.svc.cluster.local. A").answers, [
    "ext.shop.svc.cluster.local. 5 IN CNAME one.example.com.",
  ]);
  assert.deepEqual(ask(store, options, "ext.shop.svc.cluster.local. SRV").answers, []);
});

test("host names beside addresses are no CNAME in any type and no part of the SRV weight", () => {
  const store = storeOf([
    namespace("shop"),
    service("shop", "mix", { clusterIPs: ["None"], ports: ["http 80"] }),
    endpointSlice("shop", "mix", { ports: ["http 80"], endpoints: ["10.244.1.1"] }),
    endpointSlice("shop", "mix", {
      suffix: "names",
      addressType: "FQDN",
      ports: ["http 80"],
      endpoints: ["one.example.com", "two.example.com"],
    }),
  ]);
  assert.equal(ask(store, options, "mix.shop.svc.cluster.local. AAAA").reason, "no-such-family");
  assert.deepEqual(ask(store, options, "mix.shop.svc.cluster.local. A").answers, [
    "mix.shop.svc.cluster.local. 5 IN A 10.244.1.1",
  ]);
  assert.deepEqual(ask(store, options, "mix.shop.svc.cluster.local. SRV").answers, [
    "mix.shop.svc.cluster.local. 5 IN SRV 0 100 80 10-244-1-1.mix.shop.svc.cluster.local.",
  ]);
});
