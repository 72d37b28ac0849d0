import assert from "node:assert/strict";
import { test } from "node:test";
import { metadata } from "../../../../src/dns/plugins/metadata.ts";
import { failure } from "../../../../src/dns/plugins/outcome.ts";
import type { Handler } from "../../../../src/dns/plugins/plugin.ts";
import { definePlugin } from "../../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import { template } from "../../../../src/dns/plugins/template/template.ts";
import { parseExtendedError } from "../../../../src/dns/wire/ede.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { parseRecord } from "../../../../src/dns/zone-text/parse-record.ts";
import { type Rig, startRig } from "../rig.ts";

const described = definePlugin<true>({
  name: "described",
  read: () => true,
  explain: () => [],
  start: () => ({
    describe(_query, known) {
      known.set("rig/word", () => "seen");
    },
  }),
});

/** Behind the templates, `next.test.` is the answer to everything, unless another upstream is given. */
function startTemplates(stanzas: string, upstream: Handler = answerNext, zones = "."): Promise<Rig> {
  return startRig(`${zones} {\n${stanzas}\n}`, { plugins: [metadata, described, template], upstream });
}

const answerNext: Handler = ({ message }) =>
  replyTo(message, { plugin: "next", answers: [parseRecord("next.test. 5 IN A 192.0.2.9", [], 5)] });
const next = "next.test. 5 IN A 192.0.2.9";

test("names with an address in them are answered both ways", async () => {
  const rig = await startTemplates(`
    template IN A example {
      match (^|[.])ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)-(?P<c>[0-9]*)-(?P<d>[0-9]*)[.]example[.]$
      answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
      fallthrough
    }
    template IN PTR in-addr.arpa {
      match ^(?P<d>[0-9]*)[.](?P<c>[0-9]*)[.](?P<b>[0-9]*)[.](?P<a>[0-9]*)[.]in-addr[.]arpa[.]$
      answer "{{ .Name }} 60 IN PTR ip-{{ .Group.a }}-{{ .Group.b }}-{{ .Group.c }}-{{ .Group.d }}.example."
    }`);
  const forward = await rig.ask("X.Ip-10-0-0-7.Example. A");
  assert.deepEqual(forward.answers, ["x.ip-10-0-0-7.example. 60 IN A 10.0.0.7"]);
  assert.ok(forward.outcome.kind === "reply");
  const { isAuthoritative, recursionAvailable } = forward.outcome.message;
  assert.deepEqual(
    [isAuthoritative, recursionAvailable, forward.outcome.isFromUpstream],
    [true, false, false],
  );
  const backward = await rig.ask("7.0.0.10.in-addr.arpa. PTR");
  assert.deepEqual(backward.answers, ["7.0.0.10.in-addr.arpa. 60 IN PTR ip-10-0-0-7.example."]);
});

test("every section and what a template can say of a query", async () => {
  const rig = await startTemplates(`
    metadata
    described
    template IN ANY a.test test {
      answer "{{ .Name }} IN TXT \\"{{ .Zone }} {{ .Class }} {{ .Type }} {{ .Remote }} {{ .Question.Name }} {{ .Regex }}\\"" "{{ .Name }} 5 TXT {{ .Meta \`rig/word\` }}"
      additional "ns.test. 6 IN A 192.0.2.53"
      authority "test. 7 IN NS ns.test."
    }`);
  const answer = await rig.ask("B.a.Test. TXT");
  assert.deepEqual(answer.answers, [
    'b.a.test. 3600 IN TXT "a.test. IN TXT 10.244.0.9 B.a.Test. .*"',
    'b.a.test. 5 IN TXT "seen"',
  ]);
  assert.deepEqual(answer.additionals, ["ns.test. 6 IN A 192.0.2.53"]);
  assert.deepEqual(answer.authorities, ["test. 7 IN NS ns.test."]);
});

test("ANY stands for the class and type of the template", async () => {
  const rig = await startTemplates(
    'template IN MX test {\n answer "{{ .Name }} 5 {{ .Class }} {{ .Type }} 1 a."\n}',
  );
  assert.deepEqual((await rig.ask("x.test. ANY ANY")).answers, ["x.test. 5 IN MX 1 a."]);
});

