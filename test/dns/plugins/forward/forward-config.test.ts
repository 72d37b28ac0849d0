/** What a Corefile may say behind `forward`, and where a mistake is pointed out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { forward } from "../../../../src/dns/plugins/forward/forward.ts";
import { findingsOf } from "../rig.ts";

const inBlock = (text: string) => findingsOf(`. {\n${text}\n}`, [forward]);

/** Taken from CoreDNS's documents and tests, and from Corefiles of stock clusters. */
const accepted = [
  "forward . 127.0.0.1",
  "forward . 127.0.0.1:8080 [::1]:53 ::2 [::3]",
  "forward . dns://127.0.0.1 tls://9.9.9.9%dns.quad9.net tls://[2400:3200::1%dns.alidns.com]:8853",
  "forward . tls://9.9.9.9%dns.quad9.net:10853 https://1.1.1.1 https://dns.google",
  "forward . /etc/resolv.conf resolv.conf ./etc/dns rbldnsd.rbldnsd.svc.cluster.local dns.example.com:5353",
  "forward 10.9.3.0/18 127.0.0.1",
  "forward com ::2\nforward . ::1",
  "forward . 127.0.0.1 {\nexcept miek.nl 10.0.0.0/8\n}",
  "forward . 127.0.0.1 {\nmax_fails 0\nmax_concurrent 1000\nmax_connect_attempts 0\nmax_idle_conns 10\n}",
  "forward . 127.0.0.1 {\nforce_tcp\nprefer_udp\nexpire 5s\nmax_age 1m30s\nread_timeout 1.5s\n}",
  "forward . 127.0.0.1 {\nhealth_check 0\n}",
  "forward . 127.0.0.1 {\nhealth_check 0.5s no_rec domain example.org\n}",
  "forward . 127.0.0.1 {\nhealth_check 0.5s domain . no_rec\n}",
  "forward . 127.0.0.1 {\npolicy round_robin\nfailfast_all_unhealthy_upstreams\n}",
  "forward . 127.0.0.1 {\nfailover ServFail REFUSED NOTIMPL BADSIG\nnext nxdomain\nnext_on_nodata\n}\nforward . ::1",
  "forward . tls://127.0.0.1 {\ntls\ntls_servername dns\n}",
  "forward . tls://127.0.0.1 {\ntls a.pem b.pem c.pem\n}",
  "forward . ns.example {\nresolver 10.0.0.1 10.0.0.2:5353 [fd00::1]:53 fd00::2\nsource_address fd00::3\ndoh_method GET\n}",
];

for (const text of accepted) {
  test(`${JSON.stringify(text)} is accepted`, () => assert.deepEqual(inBlock(text), []));
}

