import assert from "node:assert/strict";
import { test } from "node:test";
import { readCorefile } from "../../../src/dns/corefile/read-corefile.ts";
import { corefile, findingsIn, read, smallDictionary } from "./corefile-rig.ts";

const plain = ". {\n cache 30 {\n keepttl\n }\n}\n";

for (const [what, text] of [
  ["comments", "# one\n. { # two\n cache 30 {\n keepttl # three\n }\n}\n"],
  ["spacing", "\r\n.\t{\r\n\tcache   30 {\n\n\n keepttl\n }\n}"],
  ["quotes", '"." {\n cache "30" {\n keepttl\n }\n}\n'],
  ["a snippet", "(s) {\n keepttl\n}\n. {\n cache 30 {\n import s\n }\n}\n"],
] as const) {
  test(`fingerprint does not change with ${what}`, () => {
    assert.equal(read(text).fingerprint, read(plain).fingerprint);
    assert.match(read(text).fingerprint, /^[0-9a-f]{128}$/);
  });
}

test("fingerprint changes with every word", () => {
  const texts = [
    plain,
    ". {\n cache 31 {\n keepttl\n }\n}\n",
    ". {\n cache 30\n}\n",
    ". {\n cache 30 {\n }\n}\n",
    ". {\n cache\n 30 {\n keepttl\n }\n}\n",
    "x. {\n cache 30 {\n keepttl\n }\n}\n",
    `${plain}a.org {\n}\n`,
  ];
  assert.equal(new Set(texts.map(text => read(text).fingerprint)).size, texts.length);
});

test("fingerprint changes with a file imported and with a variable", () => {
  const of = (ttl: string) =>
    read(". {\n import a\n log {$B}\n}", { files: { a: `cache ${ttl}` }, environment: { B: ttl } });
  assert.notEqual(of("30").fingerprint, of("31").fingerprint);
});

test("fingerprint of a file put right differs from that of the broken one", () => {
  const files = { a: "log" };
  assert.notEqual(
    read(". {\n import a a\n}", { files }).fingerprint,
    read(". {\n import a\n}", { files }).fingerprint,
  );
});

test("findings stand in the order of the text, those of imported files last", () => {
  const files = { "a.conf": "oops" };
  assert.deepEqual(findingsIn(". {\n import a.conf\n last\n}\n. {\n cache {\n no\n } log }", { files }), [
    "3:2 COREFILE_UNKNOWN_PLUGIN",
    "5:1 COREFILE_DUPLICATE",
    "7:2 COREFILE_UNKNOWN_OPTION",
    "8:4 COREFILE_SYNTAX",
    "8:8 COREFILE_SYNTAX",
    "a.conf:1:1 COREFILE_UNKNOWN_PLUGIN",
  ]);
});

for (const [what, text] of [
  ["an empty file", ""],
  ["comments only", "# nothing yet\n"],
  ["a snippet only", "(s) {\n log\n}\n"],
  ["imports of nothing", "import *.server\n"],
] as const) {
  test(`${what} serves whoami and log for every name, as CoreDNS does, with a warning`, () => {
    const { blocks, findings } = read(text).plan;
    assert.deepEqual(
      blocks.map(({ keys, entries }) => [
        keys[0]?.zone,
        keys[0]?.port,
        entries.map(({ plugin }) => plugin.name),
      ]),
      [[[], undefined, ["log", "whoami"]]],
    );
    assert.deepEqual(
      findings.map(({ code, at }) => [code, at.line, at.column]),
      [["COREFILE_NO_EFFECT", 1, 1]],
    );
  });
}

test("the default port decides whether a zone is served twice", () => {
  const codes = (port: number) =>
    readCorefile(corefile("a.org {\n}\na.org:1053 {\n}"), smallDictionary, port).plan.findings.map(
      ({ code }) => code,
    );
  assert.deepEqual([codes(53), codes(1053)], [[], ["COREFILE_DUPLICATE"]]);
});