for (const [stanza, question, expected] of [
  ["template IN A test {\n rcode NXDOMAIN\n}", "x.test. A", "NXDOMAIN"],
  ["template IN A test {\n rcode NXDOMAIN\n}", "x.test. AAAA", "next"],
  ["template IN A test {\n rcode NXDOMAIN\n}", "x.test. CH A", "next"],
  ["template IN A test {\n rcode NXDOMAIN\n}", "x.other. A", "next"],
  ["template ANY ANY {\n rcode REFUSED\n}", "x.test. CH TXT", "REFUSED"],
  ["template ANY ANY {\n rcode SERVFAIL\n}", "x.test. A", "SERVFAIL"],
  ["template ANY ANY", "x.test. A", "NOERROR"],
  ["template IN A {\n match ^a ^b\n match ^c\n}", "c.test. A", "NOERROR"],
  // No pattern matches.
  ["template IN A {\n match ^a\n}", "x.test. A", "SERVFAIL"],
  ["template IN A {\n match ^a\n fallthrough\n}", "x.test. A", "next"],
  ["template IN A {\n match ^a\n fallthrough test\n}", "x.test. A", "next"],
  ["template IN A {\n match ^a\n fallthrough other\n}", "x.test. A", "SERVFAIL"],
  ["template IN A {\n match ^a\n fallthrough\n}\ntemplate IN A {\n rcode REFUSED\n}", "x.test. A", "REFUSED"],
  ["template IN A {\n match ^a\n fallthrough\n}\ntemplate IN A {\n match ^b\n}", "x.test. A", "SERVFAIL"],
  ["template IN AAAA {\n match ^a\n}\ntemplate IN A {\n rcode REFUSED\n}", "x.test. A", "REFUSED"],
] as const) {
  test(`${stanza.replaceAll("\n", ";")} makes ${question} ${expected}`, async () => {
    const { rcode, answers } = await (await startTemplates(stanza)).ask(question);
    assert.deepEqual(expected === "next" ? answers : rcode, expected === "next" ? [next] : expected);
  });
}

test("without zones of its own a template is for those of the server block", async () => {
  const rig = await startTemplates("template IN A {\n rcode NXDOMAIN\n}", answerNext, "example.org");
  assert.equal((await rig.ask("x.example.org. A")).rcode, "NXDOMAIN");
  assert.deepEqual((await rig.ask("x.example.com. A")).answers, [next]);
});

test("an extended error goes along", async () => {
  const rig = await startTemplates('template IN A {\n rcode NXDOMAIN\n ederror 21 "Blocked by RFC 2606"\n}');
  const { outcome } = await rig.ask("x.invalid. A");
  assert.ok(outcome.kind === "reply");
  assert.deepEqual(outcome.options.map(parseExtendedError), [{ infoCode: 21, text: "Blocked by RFC 2606" }]);
});

const alias = 'template IN ANY foogle.com {\n answer "foogle.com 60 IN CNAME google.com"\n}';

test("who asks for addresses gets those of a CNAME's target", async () => {
  const rig = await startTemplates(alias, ({ message, question }) =>
    replyTo(message, {
      plugin: "forward",
      isFromUpstream: true,
      isTruncated: true,
      answers: [{ name: question.name, class: 1, ttlSeconds: 5, data: { type: "A", address: "192.0.2.1" } }],
    }),
  );
  const { answers, outcome } = await rig.ask("foogle.com. A");
  assert.deepEqual(answers, ["foogle.com. 60 IN CNAME google.com.", "google.com. 5 IN A 192.0.2.1"]);
  assert.ok(outcome.kind === "reply" && outcome.isFromUpstream && outcome.message.isTruncated);
  assert.deepEqual((await rig.ask("foogle.com. TXT")).answers, ["foogle.com. 60 IN CNAME google.com."]);
});

test("a CNAME whose target nobody knows stands alone, also when that takes a while", async () => {
  const rig = await startTemplates(alias, async () => failure(rcodes.SERVFAIL));
  assert.deepEqual((await rig.ask("foogle.com. A")).answers, ["foogle.com. 60 IN CNAME google.com."]);
});

test("matches and failures are counted", async () => {
  const rig = await startTemplates(`
    template IN A a.test {
      match a(b)?
      answer "{{ .Name }} 60 IN A 10.0.0.{{ parseInt (index .Match 1) 10 8 }}"
    }
    template IN A b.test {
      answer "{{ .Name }} 60 IN A {{ .Remote }}x"
    }`);
  for (const [question, error] of [
    ["a.test. A", /parseInt|number/],
    ["b.test. A", /10\.244\.0\.9x/],
  ] as const) {
    const { rcode, outcome } = await rig.ask(question);
    assert.equal(rcode, "SERVFAIL");
    assert.ok(outcome.kind === "failure" && error.test(outcome.error ?? ""), question);
  }
  const labels = (zone: string) => `server="dns://:53",zone="${zone}",view="",class="IN",type="A"`;
  const [a, b] = [
    "{{ .Name }} 60 IN A 10.0.0.{{ parseInt (index .Match 1) 10 8 }}",
    "{{ .Name }} 60 IN A {{ .Remote }}x",
  ];
  assert.deepEqual(Object.fromEntries(rig.metrics), {
    [`coredns_template_matches_total{${labels("a.test.")}}`]: 1,
    [`coredns_template_matches_total{${labels("b.test.")}}`]: 1,
    [`coredns_template_template_failures_total{${labels("a.test.")},section="answer",template="${a}"}`]: 1,
    [`coredns_template_rr_failures_total{${labels("b.test.")},section="answer",template="${b}"}`]: 1,
  });
});

test("a name with odd characters stays what it is", async () => {
  const rig = await startTemplates('template IN TXT {\n answer "{{ .Name }} 5 IN TXT x"\n}');
  assert.deepEqual((await rig.ask("a\\032\\034\\059b.test. TXT")).answers, [
    'a\\032\\"\\;b.test. 5 IN TXT "x"',
  ]);
});