/** Line 1 is the head of the block. */
const refused: readonly [text: string, ...findings: string[]][] = [
  ["forward", "2:1 COREFILE_ARGUMENTS"],
  ["forward .", "2:1 COREFILE_ARGUMENTS"],
  [`forward ${"x".repeat(64)} 127.0.0.1`, "2:9 COREFILE_VALUE"],
  ["forward . a27.0.0.1", "2:11 COREFILE_VALUE"],
  ["forward . 127.0.0.1 10.0.0.256", "2:21 COREFILE_VALUE"],
  ["forward . 8.8.8:53", "2:11 COREFILE_VALUE"],
  ["forward . quic://127.0.0.1", "2:11 COREFILE_VALUE"],
  ["forward . https://1.1.1.1/dns-query", "2:11 COREFILE_VALUE"],
  ["forward . dns://", "2:11 COREFILE_VALUE"],
  ["forward . 127.0.0.1:70000", "2:11 COREFILE_RISKY"],
  [
    `forward . ${Array.from({ length: 16 }, (_, index) => `10.0.0.${index + 10}`).join(" ")}`,
    "2:161 COREFILE_VALUE",
  ],
  ["forward . ::1 {\n blaatl\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
  ["forward . ::1 {\n except\n except a..b\n}", "3:2 COREFILE_ARGUMENTS", "4:9 COREFILE_VALUE"],
  ["forward . ::1 {\n max_fails -1\n}", "3:12 COREFILE_VALUE"],
  ["forward . ::1 {\n max_fails 1 2\n}", "3:14 COREFILE_ARGUMENTS"],
  ["forward . ::1 {\n max_concurrent many\n}", "3:17 COREFILE_VALUE"],
  ["forward . ::1 {\n max_connect_attempts\n}", "3:2 COREFILE_ARGUMENTS"],
  ["forward . ::1 {\n max_idle_conns -4\n}", "3:17 COREFILE_VALUE"],
  [
    "forward . ::1 {\n force_tcp yes\n prefer_udp no\n}",
    "3:12 COREFILE_ARGUMENTS",
    "4:13 COREFILE_ARGUMENTS",
  ],
  ["forward . ::1 {\n expire -1s\n}", "3:9 COREFILE_VALUE"],
  ["forward . ::1 {\n expire 30\n}", "3:9 COREFILE_VALUE"],
  ["forward . ::1 {\n max_age 9s\n}", "3:10 COREFILE_CONFLICT"],
  ["forward . ::1 {\n read_timeout 0s\n}", "3:15 COREFILE_VALUE"],
  ["forward . ::1 {\n policy first\n}", "3:9 COREFILE_VALUE"],
  ["forward . ::1 {\n health_check\n}", "3:2 COREFILE_ARGUMENTS"],
  ["forward . ::1 {\n health_check -1s\n}", "3:15 COREFILE_VALUE"],
  ["forward . ::1 {\n health_check 1s domain\n}", "3:18 COREFILE_ARGUMENTS"],
  ["forward . ::1 {\n health_check 1s domain a..b\n}", "3:25 COREFILE_VALUE"],
  ["forward . ::1 {\n health_check 1s rec\n}", "3:18 COREFILE_VALUE"],
  ["forward . ::1 {\n failover NOERROR\n}", "3:11 COREFILE_VALUE"],
  ["forward . ::1 {\n failover SERVFALE\n}", "3:11 COREFILE_VALUE"],
  ["forward . ::1 {\n next\n}\nforward . ::2", "3:2 COREFILE_ARGUMENTS", "5:9 COREFILE_NO_EFFECT"],
  ["forward . ::1 {\n source_address eth0\n}", "3:17 COREFILE_VALUE"],
  ["forward . ::1 {\n resolver dns.example\n}", "3:11 COREFILE_VALUE"],
  ["forward . ::1 {\n doh_method get\n}", "3:13 COREFILE_VALUE"],
  ["forward . tls://::1 {\n tls a b c d\n}", "3:12 COREFILE_ARGUMENTS"],
  ["forward . tls://1.1.1.1%one.one {\n tls_servername one.one\n}", "2:11 COREFILE_CONFLICT"],
  [
    "forward . ::1 {\n fail_timeout 5s\n spray\n protocol dns force_tcp\n upstream 1.1.1.1\n}",
    "3:2 COREFILE_REMOVED_OPTION",
    "4:2 COREFILE_REMOVED_OPTION",
    "5:2 COREFILE_REMOVED_OPTION",
    "6:2 COREFILE_REMOVED_OPTION",
  ],
];

for (const [text, ...findings] of refused) {
  test(`${JSON.stringify(text)} is pointed out at ${findings[0]}`, () => {
    assert.deepEqual([...inBlock(text)].sort(), findings);
  });
}

test("a forward that another one covers is pointed out, unless next or except lead to it", () => {
  const second = "forward corp.example 10.0.0.2";
  assert.deepEqual(inBlock(`forward . 10.0.0.1\n${second}`), ["3:9 COREFILE_NO_EFFECT"]);
  assert.deepEqual(inBlock(`forward . 10.0.0.1 {\n except example\n}\n${second}`), []);
  assert.deepEqual(inBlock(`forward . 10.0.0.1 {\n next NXDOMAIN\n}\n${second}`), []);
  assert.deepEqual(inBlock(`${second}\nforward . 10.0.0.1`), []);
});

test("parts without effect are warned of", () => {
  assert.deepEqual(inBlock("forward . ::1 {\n next NXDOMAIN\n}"), ["3:2 COREFILE_NO_EFFECT"]);
  assert.deepEqual(inBlock("forward . ::1 {\n tls_servername a.b\n}"), ["3:2 COREFILE_NO_EFFECT"]);
  assert.deepEqual(findingsOf("example.org {\n forward com ::1\n}", [forward]), ["2:10 COREFILE_NO_EFFECT"]);
  assert.deepEqual(findingsOf("example.org {\n forward . ::1\n forward www.example.org ::1\n}", [forward]), [
    "3:10 COREFILE_NO_EFFECT",
  ]);
});

test("what a block forwards is explained in sentences", () => {
  const text = `. {
  forward corp.example 10.0.0.2 {
    except vpn.corp.example
  }
  forward . /etc/resolv.conf tls://9.9.9.9%dns.quad9.net {
    policy sequential
  }
}`;
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text, files, environment: {} });
  const [entry] = planCorefile(blocks, { plugins: [forward], others: {} }).blocks[0]?.entries ?? [];
  assert.deepEqual(forward.explain(entry?.config), [
    "Forwards names in corp.example., except those in vpn.corp.example. to 10.0.0.2:53.",
    "Forwards names in . to the name servers of /etc/resolv.conf, tls://9.9.9.9:853, the first that answers.",
  ]);
});
