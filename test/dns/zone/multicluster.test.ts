/** ServiceImports in zones of their own (KEP-1645). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseName } from "../../../src/dns/wire/name.ts";
import {
  endpointSlice,
  importedSlice,
  namespace,
  service,
  serviceImport,
} from "../../support/cluster-fixtures.ts";
import { answerOf, ask, storeOf, zoneOptions } from "./zone-case.ts";

const objects = [
  namespace("shop"),
  service("shop", "local", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  endpointSlice("shop", "local", { ports: ["http 80"], endpoints: ["10.244.1.1"] }),
  serviceImport("shop", "web", { ips: ["10.97.0.1"], ports: ["http 80"] }),
  importedSlice("shop", "web", "east", { ports: ["http 8080"], endpoints: ["10.2.0.1"] }),
  serviceImport("shop", "db", { type: "Headless", ports: ["sql 5432"] }),
  importedSlice("shop", "db", "East", {
    ports: ["sql 5432"],
    endpoints: [{ addresses: ["10.2.0.2"], hostname: "db-0" }],
  }),
  importedSlice("shop", "db", "west", {
    ports: ["sql 5432"],
    endpoints: [
      { addresses: ["10.3.0.2"], hostname: "db-0" },
      { addresses: ["10.3.0.3"], hostname: "db-1", ready: false },
    ],
  }),
  serviceImport("shop", "portless", { ips: ["10.97.0.2"] }),
  serviceImport("shop", "empty", { ips: ["10.97.0.3"], ports: ["http 80"] }),
];
const store = storeOf(objects);
const options = zoneOptions({
  zones: ["cluster.local", "clusterset.local", "in-addr.arpa"].map(parseName),
  multiclusterZones: [parseName("clusterset.local")],
});

const cases: readonly (readonly [question: string, ...answers: string[]])[] = [
  ["web.shop.svc.clusterset.local. A", "web.shop.svc.clusterset.local. 5 IN A 10.97.0.1"],
  [
    "_http._tcp.web.shop.svc.clusterset.local. A",
    "_http._tcp.web.shop.svc.clusterset.local. 5 IN A 10.97.0.1",
  ],
  [
    "10-2-0-1.east.web.shop.svc.clusterset.local. A",
    "10-2-0-1.east.web.shop.svc.clusterset.local. 5 IN A 10.2.0.1",
  ],
  [
    "db.shop.svc.clusterset.local. A",
    "db.shop.svc.clusterset.local. 5 IN A 10.2.0.2",
    "db.shop.svc.clusterset.local. 5 IN A 10.3.0.2",
  ],
  ["db-0.west.db.shop.svc.clusterset.local. A", "db-0.west.db.shop.svc.clusterset.local. 5 IN A 10.3.0.2"],
  ["DB-0.east.db.shop.svc.clusterset.local. A", "DB-0.east.db.shop.svc.clusterset.local. 5 IN A 10.2.0.2"],
  [
    "_sql._tcp.db.shop.svc.clusterset.local. SRV",
    "_sql._tcp.db.shop.svc.clusterset.local. 5 IN SRV 0 50 5432 db-0.East.db.shop.svc.clusterset.local.",
    "_sql._tcp.db.shop.svc.clusterset.local. 5 IN SRV 0 50 5432 db-0.west.db.shop.svc.clusterset.local.",
  ],
];
for (const [question, ...answers] of cases) {
  test(`${question} of a ServiceImport is answered`, () => {
    assert.deepEqual(ask(store, options, question).answers, answers);
  });
}

const denials: readonly (readonly [question: string, rcode: string, reason: string])[] = [
  ["web.shop.svc.cluster.local. A", "NXDOMAIN", "no-such-service"],
  ["local.shop.svc.clusterset.local. A", "NXDOMAIN", "no-such-service"],
  ["portless.shop.svc.clusterset.local. A", "NXDOMAIN", "no-such-port"],
  ["db-1.west.db.shop.svc.clusterset.local. A", "NXDOMAIN", "endpoint-not-ready"],
  ["db-0.north.db.shop.svc.clusterset.local. A", "NXDOMAIN", "no-such-endpoint"],
  ["db-0.db.shop.svc.clusterset.local. A", "NXDOMAIN", "no-such-endpoint"],
  ["web.back.svc.clusterset.local. A", "NXDOMAIN", "no-such-namespace"],
  ["1.0.97.10.in-addr.arpa. PTR", "NXDOMAIN", "no-such-address"],
  ["west.db.shop.svc.clusterset.local. A", "NOERROR", "no-such-type"],
  ["web.shop.svc.clusterset.local. AAAA", "NOERROR", "no-such-family"],
];
for (const [question, rcode, reason] of denials) {
  test(`${question} is ${rcode} because of ${reason}`, () => {
    const said = ask(store, options, question);
    assert.deepEqual([said.rcode, said.reason, said.answers], [rcode, reason, []]);
  });
}

test("ignoreEmptyService counts the endpoints of all clusters", () => {
  const strict = { ...options, ignoreEmptyService: true };
  assert.equal(ask(store, strict, "web.shop.svc.clusterset.local. A").rcode, "NOERROR");
  assert.equal(ask(store, strict, "empty.shop.svc.clusterset.local. A").reason, "empty-service");
});

test("noEndpoints leaves ServiceImports as they are", () => {
  const without = { ...options, noEndpoints: true };
  assert.equal(ask(store, without, "db.shop.svc.clusterset.local. A").answers.length, 2);
});

test("unknown ServiceImports make only their own zone SERVFAIL", () => {
  const unsynced = storeOf(objects, ["Namespace", "Service", "EndpointSlice"]);
  assert.equal(ask(unsynced, options, "none.shop.svc.clusterset.local. A").rcode, "SERVFAIL");
  assert.equal(ask(unsynced, options, "none.shop.svc.cluster.local. A").rcode, "NXDOMAIN");
});

test("the SOA of a multicluster zone has a serial of its own", () => {
  const local = storeOf([namespace("shop"), service("shop", "local", { clusterIPs: ["10.96.0.10"] })]);
  const serialOf = (zone: string) => {
    const [record] = answerOf(local, options, `${zone} SOA`).answers;
    return record?.data.type === "SOA" ? record.data.serial : undefined;
  };
  assert.equal(serialOf("clusterset.local."), 0);
  assert.equal(serialOf("cluster.local."), 1_700_000_000);
});

test("the name server of a multicluster zone is named in that zone, where it can be found", () => {
  const dns = storeOf([
    namespace("kube-system"),
    service("kube-system", "kube-dns", { clusterIPs: ["10.96.0.10"], ports: ["dns 53/UDP"] }),
    endpointSlice("kube-system", "kube-dns", { ports: ["dns 53/UDP"], endpoints: ["10.244.0.2"] }),
  ]);
  const { answers, additionals } = ask(dns, options, "clusterset.local. NS");
  assert.deepEqual(answers, ["clusterset.local. 5 IN NS ns.dns.clusterset.local."]);
  assert.deepEqual(additionals, ["ns.dns.clusterset.local. 5 IN A 10.96.0.10"]);
  assert.deepEqual(ask(dns, options, "ns.dns.clusterset.local. A").answers, additionals);
});
