import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import type { Kind } from "../../../src/cluster/objects.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { trim } from "../../../src/cluster/trim.ts";
import { k8sExternal } from "../../../src/dns/plugins/k8s-external/k8s-external.ts";
import { kubernetes } from "../../../src/dns/plugins/kubernetes/kubernetes.ts";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { isTransferableLayer } from "../../../src/dns/plugins/transfer/transferable.ts";
import { rcodes } from "../../../src/dns/wire/message.ts";
import { formatName } from "../../../src/dns/wire/name.ts";
import { typeName } from "../../../src/dns/wire/record.ts";
import { parseRecord } from "../../../src/dns/zone-text/parse-record.ts";
import { endpointSlice, namespace, type RawObject, service } from "../../support/cluster-fixtures.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { storeOf } from "../zone/zone-case.ts";
import { explained } from "./explained.ts";
import { findingsOf, type Rig, type RigOptions, startRig } from "./rig.ts";

const plugins = [k8sExternal, kubernetes];

const objects: readonly RawObject[] = [
  namespace("shop"),
  service("shop", "web", {
    clusterIPs: ["10.96.0.10"],
    ports: ["http 80", "https 443"],
    externalIPs: ["192.0.2.1", "2001:db8::1"],
  }),
  service("shop", "bare", { clusterIPs: ["10.96.0.11"], externalIPs: ["192.0.2.2"] }),
  service("shop", "inner", { clusterIPs: ["10.96.0.12"], ports: ["http 80"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["pg 5432"] }),
  endpointSlice("shop", "db", {
    ports: ["pg 5432"],
    endpoints: [{ addresses: ["10.244.0.1"], hostname: "db-0" }],
  }),
  balanced("named", "lb.example.net", "lb2.example.net"),
  balanced("mixed", "lb.example.net"),
  balanced("bad", "not..a.name"),
];

/** A load balancer with host names. */
function balanced(name: string, ...hostnames: readonly string[]): RawObject {
  const externalIPs = name === "mixed" ? ["192.0.2.3"] : [];
  const raw = service("shop", name, { clusterIPs: ["10.96.0.13"], ports: ["http 80"], externalIPs });
  return { ...raw, status: { loadBalancer: { ingress: hostnames.map(hostname => ({ hostname })) } } };
}

/** Knows the load balancers. */
const upstream: Handler = query => {
  const isKnown = formatName(query.name) === "lb.example.net.";
  const text = query.question.type === 1 ? "A 198.51.100.1" : "AAAA 2001:db8::b";
  return replyTo(query.message, {
    plugin: "test",
    rcode: isKnown ? rcodes.NOERROR : rcodes.NXDOMAIN,
    answers: isKnown ? [parseRecord(`lb.example.net. 7 ${text}`, [], 0)] : [],
    isTruncated: isKnown && typeName(query.question.type) === "AAAA",
    isFromUpstream: true,
  });
};

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function start(
  options = "",
  more: Partial<RigOptions> & { kinds?: readonly Kind[] } = {},
): Promise<Rig> {
  const zones = "example.org 2.0.192.in-addr.arpa";
  const { kinds, ...rigOptions } = more;
  rig = await startRig(`. {\n kubernetes cluster.local\n k8s_external ${zones} {\n ${options}\n }\n}`, {
    ...{ plugins, upstream, store: storeOf(objects, kinds) },
    ...rigOptions,
  });
  return rig;
}

suite("answers", () => {
  for (const [options, ask, rcode, ...answers] of [
    ["", "bare.shop.example.org. A", "NOERROR", "bare.shop.example.org. 5 IN A 192.0.2.2"],
    ["", "bare.shop.example.org. SRV", "NOERROR"],
    ["ttl 60", "web.shop.example.org. AAAA", "NOERROR", "web.shop.example.org. 60 IN AAAA 2001:db8::1"],
    [
      "ttl 60",
      "_https._tcp.Web.shop.Example.org. SRV",
      "NOERROR",
      "_https._tcp.Web.shop.Example.org. 60 IN SRV 0 50 443 web.shop.Example.org.",
    ],
    ["", "db.shop.example.org. A", "NXDOMAIN"],
    ["headless", "db.shop.example.org. A", "NOERROR", "db.shop.example.org. 5 IN A 10.244.0.1"],
    ["headless", "DB-0.db.shop.example.org. A", "NOERROR", "DB-0.db.shop.example.org. 5 IN A 10.244.0.1"],
    ["headless", "db-1.db.shop.example.org. A", "NXDOMAIN"],
    ["headless", "inner.shop.example.org. A", "NXDOMAIN"],
    ["headless", "any.bare.shop.example.org. A", "NOERROR", "any.bare.shop.example.org. 5 IN A 192.0.2.2"],
    // RFC 1034 §3.6.2: no address stands beside a CNAME, no second CNAME either.
    ["", "mixed.shop.example.org. A", "NOERROR", "mixed.shop.example.org. 5 IN A 192.0.2.3"],
    [
      "",
      "named.shop.example.org. A",
      "NOERROR",
      "named.shop.example.org. 5 IN CNAME lb.example.net.",
      "lb.example.net. 7 IN A 198.51.100.1",
    ],
    ["", "named.shop.example.org. MX", "NOERROR"],
    ["", "bad.shop.example.org. A", "NOERROR"],
    ["", "1.2.0.192.in-addr.arpa. PTR", "NOERROR", "1.2.0.192.in-addr.arpa. 5 IN PTR web.shop.example.org."],
    ["", "9.2.0.192.in-addr.arpa. PTR", "NXDOMAIN"],
    ["apex a.b", "ns1.a.b.example.org. MX", "NOERROR"],
    ["apex a.b", "ns2.a.b.example.org. A", "NXDOMAIN"],
    ["", "example.org. AXFR", "REFUSED"],
  ] as const) {
    test(`${ask} with "${options}" is ${rcode}`, async () => {
      const answer = await (await start(options)).ask(ask);
      assert.deepEqual([answer.rcode, answer.answers], [rcode, answers]);
      const isSoa = answer.authorities.length === 1 && answer.authorities[0]?.includes(" SOA ");
      assert.equal(isSoa, answers.length === 0 && rcode !== "REFUSED");
    });
  }

  test("what was cut from the addresses of a host name is said to be cut", async () => {
    const { outcome } = await (await start()).ask("named.shop.example.org. AAAA");
    assert.ok(outcome.kind === "reply");
    assert.deepEqual([outcome.message.isTruncated, outcome.isFromUpstream], [true, false]);
  });

  test("SRV to host names has their addresses beside them", async () => {
    const { answers, additionals } = await (await start()).ask("_http._tcp.named.shop.example.org. SRV");
    assert.deepEqual(answers, [
      "_http._tcp.named.shop.example.org. 5 IN SRV 0 50 80 lb.example.net.",
      "_http._tcp.named.shop.example.org. 5 IN SRV 0 50 80 lb2.example.net.",
    ]);
    assert.deepEqual(additionals, [
      "lb.example.net. 7 IN A 198.51.100.1",
      "lb.example.net. 7 IN AAAA 2001:db8::b",
    ]);
  });

  for (const [ask, code] of [
    ["inner.shop.example.org. A", "no-external-address"],
    ["none.shop.example.org. A", "no-such-service"],
    ["web.none.example.org. A", "no-such-namespace"],
    ["_ftp._tcp.web.shop.example.org. A", "no-such-port"],
    ["a.b.c.web.shop.example.org. A", "unknown-name"],
    ["9.2.0.192.in-addr.arpa. PTR", "no-such-address"],
    ["web.shop.example.org. MX", "no-such-type"],
  ] as const) {
    test(`the denial of ${ask} says ${code}`, async () => {
      const { outcome } = await (await start()).ask(ask);
      assert.ok(outcome.kind === "reply");
      assert.equal(outcome.reason?.code, code);
    });
  }
});

test("fallthrough passes on what is unknown, also before all is loaded, and nothing else", async () => {
  const handledBy = async (running: Rig, ask: string) => {
    const { outcome } = await running.ask(ask);
    return outcome.kind === "reply" && outcome.plugin;
  };
  const running = await start("fallthrough", { kinds: ["Namespace"] });
  assert.equal(await handledBy(running, "none.shop.example.org. A"), "test");
  assert.equal(await handledBy(running, "web.shop.example.org. MX"), "k8s_external");
  assert.equal(await handledBy(running, "a.b.c.dns.example.org. A"), "k8s_external");
});

test("a name that cannot be denied yet is SERVFAIL", async () => {
  const { rcode, outcome } = await (await start("", { kinds: ["Namespace"] })).ask(
    "none.shop.example.org. A",
  );
  assert.equal(rcode, "SERVFAIL");
  assert.equal(outcome.kind === "reply" && outcome.reason?.code, "not-synced");
});

test("the serial follows external addresses", async () => {
  let nowMs = 1_000_000;
  const store = new ClusterStore(
    () => assert.fail(),
    () => nowMs,
  );
  store.apply(trim("Namespace", namespace("shop")));
  store.apply(
    trim("Service", service("shop", "web", { clusterIPs: ["10.96.0.10"], externalIPs: ["192.0.2.1"] })),
  );
  const running = await start("", { store });
  const serial = async () => (await running.ask("example.org. SOA")).answers[0]?.split(" ")[6];
  assert.equal(await serial(), "1000");
  nowMs = 2_000_000;
  store.apply(
    trim("Service", service("shop", "web", { clusterIPs: ["10.96.0.10"], externalIPs: ["192.0.2.9"] })),
  );
  assert.equal(await serial(), "2000");
});

test("a transfer holds what is answered, each record once", async () => {
  const running = await start("headless");
  const { transferable } = running.chain.members.map(({ layer }) => layer).find(isTransferableLayer) ?? {};
  const contents = transferable?.contents(["example", "org"]);
  assert.ok(contents);
  const lines = [...contents.records].map(formatRecord).filter(line => !/ NS |^ns1\.dns\./.test(line));
  assert.deepEqual(
    lines.map(line => line.replaceAll(".shop.example.org.", "")),
    [
      "bare 5 IN A 192.0.2.2",
      "db 5 IN A 10.244.0.1",
      "db 5 IN SRV 0 100 5432 db-0.db",
      "_pg._tcp.db 5 IN SRV 0 100 5432 db-0.db",
      "db-0.db 5 IN A 10.244.0.1",
      "db-0.db 5 IN SRV 0 100 5432 db-0.db",
      "mixed 5 IN A 192.0.2.3",
      "mixed 5 IN SRV 0 50 80 mixed",
      "mixed 5 IN SRV 0 50 80 lb.example.net.",
      "_http._tcp.mixed 5 IN SRV 0 50 80 mixed",
      "_http._tcp.mixed 5 IN SRV 0 50 80 lb.example.net.",
      "named 5 IN CNAME lb.example.net.",
      "_http._tcp.named 5 IN SRV 0 50 80 lb.example.net.",
      "_http._tcp.named 5 IN SRV 0 50 80 lb2.example.net.",
      "web 5 IN A 192.0.2.1",
      "web 5 IN AAAA 2001:db8::1",
      "web 5 IN SRV 0 25 80 web",
      "web 5 IN SRV 0 25 443 web",
      "_http._tcp.web 5 IN SRV 0 50 80 web",
      "_https._tcp.web 5 IN SRV 0 50 443 web",
    ],
  );
});

suite("the Corefile", () => {
  for (const [corefile, ...findings] of [
    [". {\n k8s_external example.org\n}", "2:2 COREFILE_MISSING"],
    [". {\n kubernetes cluster.local\n k8s_external ..\n}", "3:15 COREFILE_VALUE"],
    [". {\n kubernetes cluster.local\n k8s_external a {\n ttl 3601\n }\n}", "4:6 COREFILE_VALUE"],
    [
      ". {\n kubernetes cluster.local\n k8s_external a {\n ttl\n apex\n }\n}",
      "4:2 COREFILE_ARGUMENTS",
      "5:2 COREFILE_ARGUMENTS",
    ],
    [". {\n kubernetes cluster.local\n k8s_external a {\n apex a..b\n }\n}", "4:7 COREFILE_VALUE"],
    [". {\n kubernetes cluster.local\n k8s_external a {\n upstream\n }\n}", "4:2 COREFILE_UNKNOWN_OPTION"],
    [". {\n kubernetes cluster.local\n k8s_external a\n k8s_external b\n}", "3:2 COREFILE_NO_EFFECT"],
    [
      ". {\n kubernetes cluster.local\n k8s_external a b {\n ttl 0\n apex ns\n headless\n fallthrough a\n }\n}",
    ],
  ] as const) {
    test(`${JSON.stringify(corefile)} has ${findings.length} findings`, () => {
      assert.deepEqual(findingsOf(corefile, plugins), findings);
    });
  }
});

test("zones, addresses and TTL are explained", () => {
  const corefile = ". {\n kubernetes cluster.local\n k8s_external a.org {\n headless\n ttl 9\n }\n}";
  assert.deepEqual(explained(corefile, [k8sExternal]), [
    "Answers SERVICE.NAMESPACE below a.org. with the Service's external IPs and the addresses of its load balancer, for 9 s.",
    "Headless Services answer with their endpoints.",
  ]);
});
