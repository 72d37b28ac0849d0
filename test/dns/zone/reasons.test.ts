import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { typeCodes } from "../../../src/dns/wire/record.ts";
import {
  endpointSlice,
  externalNameService,
  namespace,
  pod,
  service,
} from "../../support/cluster-fixtures.ts";
import { answerOf, ask, storeOf, zoneOptions } from "./zone-case.ts";

const objects = [
  namespace("shop"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  service("shop", "empty", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  service("shop", "portless", { clusterIPs: ["None"] }),
  externalNameService("shop", "pay", "api.pay.example.com"),
  externalNameService("shop", "numeric", "192.0.2.1"),
  endpointSlice("shop", "db", {
    ports: ["sql 5432"],
    endpoints: [
      { addresses: ["10.244.1.3"], hostname: "db-0" },
      { addresses: ["10.244.1.4"], hostname: "db-1", ready: false },
    ],
  }),
  endpointSlice("shop", "portless", { endpoints: ["10.244.1.9"] }),
  service("shop", "sliced", { clusterIPs: ["None"] }),
  endpointSlice("shop", "sliced", { ports: ["http 80"], endpoints: ["10.244.1.8"] }),
  pod("shop", "db-0", { podIPs: ["10.244.1.3"] }),
];
const store = storeOf(objects);

const cases: readonly (readonly [question: string, rcode: string, reason: string])[] = [
  ["web.nope.svc.cluster.local. A", "NXDOMAIN", "no-such-namespace"],
  ["nope.shop.svc.cluster.local. A", "NXDOMAIN", "no-such-service"],
  ["api.example.shop.svc.cluster.local. A", "NXDOMAIN", "search-path-miss"],
  ["example.com.cluster.local. A", "NXDOMAIN", "search-path-miss"],
  ["www.api.example.com.shop.svc.cluster.local. A", "NXDOMAIN", "search-path-miss"],
  ["nope.cluster.local. A", "NXDOMAIN", "unknown-name"],
  ["_grpc._tcp.web.shop.svc.cluster.local. SRV", "NXDOMAIN", "no-such-port"],
  ["_sql._tcp.empty.shop.svc.cluster.local. SRV", "NXDOMAIN", "no-ready-endpoints"],
  ["empty.shop.svc.cluster.local. A", "NXDOMAIN", "no-ready-endpoints"],
  ["db-1.db.shop.svc.cluster.local. A", "NXDOMAIN", "endpoint-not-ready"],
  ["db-7.db.shop.svc.cluster.local. A", "NXDOMAIN", "no-such-endpoint"],
  ["http.pay.shop.svc.cluster.local. A", "NXDOMAIN", "external-name-unusable"],
  ["numeric.shop.svc.cluster.local. A", "NXDOMAIN", "external-name-unusable"],
  ["nonsense.shop.pod.cluster.local. A", "NXDOMAIN", "no-pod-address"],
  ["1-2-3-4.nope.pod.cluster.local. A", "NXDOMAIN", "no-such-namespace"],
  ["9.9.9.9.in-addr.arpa. PTR", "NXDOMAIN", "no-such-address"],
  ["9.9.in-addr.arpa. PTR", "NXDOMAIN", "unknown-name"],
  ["web.shop.svc.in-addr.arpa. A", "NXDOMAIN", "unknown-name"],
  ["shop.svc.ip6.arpa. A", "NXDOMAIN", "unknown-name"],
  ["fe80--1%eth0.shop.pod.cluster.local. AAAA", "NXDOMAIN", "no-pod-address"],
  ["_._tcp.portless.shop.svc.cluster.local. A", "NXDOMAIN", "no-such-port"],
  ["web.shop.svc.cluster.local. AAAA", "NOERROR", "no-such-family"],
  ["web.shop.svc.cluster.local. MX", "NOERROR", "no-such-type"],
  ["portless.shop.svc.cluster.local. SRV", "NOERROR", "no-such-port"],
  ["pay.shop.svc.cluster.local. TXT", "NOERROR", "no-such-type"],
  ["1-2-3-4.shop.pod.cluster.local. AAAA", "NOERROR", "no-such-family"],
  ["svc.cluster.local. A", "NOERROR", "no-such-type"],
  ["cluster.local. AXFR", "REFUSED", "transfer-refused"],
];

for (const [question, rcode, reason] of cases) {
  test(`${question} is ${rcode} because of ${reason}`, () => {
    const said = ask(store, zoneOptions(), question);
    assert.deepEqual([said.rcode, said.reason, said.answers], [rcode, reason, []]);
  });
}

test("pods disabled denies every Pod name with that reason", () => {
  const said = ask(store, zoneOptions({ pods: "disabled" }), "10-244-1-3.shop.pod.cluster.local. A");
  assert.deepEqual([said.rcode, said.reason], ["NXDOMAIN", "pods-disabled"]);
});

test("an unknown name before everything is loaded is SERVFAIL and says what is awaited", () => {
  const early = storeOf(objects, ["Namespace", "Service"]);
  const answer = answerOf(early, zoneOptions(), "nope.shop.svc.cluster.local. A");
  assert.equal(answer.reason?.code, "not-synced");
  assert.match(answer.reason?.text ?? "", /EndpointSlice$/);
  assert.equal(ask(early, zoneOptions(), "web.shop.svc.cluster.local. A").rcode, "NOERROR");
});

// RFC 8020 §2: a denied name denies everything beneath it, so nothing with a name beneath it may be denied.
const names = [
  "_http._tcp.web.shop.svc.cluster.local.",
  "10-244-1-3.portless.shop.svc.cluster.local.",
  "db-0.db.shop.svc.cluster.local.",
  "_sql._tcp.db.shop.svc.cluster.local.",
  "_http._tcp.sliced.shop.svc.cluster.local.",
  "10-244-1-3.shop.pod.cluster.local.",
  "dns-version.cluster.local.",
  "ns.dns.cluster.local.",
  "pay.shop.svc.cluster.local.",
];
const types = Object.keys(typeCodes).filter(type => !["OPT", "AXFR", "IXFR"].includes(type));

test("a name with records, and every name above it, exists in every type", () => {
  for (const name of names.filter(candidate => !candidate.includes(".portless."))) {
    const labels = name.split(".");
    for (let first = 0; labels.slice(first).join(".").endsWith("cluster.local."); first += 1) {
      const above = labels.slice(first).join(".");
      for (const type of types) {
        assert.equal(ask(store, zoneOptions(), `${above} ${type}`).rcode, "NOERROR", `${above} ${type}`);
      }
    }
  }
});

test("any name in any type gets an answer or a reason, never both, never an exception", () => {
  const label = fc.constantFrom(
    ...[
      "svc",
      "pod",
      "dns",
      "ns",
      "shop",
      "web",
      "db",
      "db-0",
      "_http",
      "_tcp",
      "_",
      "pay",
      "1-2-3-4",
      "--1",
      "*",
    ],
  );
  fc.assert(
    fc.property(fc.array(label, { maxLength: 7 }), fc.constantFrom(...types), (labels, type) => {
      const answer = answerOf(store, zoneOptions(), `${[...labels, "cluster.local."].join(".")} ${type}`);
      assert.equal(answer.answers.length > 0, answer.reason === undefined);
      assert.equal(answer.authorities.length, answer.reason === undefined ? 0 : 1);
    }),
  );
});
