/** Corefile word `template`: answers made from the question. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { differsFromCoreDns, type Expectation } from "../conformance-case.ts";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

const subject = useCorefile({
  files: { hosts: "192.0.2.9 other.fall.test target.hosts.test\n" },
  corefile: at => {
    const block = (zone: string, lines: string) => `${at.keys(zone)} {
    ${zone === "." ? at.common : at.bind}
    ${lines}
}
`;
    return [
      block(".", ""),
      block(
        "example",
        `template IN A {
        match (^|[.])ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)-(?P<c>[0-9]*)-(?P<d>[0-9]*)[.]example[.]$
        answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
        authority  "example. 60 IN NS ns0.example."
        additional "ns0.example. IN A 203.0.113.8"
        fallthrough
    }
    template IN A {
        match "^ip0a(?P<b>[a-f0-9]{2})(?P<c>[a-f0-9]{2})(?P<d>[a-f0-9]{2})[.]example[.]$"
        answer "{{ .Name }} 60 IN A 10.{{ parseInt .Group.b 16 8 }}.{{ parseInt .Group.c 16 8 }}.{{ parseInt .Group.d 16 8 }}"
        fallthrough
    }
    template IN NS {
        match ^mail
        answer "{{ .Name }} NS {{ .Name }}" "{{ .Name }} 60 NS b.{{ .Zone }}"
    }
    template IN TXT {
        answer "{{ .Name }} 5 IN TXT \\"{{ .Zone }} {{ .Class }} {{ .Type }} {{ index .Match 0 }} {{ .Question.Name }} {{ .Question.Qtype }} {{ len .Match }}\\""
        answer "{{ .Name }} 5 IN TXT {{ range $i, $m := .Match }}{{ $i }}{{- $m -}} {{ end }} {{ if and (eq .Type \`TXT\`) (not .Message.Response) }}y{{ else }}n{{ end }}"
    }
    template IN HINFO {
        answer "{{ .Name }} 5 IN TXT {{ with $x := .Group }}{{ len $x }}{{ end }} {{ printf \`%03d-%s-%v\` 7 .Type .Class }} {{ .Name | printf \`%.3s\` }} {{- /* gone */ -}} {{ print 1 2 }} {{ slice .Name 0 2 }} {{ urlquery .Remote }}"
    }
    template IN PTR {
        answer "{{ .Name }} 60 IN PTR {{ index .Match 3 }}"
    }
    template IN SRV {
        answer "{{ .Name }}"
    }`,
      ),
      block(
        "fall.test",
        `template ANY ANY a.fall.test b.fall.test {
        match ^x ^y
        rcode NXDOMAIN
        authority "{{ .Zone }} 60 {{ .Class }} SOA ns.{{ .Zone }} admin.{{ .Zone }} (1 60 60 60 60)"
        ederror 21 "Blocked according to RFC 2606"
    }
    template IN AAAA {
        rcode REFUSED
    }
    template IN A {
        match ^only
        fallthrough none.test
    }
    hosts ${at.directory}/hosts`,
      ),
      block("servfail.test", "template ANY ANY {\n rcode SERVFAIL\n }"),
      block("alias.test", 'template IN ANY {\n answer "{{ .Name }} 60 IN CNAME target.hosts.test"\n }'),
      block("hosts.test", `hosts ${at.directory}/hosts`),
    ].join("");
  },
});

const servfail: Expectation = { rcode: "SERVFAIL", isAuthoritative: false };

corefileAnswers(subject, [
  {
    name: "an address in a name is answered, with all sections",
    ask: "X.Ip-10-1-2-3.Example. A",
    answer: "x.ip-10-1-2-3.example. 60 IN A 10.1.2.3",
    authority: "example. 60 IN NS ns0.example.",
    additional: "ns0.example. 3600 IN A 203.0.113.8",
  },
  {
    name: "a second stanza answers what the first leaves",
    ask: "ip0a0Aff01.example. A",
    answer: "ip0a0aff01.example. 60 IN A 10.10.255.1",
  },
  { name: "the last stanza falls through to nobody", ask: "other.example. A", ...servfail },
  {
    name: "several records stand in one line, TTLs may be left out",
    ask: "mail.example. NS",
    answer: `mail.example. 3600 IN NS mail.example.
             mail.example. 60 IN NS b.example.`,
  },
  { name: "a name that no pattern matches is SERVFAIL", ask: "www.example. NS", ...servfail },
  {
    name: "values of templates that need no group",
    ask: "Www.example. HINFO",
    answer: 'www.example. 5 IN TXT "1" "007-HINFO-IN" "www1" "2" "ww" "127.0.0.1"',
  },
  {
    name: "values of the question and of the match",
    ask: "Www.example. TXT",
    answer: `www.example. 5 IN TXT "example. IN TXT www.example. Www.example. 16 1"
             www.example. 5 IN TXT "0www.example." "y"`,
  },
  { name: "an index that is out of range is SERVFAIL", ask: "1.example. PTR", ...servfail },
  { name: "text that is no record is SERVFAIL", ask: "a.example. SRV", ...servfail },
  {
    name: "each zone of a stanza is its own",
    ask: "x.a.fall.test. TXT",
    query: { edns: {} },
    rcode: "NXDOMAIN",
    authority: "a.fall.test. 60 IN SOA ns.a.fall.test. admin.a.fall.test. <serial> 60 60 60 60",
  },
  { name: "without fallthrough a name of the zone ends there", ask: "z.b.fall.test. A", ...servfail },
  { name: "an answer can be empty, with a code", ask: "any.fall.test. AAAA", rcode: "REFUSED" },
  { name: "fallthrough holds for its zones only", ask: "other.fall.test. A", ...servfail },
  { name: "types that no template is for go on", ask: "other.fall.test. TXT" },
  { name: "the code SERVFAIL has no sections", ask: "a.servfail.test. A", ...servfail },
  {
    name: "who asks for an address gets that of the CNAME's target",
    ask: "a.alias.test. A",
    answer: `a.alias.test. 60 IN CNAME target.hosts.test.
             target.hosts.test. 3600 IN A 192.0.2.9`,
  },
  {
    name: "who asks for another type gets the CNAME alone",
    ask: "a.alias.test. TXT",
    answer: "a.alias.test. 60 IN CNAME target.hosts.test.",
  },
]);

test("an extended error goes along", async () => {
  const { opt } = await subject.ask("x.a.fall.test. A", { edns: {} });
  const option = opt?.options.find(({ code }) => code === 15);
  assert.equal(option?.data.readUInt16BE(0), 21);
  assert.equal(option?.data.subarray(2).toString(), "Blocked according to RFC 2606");
});

test(
  "a client without EDNS gets no OPT record",
  differsFromCoreDns("CoreDNS sends one, RFC 6891 §7"),
  async () => {
    assert.equal((await subject.ask("x.a.fall.test. A")).opt, undefined);
  },
);

test("matches and failures are counted", async () => {
  await subject.ask("ip-10-1-2-3.example. A");
  await subject.ask("1.example. PTR");
  await subject.ask("a.example. SRV");
  const { port, host } = subject.subject.server;
  for (const [name, ...labels] of [
    ["matches", 'type="A"'],
    ["template_failures", 'type="PTR"', 'section="answer"', "index .Match 3"],
    ["rr_failures", 'type="SRV"', 'section="answer"', ".Name"],
  ]) {
    const lines = await metricsOf(subject, `coredns_template_${name}_total{`);
    const all = [...labels, `server="dns://${host}:${port}"`, 'zone="example."', 'view=""', 'class="IN"'];
    const counted = lines.filter(line => all.every(label => line.includes(label)));
    assert.equal(counted.length, 1, lines.join("\n"));
  }
});
