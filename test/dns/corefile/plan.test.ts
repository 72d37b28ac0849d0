import assert from "node:assert/strict";
import { test } from "node:test";
import { formatName } from "../../../src/dns/wire/name.ts";
import { findingsIn, read } from "./corefile-rig.ts";

function remedyOf(text: string): string | undefined {
  return read(text).plan.findings[0]?.remedy;
}

test("plugins are called in the dictionary's order, whatever the file's", () => {
  const { blocks } = read("a.org b.org {\n whoami\n log\n errors\n}").plan;
  const [block] = blocks;
  assert.deepEqual(
    block?.entries.map(({ plugin }) => plugin.name),
    ["errors", "log", "whoami"],
  );
  assert.deepEqual(
    block?.keys.map(({ zone }) => formatName(zone)),
    ["a.org.", "b.org."],
  );
});

test("stanzas of one word come to its plugin together", () => {
  assert.deepEqual(findingsIn(". {\n whoami\n log\n whoami\n}"), ["4:2 COREFILE_DUPLICATE"]);
});

const overlaps: readonly (readonly [what: string, text: string, findings: readonly string[]])[] = [
  ["one zone twice in a block", "a.org A.org {\n}", ["1:7 COREFILE_DUPLICATE"]],
  ["one zone in two blocks", "a.org {\n}\nb.org a.org:53 {\n}", ["3:7 COREFILE_DUPLICATE"]],
  ["one zone on two ports", "a.org {\n}\na.org:54 {\n}", []],
  ["one zone by two transports", ".:853 {\n}\ntls://. {\n tls a b\n}", []],
  ["a zone inside a CIDR", "10.0.0.0/8 {\n}\n10.in-addr.arpa {\n}", ["3:1 COREFILE_DUPLICATE"]],
  ["one zone on two addresses", ". {\n bind 127.0.0.1\n}\n. {\n bind 127.0.0.2\n}", []],
  [
    "one zone twice on an address",
    ". {\n bind 127.0.0.1 ::1\n}\n. {\n bind ::1\n}",
    ["4:1 COREFILE_DUPLICATE"],
  ],
  ["one address twice", ". {\n bind ::1 ::1\n}", ["1:1 COREFILE_DUPLICATE"]],
  ["all addresses behind one", ". {\n bind ::1\n}\n. {\n}", ["4:1 COREFILE_DUPLICATE"]],
  ["one address behind all", ". {\n}\n. {\n bind ::1\n}", ["3:1 COREFILE_DUPLICATE"]],
  ["an address that is excepted", ". {\n bind ::1 lo {\n except ::1\n }\n}\n. {\n bind ::1\n}", []],
];

for (const [what, text, findings] of overlaps) {
  test(`${what} is ${findings.length === 0 ? "served" : "refused at the later key"}`, () => {
    assert.deepEqual(findingsIn(text), findings);
  });
}

test("a later key that is taken says which line has it", () => {
  const text = "a.org {\n}\na.org {\n bind ::1\n}";
  assert.equal(read(text).plan.findings[0]?.what, "dns://a.org.:53 on ::1 is served already, by line 1");
});

test("blocks with a view are no duplicates of one another, only of earlier blocks for all", () => {
  const view = ". {\n view a {\n }\n}\n";
  assert.deepEqual(findingsIn(`${view}${view}. {\n}`), [
    "2:2 COREFILE_UNSAFE_TO_IGNORE",
    "6:2 COREFILE_UNSAFE_TO_IGNORE",
  ]);
  assert.deepEqual(findingsIn(`. {\n}\n${view}`), [
    "3:1 COREFILE_DUPLICATE",
    "4:2 COREFILE_UNSAFE_TO_IGNORE",
  ]);
});

const unknown: readonly (readonly [what: string, text: string, finding: string, remedy: string])[] = [
  ["a misspelt word", ". {\n forwrad . ::1\n}", "2:2 COREFILE_UNKNOWN_PLUGIN", "did you mean forward?"],
  ["a word in capitals", ". {\n Errors\n}", "2:2 COREFILE_UNKNOWN_PLUGIN", "did you mean errors?"],
  ["a misspelt word of others", ". {\n roude53\n}", "2:2 COREFILE_UNKNOWN_PLUGIN", "did you mean route53?"],
  ["a word nobody knows", ". {\n mystery\n}", "2:2 COREFILE_UNKNOWN_PLUGIN", "correct or remove it"],
  ["a word of an object", ". {\n constructor\n}", "2:2 COREFILE_UNKNOWN_PLUGIN", "correct or remove it"],
  ["a removed word", ". {\n proxy . ::1\n}", "2:2 COREFILE_REMOVED_PLUGIN", "use forward"],
  ["a word not offered", ". {\n route53\n}", "2:2 COREFILE_NOT_OFFERED", "use file"],
  [
    "an option",
    ". {\n fallthrough\n}",
    "2:2 COREFILE_UNKNOWN_PLUGIN",
    "it is an option: write it inside the braces of kubernetes, hosts or template",
  ],
  [
    "a zone with braces",
    "\n. {\n a.org:53 {\n }\n}",
    "3:2 COREFILE_UNKNOWN_PLUGIN",
    "if a server block begins here, close the one of line 2 with } first",
  ],
  [
    "a snippet",
    ". {\n (s) {\n }\n}",
    "2:2 COREFILE_UNKNOWN_PLUGIN",
    "snippets stand outside of server blocks",
  ],
];

for (const [what, text, found, remedy] of unknown) {
  test(`${what} where a plugin belongs is found, with a remedy`, () => {
    assert.deepEqual(findingsIn(text), [found]);
    assert.equal(remedyOf(text), remedy);
  });
}

test("a block of which nothing can be served is left out, and read all the same", () => {
  const { blocks, findings } = read("quic://. {\n oops\n}\na.org {\n}").plan;
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["COREFILE_NOT_OFFERED", "COREFILE_UNKNOWN_PLUGIN"],
  );
  assert.equal(blocks.length, 1);
});

test("tls:// without a certificate is warned of, https:// is not", () => {
  assert.deepEqual(findingsIn("a.org tls://. {\n}\nhttps://. {\n}"), ["1:7 COREFILE_RISKY"]);
  assert.deepEqual(findingsIn("tls://. {\n tls cert.pem key.pem\n}"), []);
});
