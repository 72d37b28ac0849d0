/** Corefile word `dns64`: IPv6 addresses that lead to IPv4 ones. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

const subject = useCorefile({
  files: { hosts: "192.0.2.33 a.test a.all.test a.long.test a.six.test\n2001:db8::1 a.all.test\n" },
  corefile: at => {
    const block = (zone: string, lines: string) => `${at.keys(zone)} {
    ${zone === "." ? at.common : at.bind}
    ${lines}
    hosts ${at.directory}/hosts
}
`;
    return [
      block(".", "dns64 {\n allow_ipv4\n }"),
      block("all.test", "dns64 {\n translate_all\n allow_ipv4\n }"),
      block("long.test", "dns64 {\n prefix 2001:db8:122:300::/56\n allow_ipv4\n }"),
      block("six.test", "dns64"),
      block(
        "soa.test",
        `dns64 {
        allow_ipv4
    }
    template IN AAAA {
        match ^nx
        rcode NXDOMAIN
        fallthrough
    }
    template IN AAAA {
        authority "soa.test 20 IN SOA ns.soa.test. admin.soa.test. 1 2 3 4 5"
    }
    template IN A {
        match ^b
        answer "{{ .Name }} 60 IN CNAME c.soa.test"
        answer "c.soa.test 60 IN A 192.0.2.1"
        authority "soa.test 60 IN NS ns.soa.test"
        additional "ns.soa.test 60 IN A 192.0.2.53"
    }`,
      ),
    ].join("");
  },
});

corefileAnswers(subject, [
  {
    name: "a name without IPv6 addresses gets translated ones for 600 s at most",
    ask: "a.test. AAAA",
    isAuthoritative: false,
    answer: "a.test. 600 IN AAAA 64:ff9b::c000:221",
  },
  { name: "IPv4 addresses stay", ask: "a.test. A", answer: "a.test. 3600 IN A 192.0.2.33" },
  {
    name: "names with IPv6 addresses are translated when all are",
    ask: "a.all.test. AAAA",
    isAuthoritative: false,
    answer: "a.all.test. 600 IN AAAA 64:ff9b::c000:221",
  },
  {
    name: "a prefix may leave octet 8 free",
    ask: "a.long.test. AAAA",
    isAuthoritative: false,
    answer: "a.long.test. 600 IN AAAA 2001:db8:122:3c0:0:221::",
  },
  { name: "clients that ask over IPv4 get no translations by default", ask: "a.six.test. AAAA" },
  {
    name: "the SOA bounds the TTL, other records are those of the A reply",
    ask: "b.soa.test. AAAA",
    isAuthoritative: false,
    answer: `b.soa.test. 60 IN CNAME c.soa.test.
             c.soa.test. 20 IN AAAA 64:ff9b::c000:201`,
    authority: "soa.test. 60 IN NS ns.soa.test.",
    additional: "ns.soa.test. 60 IN A 192.0.2.53",
  },
]);

test("translations are counted", async () => {
  await subject.ask("a.test. AAAA");
  const { port, host } = subject.subject.server;
  const lines = await metricsOf(subject, "coredns_dns64_requests_translated_total{");
  assert.ok(
    lines.some(line => line.includes(`server="dns://${host}:${port}"`)),
    lines.join("\n"),
  );
});
