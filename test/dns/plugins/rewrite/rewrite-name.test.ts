import assert from "node:assert/strict";
import { test } from "node:test";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { askThrough, type UpstreamAnswer } from "./rewrite-rig.ts";

/** Rules, the name that is asked for, and the one that upstream sees. */
for (const [rules, asked, expected] of [
  ["rewrite name a.test B.test", "A.test.", "b.test."],
  ["rewrite name exact a.test. b.test.", "a.test.", "b.test."],
  ["rewrite name a.test b.test", "x.a.test.", "x.a.test."],
  ["rewrite name prefix foo bar", "foo.example.", "bar.example."],
  ["rewrite name prefix foo bar", "foobar.example.", "foobar.example."],
  ["rewrite name suffix .example.org .example.com", "a.b.example.org.", "a.b.example.com."],
  ["rewrite name suffix org com", "aorg.", "acom."],
  ["rewrite name substring svc service", "a.svc.svc.test.", "a.service.service.test."],
  [
    "rewrite name regex (.*)-(us-west-1)\\.test {1}.service.{2}.consul",
    "ftp-us-west-1.test.",
    "ftp.service.us-west-1.consul.",
  ],
  ["rewrite name regex ^(a)b {0}x", "abc.test.", "abx."],
  ["rewrite NAME REGEX ^A b", "a.test.", "a.test."],
  // Rules in order, up to the first that stops.
  [
    "rewrite continue name a.test b.test\nrewrite name b.test c.test\nrewrite name c.test d.test",
    "a.test.",
    "c.test.",
  ],
  ["rewrite name a.test b.test\nrewrite name b.test c.test", "a.test.", "b.test."],
  ["rewrite name x.test y.test\nrewrite name a.test b.test", "a.test.", "b.test."],
  // Blocks are one rule.
  [
    "rewrite stop {\n name regex (.*)\\.a\\.test {1}.b.test\n answer name (.*)\\.b\\.test {1}.a.test\n}",
    "x.a.test.",
    "x.b.test.",
  ],
  ["rewrite {\n name a.test b.test\n}", "a.test.", "b.test."],
] as const) {
  test(`${rules.replaceAll("\n", "; ")} asks for ${expected} instead of ${asked}`, async () => {
    const { seen, answer } = await askThrough(rules, `${asked} A`);
    assert.deepEqual(
      seen.map(({ question }) => formatName(question.name)),
      [expected],
    );
    assert.ok(answer.outcome.kind === "reply");
    assert.deepEqual(
      answer.outcome.message.questions.map(({ name }) => formatName(name)),
      [asked],
    );
  });
}

const chain: UpstreamAnswer = {
  answers: ["@ 5 IN CNAME x.@", "x.@ 5 IN A 192.0.2.1"],
  authorities: ["@ 5 IN NS ns.@"],
  additionals: ["ns.@ 5 IN A 192.0.2.53"],
};
const service = "svc.test.";

/** A rule, the question, and what the client gets to see of upstream's `@`. */
for (const [rule, asked, names] of [
  ["rewrite name A.test svc.test", "a.Test.", "a.Test."],
  ["rewrite name prefix a. svc. answer auto", "a.test.", "a.test."],
  ["rewrite name regex ^a.test.$ svc.test answer auto", "a.test.", "a.test."],
  ["rewrite name suffix .org .com answer auto", "svc.org.", "svc.org."],
  ["rewrite name regex ^a.test.$ svc.test", "a.test.", service],
  ["rewrite name prefix a. svc.", "a.test.", service],
  ["rewrite name suffix a.test svc.test", "a.test.", service],
] as const) {
  test(`${rule} answers ${asked} about ${names}`, async () => {
    const { answer } = await askThrough(rule, `${asked} A`, chain);
    const shown = (lines: readonly string[] = []) => lines.map(line => line.replaceAll("@", names));
    assert.deepEqual(answer.answers, shown(chain.answers));
    assert.deepEqual(answer.authorities, shown(chain.authorities));
    assert.deepEqual(answer.additionals, shown(chain.additionals));
  });
}

test("answer name changes owners only, answer value what records lead to", async () => {
  const rule =
    "rewrite name regex ^a.test svc.test answer name ^svc(.*)\\. owner{1} value ^x.svc(.*)\\. target{1}";
  const { answer } = await askThrough(rule, "a.test. A", { answers: ["@ 5 IN CNAME x.@"] });
  assert.deepEqual(answer.answers, ["owner.test. 5 IN CNAME target.test."]);
});

test("a pattern that does not match leaves names as they are", async () => {
  const rule = "rewrite name regex ^a.test svc.test answer name ^other b value ^other b";
  const { answer } = await askThrough(rule, "a.test. A", { answers: ["@ 5 IN CNAME x.@"] });
  assert.deepEqual(answer.answers, ["svc.test. 5 IN CNAME x.svc.test."]);
});

test("answers are put back in reverse order", async () => {
  const rules = "rewrite continue name a.test b.test\nrewrite name suffix b.test c.test answer auto";
  const { answer } = await askThrough(rules, "a.test. A", { answers: ["@ 5 IN A 192.0.2.1"] });
  assert.deepEqual(answer.answers, ["a.test. 5 IN A 192.0.2.1"]);
});

for (const [data, expected] of [
  ["SRV 1 2 3 x.b.test.", "SRV 1 2 3 x.a.test."],
  ["MX 1 x.b.test.", "MX 1 x.a.test."],
  ["NS x.b.test.", "NS x.a.test."],
  ["PTR x.b.test.", "PTR x.a.test."],
  ["SOA ns.b.test. admin.b.test. 1 2 3 4 5", "SOA ns.a.test. admin.b.test. 1 2 3 4 5"],
  ["DNAME x.b.test.", "DNAME \\# 10 01780161047465737400"],
  ['NAPTR 1 2 "u" "s" "" x.b.test.', "NAPTR \\# 19 00010002017501730001780161047465737400"],
  ["TXT x.b.test.", 'TXT "x.b.test."'],
] as const) {
  test(`the name in ${data} becomes that of ${expected}`, async () => {
    const upstream = { answers: [`@ 5 IN ${data}`] };
    const { answer } = await askThrough("rewrite name a.test b.test", "a.test. ANY", upstream);
    assert.deepEqual(answer.answers, [`a.test. 5 IN ${expected}`]);
  });
}

for (const [rule, question] of [
  ["rewrite name regex (.*) {1}", "a.test. A"],
  ["rewrite name substring a aa..", "a. A"],
  [
    `rewrite name suffix test ${"x".repeat(60)}.${"y".repeat(60)}.test`,
    `${`${"a".repeat(60)}.`.repeat(3)}test. A`,
  ],
] as const) {
  test(`${rule.slice(0, 40)} makes a name that cannot be, which is SERVFAIL with an error`, async () => {
    const { answer, seen } = await askThrough(rule, question);
    assert.equal(answer.rcode, "SERVFAIL");
    assert.ok(
      answer.outcome.kind === "failure" && answer.outcome.error?.includes("a rewritten name cannot be"),
    );
    assert.equal(seen.length, 0);
  });
}

test("a record that would get a name that cannot be is SERVFAIL", async () => {
  const rule = "rewrite name regex ^a.test svc.test answer name (.*) {1}";
  assert.equal(
    (await askThrough(rule, "a.test. A", { answers: ["@ 5 IN A 192.0.2.1"] })).answer.rcode,
    "SERVFAIL",
  );
});
