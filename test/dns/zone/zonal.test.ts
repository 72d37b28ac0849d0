/** Names for the endpoints of one topology zone: CoreDNS's `zonal`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointSlice, externalNameService, namespace, service } from "../../support/cluster-fixtures.ts";
import { ask, storeOf, zoneOptions } from "./zone-case.ts";

const objects = [
  namespace("shop"),
  service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  endpointSlice("shop", "db", {
    ports: ["sql 5432"],
    endpoints: [
      { addresses: ["10.244.1.1"], zone: "us-west-2a" },
      { addresses: ["10.244.1.2"], zone: "us-west-2b" },
      { addresses: ["10.244.1.3"], zone: "Rack.Example" },
    ],
  }),
  service("shop", "empty", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  externalNameService("shop", "out", "www.example.com"),
];
const store = storeOf(objects);
const options = zoneOptions({ zonal: true });

const cases: readonly (readonly [name: string, rcode: string, ...addresses: string[]])[] = [
  ["us-west-2a.pin._zone.db", "NOERROR", "10.244.1.1"],
  ["US-West-2A.Pin._Zone.db", "NOERROR", "10.244.1.1"],
  ["us-west-2a.prefer._zone.db", "NOERROR", "10.244.1.1"],
  ["rack.example.pin._zone.db", "NOERROR", "10.244.1.3"],
  ["us-west-2c.pin._zone.db", "NOERROR"],
  ["us-west-2c.prefer._zone.db", "NOERROR", "10.244.1.1", "10.244.1.2", "10.244.1.3"],
  ["us-west-2a.pin._zone.empty", "NOERROR"],
  ["us-west-2a.prefer._zone.empty", "NOERROR"],
  ["pin._zone.db", "NOERROR"],
  ["_zone.db", "NOERROR"],
  ["us-west-2a.pin._zone.web", "NXDOMAIN"],
  ["pin._zone.web", "NXDOMAIN"],
  ["us-west-2a.pin._zone.out", "NXDOMAIN"],
  ["us-west-2a.pin._zone.none", "NXDOMAIN"],
  ["us-west-2a.only._zone.db", "NXDOMAIN"],
  ["only._zone.db", "NXDOMAIN"],
  ["us-west-2a.pin.zone.db", "NXDOMAIN"],
];
for (const [name, rcode, ...addresses] of cases) {
  test(`${name} with zonal is ${rcode} with ${addresses.length} addresses`, () => {
    const said = ask(store, options, `${name}.shop.svc.cluster.local. A`);
    assert.equal(said.rcode, rcode);
    assert.deepEqual(
      said.answers.map(line => line.split(" ").at(-1)),
      addresses,
    );
  });
}

test("SRV of a topology zone lists its endpoints under their usual names", () => {
  assert.deepEqual(ask(store, options, "us-west-2b.pin._zone.db.shop.svc.cluster.local. SRV").answers, [
    "us-west-2b.pin._zone.db.shop.svc.cluster.local. 5 IN SRV 0 100 5432 10-244-1-2.db.shop.svc.cluster.local.",
  ]);
});

test("an empty topology zone says so, and is SERVFAIL while slices are unknown", () => {
  const question = "us-west-2c.pin._zone.db.shop.svc.cluster.local. A";
  assert.equal(ask(store, options, question).reason, "no-endpoint-in-zone");
  const unsynced = storeOf(objects, ["Namespace", "Service"]);
  assert.equal(ask(unsynced, options, question).rcode, "SERVFAIL");
});

test("without zonal such names are too long to be any", () => {
  const said = ask(store, zoneOptions(), "us-west-2a.pin._zone.db.shop.svc.cluster.local. A");
  assert.deepEqual([said.rcode, said.reason], ["NXDOMAIN", "search-path-miss"]);
});

test("noEndpoints denies headless Services, names of endpoints and their PTR, and says why", () => {
  const without = zoneOptions({ noEndpoints: true });
  const denied = ["db.shop.svc.cluster.local. A", "10-244-1-1.db.shop.svc.cluster.local. A"];
  for (const question of denied) {
    const said = ask(store, without, question);
    assert.deepEqual([said.rcode, said.reason], ["NXDOMAIN", "endpoints-disabled"], question);
  }
  assert.equal(ask(store, without, "1.1.244.10.in-addr.arpa. PTR").rcode, "NXDOMAIN");
  assert.equal(ask(store, without, "web.shop.svc.cluster.local. A").rcode, "NOERROR");
  const unsynced = storeOf(objects, ["Namespace", "Service"]);
  assert.equal(ask(unsynced, without, "none.shop.svc.cluster.local. A").rcode, "NXDOMAIN");
});
