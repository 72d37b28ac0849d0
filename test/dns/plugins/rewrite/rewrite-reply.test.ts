/** Rules for types, classes, TTLs, response codes and targets of CNAMEs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "../../../../src/dns/plugins/outcome.ts";
import type { Query } from "../../../../src/dns/plugins/query.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { classCodes, typeCodes } from "../../../../src/dns/wire/record.ts";
import { askThrough, type UpstreamAnswer } from "./rewrite-rig.ts";

test("another type or class is asked for, and the first one is answered", async () => {
  const rules = "rewrite continue type any HINFO\nrewrite class CH in";
  const { answer, seen } = await askThrough(rules, "a.test. CH ANY");
  assert.deepEqual(
    seen.map(({ question }) => [question.type, question.class]),
    [[typeCodes.HINFO, classCodes.IN]],
  );
  assert.ok(answer.outcome.kind === "reply");
  const [question] = answer.outcome.message.questions;
  assert.deepEqual([question?.type, question?.class], [typeCodes.ANY, classCodes.CH]);
});

test("other types and classes stay", async () => {
  const { seen } = await askThrough("rewrite type ANY HINFO\nrewrite class CH IN", "a.test. A");
  assert.deepEqual([seen[0]?.question.type, seen[0]?.question.class], [typeCodes.A, classCodes.IN]);
});

for (const [rule, ttlSeconds] of [
  ["ttl a.test 15", [15, 15, 15]],
  ["ttl a.test 30-300", [30, 60, 300]],
  ["ttl a.test -30", [5, 30, 30]],
  ["ttl a.test 60-", [60, 60, 900]],
  ["ttl prefix a 15", [15, 15, 15]],
  ["ttl suffix test 15", [15, 15, 15]],
  ["ttl substring .te 15", [5, 60, 900]],
  ["ttl regex ^a 15", [15, 15, 15]],
  ["ttl regex ^b 15", [5, 60, 900]],
  ["ttl b.test 15", [5, 60, 900]],
] as const) {
  test(`${rule} makes TTLs of 5, 60 and 900 s ${ttlSeconds.join(", ")}`, async () => {
    const upstream = {
      answers: ["@ 5 IN A 192.0.2.1"],
      authorities: ["test. 60 IN NS ns.test."],
      additionals: ["ns.test. 900 IN A 192.0.2.53"],
    };
    const { answer } = await askThrough(`rewrite ${rule}`, "a.test. A", upstream);
    const lines = [...answer.answers, ...answer.authorities, ...answer.additionals];
    assert.deepEqual(
      lines.map(line => Number(line.split(" ")[1])),
      ttlSeconds,
    );
  });
}

for (const [rules, rcode, expected] of [
  ["rewrite rcode a.test SERVFAIL NOERROR", "SERVFAIL", "NOERROR"],
  ["rewrite rcode regex ^a 3 0", "NXDOMAIN", "NOERROR"],
  ["rewrite rcode exact a.test refused NotImp", "REFUSED", "NOTIMP"],
  ["rewrite rcode a.test SERVFAIL NOERROR", "NXDOMAIN", "NXDOMAIN"],
  ["rewrite rcode b.test SERVFAIL NOERROR", "SERVFAIL", "SERVFAIL"],
  // The last rule is the first to see the reply.
  [
    "rewrite continue rcode a.test NXDOMAIN NOERROR\nrewrite rcode a.test SERVFAIL NXDOMAIN",
    "SERVFAIL",
    "NOERROR",
  ],
] as const) {
  const name = `${rules.replace("\n", "; ")} makes ${rcode} ${expected}`;
  test(`${name} in replies`, async () => {
    assert.equal((await askThrough(rules, "a.test. A", { rcode: rcodes[rcode] })).answer.rcode, expected);
  });
  test(`${name} where nobody answers, and the error is still told`, async () => {
    const { answer } = await askThrough(rules, "a.test. A", () => failure(rcodes[rcode], "upstream is down"));
    assert.equal(answer.rcode, expected);
    assert.ok(answer.outcome.kind === "failure" && answer.outcome.error === "upstream is down");
  });
}

function retarget(query: Query): UpstreamAnswer {
  switch (formatName(query.name)) {
    case "a.test.":
      return {
        answers: [
          "@ 5 IN CNAME b.test.",
          "b.test. 5 IN CNAME Www.cdn.test.",
          "www.cdn.test. 5 IN A 192.0.2.1",
        ],
      };
    case "www.other.test.":
      return { answers: ["@ 5 IN CNAME z.test.", "z.test. 5 IN A 192.0.2.2"] };
    default:
      return { rcode: rcodes.NXDOMAIN };
  }
}

for (const rule of [
  "cname www.cdn.test www.other.test",
  "cname exact WWW.cdn.test. www.other.test.",
  "cname prefix www.cdn www.other",
  "cname suffix .cdn.test. .other.test.",
  "cname substring cdn other",
  "cname regex (.*)\\.CDN\\.test\\. {1}.other.test.",
]) {
  test(`${rule} leads a CNAME elsewhere, and what is there is answered`, async () => {
    const { answer } = await askThrough(`rewrite ${rule}`, "a.test. A", retarget);
    assert.deepEqual(answer.answers, [
      "a.test. 5 IN CNAME b.test.",
      "b.test. 5 IN CNAME www.other.test.",
      "www.other.test. 5 IN CNAME z.test.",
      "z.test. 5 IN A 192.0.2.2",
    ]);
  });
}

test("a CNAME with another target stays", async () => {
  const { answer, seen } = await askThrough("rewrite cname x.test y.test", "a.test. A", retarget);
  assert.equal(answer.answers.length, 3);
  assert.equal(seen.length, 1);
});

test("a CNAME to where nothing is stands alone", async () => {
  const { answer } = await askThrough("rewrite cname b.test gone.test", "a.test. A", retarget);
  assert.deepEqual(answer.answers, ["a.test. 5 IN CNAME gone.test."]);
});

test("queries that no rule is about go through as they are", async () => {
  const { seen, answer } = await askThrough("rewrite name a.test b.test", "c.test. A");
  assert.equal(answer.outcome.kind, "reply");
  assert.equal(formatName(seen[0]?.question.name ?? []), "c.test.");
});

test("messages of a zone transfer get the question back, and what was rewritten", async () => {
  const { answer } = await askThrough("rewrite name a.test b.test", "a.test. AXFR", query => ({
    kind: "stream",
    plugin: "transfer",
    messages: [
      {
        ...query.message,
        answers: [
          { name: ["b", "test"], class: 1, ttlSeconds: 5, data: { type: "NS", target: ["ns", "b", "test"] } },
        ],
      },
    ],
  }));
  assert.ok(answer.outcome.kind === "stream");
  const [message] = answer.outcome.messages;
  assert.deepEqual(message?.questions[0]?.name, ["a", "test"]);
  assert.deepEqual(message?.answers[0]?.name, ["a", "test"]);
  assert.deepEqual(message?.answers[0]?.data, { type: "NS", target: ["ns", "a", "test"] });
});
