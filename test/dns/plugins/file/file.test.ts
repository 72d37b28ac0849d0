import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { explained } from "../explained.ts";
import { findingsOf } from "../rig.ts";
import { directory, plugins, startFile, startZone, upstream, zoneText } from "./file-rig.ts";

suite("fallthrough", () => {
  for (const [options, ask, goesOn] of [
    ["fallthrough", "none.example.org. A", true],
    ["fallthrough", "ent.example.org. A", true],
    ["fallthrough", "www.example.org. AAAA", false],
    ["fallthrough", "dangling.example.org. A", false],
    ["fallthrough sub.example.org", "none.sub.example.org. A", true],
    ["fallthrough sub.example.org", "none.example.org. A", false],
    ["", "none.example.org. A", false],
  ] as const) {
    test(`${ask} with "${options}" ${goesOn ? "goes on" : "stays"}`, async () => {
      const { outcome } = await (await startZone(zoneText, options, { upstream })).ask(ask);
      assert.ok(outcome.kind === "reply");
      assert.equal(outcome.plugin, goesOn ? "test" : "file");
    });
  }
});

test("a name of no zone is refused by the last plugin, and goes on to one behind it", async () => {
  const alone = await (await startZone(zoneText)).ask("www.example.com. A");
  assert.deepEqual([alone.outcome.kind, alone.rcode], ["failure", "REFUSED"]);
  const { outcome } = await (await startZone(zoneText, "", { upstream })).ask("www.example.com. A");
  assert.ok(outcome.kind === "reply" && outcome.plugin === "test");
});

suite("a signed zone", () => {
  const signed = `
$TTL 60
@    SOA  ns1 host 1 7200 3600 1209600 300
     RRSIG SOA 8 2 60 20300101000000 20200101000000 1 @ AA==
     NS   ns1
     RRSIG NS 8 2 60 20300101000000 20200101000000 1 @ AA==
     NSEC a SOA NS RRSIG NSEC
     RRSIG NSEC 8 2 60 20300101000000 20200101000000 1 @ AA==
a    A    192.0.2.1
     RRSIG A 8 3 60 20300101000000 20200101000000 1 @ AA==
     NSEC *.w A RRSIG NSEC
*.w  A    192.0.2.2
     NSEC x.y A RRSIG NSEC
x.y  A    192.0.2.3
     NSEC @ A RRSIG NSEC
`;
  const edns = { isDnssecOk: true };
  const types = (records: readonly string[]) =>
    records.map(line => line.split(" ").toSpliced(1, 2).slice(0, 2).join(" "));

  for (const [ask, answers, authorities] of [
    [
      "a.example.org. A",
      ["a.example.org. A", "a.example.org. RRSIG"],
      ["example.org. NS", "example.org. RRSIG"],
    ],
    ["a.example.org. MX", [], ["example.org. SOA", "example.org. RRSIG", "a.example.org. NSEC"]],
    [
      "b.example.org. A",
      [],
      [
        "example.org. SOA",
        "example.org. RRSIG",
        "a.example.org. NSEC",
        "example.org. NSEC",
        "example.org. RRSIG",
      ],
    ],
    ["b.a.example.org. A", [], ["example.org. SOA", "example.org. RRSIG", "a.example.org. NSEC"]],
    ["y.example.org. A", [], ["example.org. SOA", "example.org. RRSIG", "*.w.example.org. NSEC"]],
    [
      "q.w.example.org. A",
      ["q.w.example.org. A"],
      ["example.org. NS", "example.org. RRSIG", "*.w.example.org. NSEC"],
    ],
  ] as const) {
    test(`${ask} with DO has its proof`, async () => {
      const answer = await (await startZone(signed)).ask(ask, { edns });
      assert.deepEqual(types(answer.answers), answers);
      assert.deepEqual(types(answer.authorities), authorities);
    });
  }

  test("without DO there are no signatures", async () => {
    const answer = await (await startZone(signed)).ask("b.example.org. A");
    assert.deepEqual(types(answer.authorities), ["example.org. SOA"]);
  });
});

suite("the Corefile", () => {
  test("two files for one zone: the later is served", async () => {
    const zone = join(directory, "two");
    await writeFile(`${zone}1`, "$TTL 60\n@ SOA a a 1 1 1 1 1\n");
    await writeFile(`${zone}2`, "$TTL 60\n@ SOA a a 2 1 1 1 1\n");
    assert.deepEqual(findingsOf(`example.org {\n file ${zone}1\n file ${zone}2\n}`, plugins), [
      "2:2 COREFILE_NO_EFFECT",
    ]);
    const rig = await startFile(`. {\n file ${zone}1 example.org\n file ${zone}2 sub.example.org\n}`, {
      plugins,
    });
    assert.match(
      (await rig.ask("a.sub.example.org. A")).authorities[0] ?? "",
      /^sub\.example\.org\. .* 2 1 1 1 1$/,
    );
    assert.match((await rig.ask("a.example.org. A")).authorities[0] ?? "", /^example\.org\. .* 1 1 1 1 1$/);
  });

  for (const [corefile, ...findings] of [
    [". {\n file\n}", "2:2 COREFILE_ARGUMENTS"],
    [". {\n file db ..\n}", "2:10 COREFILE_VALUE"],
    [". {\n file db {\n reload\n }\n}", "3:2 COREFILE_ARGUMENTS"],
    [". {\n file db {\n reload soon\n }\n}", "3:9 COREFILE_VALUE"],
    [". {\n file db {\n upstream 1.1.1.1\n }\n}", "3:2 COREFILE_NO_EFFECT"],
    [". {\n file db {\n transfer to *\n }\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
    [". {\n file db {\n reload 1m\n fallthrough a.org\n }\n}"],
  ] as const) {
    test(`${JSON.stringify(corefile)} has ${findings.length} findings`, () => {
      assert.deepEqual(findingsOf(corefile, plugins), findings);
    });
  }
});

test("a file is explained with its zones, its reloading and what goes on", () => {
  const corefile =
    "example.org {\n file a {\n reload 0\n }\n file b b.org c.org {\n fallthrough b.org\n }\n}";
  assert.deepEqual(explained(corefile, plugins), [
    "Answers names in example.org. with the records in a. It is read once.",
    "Answers names in b.org., c.org. with the records in b. Every 60 s a changed file with a new SOA serial is read again. Names below b.org. that it does not hold go on to the next plugin.",
  ]);
});
