import assert from "node:assert/strict";
import { test } from "node:test";
import { CorefileSyntaxError } from "../../../src/dns/corefile/corefile-syntax-error.ts";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { corefile, findingsIn, outlineOf, type Surroundings } from "./corefile-rig.ts";

/** Texts that CoreDNS starts with: what they are, and what they are made of. */
const accepted: readonly (readonly [what: string, text: string, outline: string])[] = [
  ["one block", ". {\n errors\n cache 30\n}", ". [errors; cache 30]"],
  ["a block without braces", "a.org\nerrors\ncache 30", "a.org [errors; cache 30]"],
  ["nothing but zones", "a.org b.org", "a.org b.org []"],
  ["an empty block", ". {\n}", ". []"],
  ["an empty block on one line", ". { }", ". []"],
  ["{ of the block on its own line", ".\n{\n errors\n}", ". [errors]"],
  ["a directive behind {", ". { errors\n}", ". [errors]"],
  ["zones with commas", "a.org, b.org,\nc.org {\n}", "a.org b.org c.org []"],
  ["a quoted empty zone", '"" a.org {\n}', "a.org []"],
  ["options", ". {\n cache 30 {\n keepttl\n serve_stale 1h\n }\n}", ". [cache 30 [keepttl; serve_stale 1h]]"],
  ["empty options", ". {\n errors { }\n}", ". [errors []]"],
  ["an option behind {", ". {\n cache { keepttl\n }\n}", ". [cache [keepttl]]"],
  ["a quoted word over lines", '. {\n log "a\nb" c\n errors\n}', '. [log "a\\nb" c; errors]'],
  ["two blocks", "a.org {\n}\nb.org {\n}", "a.org []\nb.org []"],
  ["a } that ends a block without braces", ".\nerrors\n}\na.org {\n}", ". [errors]\na.org []"],
];

for (const [what, text, outline] of accepted) {
  test(`Corefile with ${what} is parsed without findings`, () => {
    assert.equal(outlineOf(text), outline);
    assert.deepEqual(findingsIn(text), []);
  });
}

/** Texts that CoreDNS starts with by accident, or that hardly say what is meant. */
const odd: readonly (readonly [what: string, text: string, outline: string, findings: readonly string[]])[] =
  [
    ["a surplus } at the end", ". {\n errors\n}\n}", ". [errors]", ["4:1 COREFILE_RISKY"]],
    ["two surplus }", ". {\n}\n}\n}", ". []", ["3:1 COREFILE_RISKY", "4:1 COREFILE_RISKY"]],
    ["no last }", ". {\n cache {\n }", ". [cache []]", ["1:3 COREFILE_RISKY"]],
    ["no zone", ". {\n}\n{\n errors\n}", ". []\n[errors]", ["3:1 COREFILE_NO_EFFECT"]],
    [
      "options of log on their own lines",
      ". {\n log\n {\n class all\n }\n}",
      ". [log]",
      ["3:2 COREFILE_RISKY"],
    ],
    ["a word behind }", ". {\n log {\n } errors\n}", ". [log []; errors]", ["3:4 COREFILE_RISKY"]],
    [
      "} behind an option of hosts",
      ". {\n hosts {\n ttl 5 }\n}",
      ". [hosts [ttl 5]]",
      ["3:8 COREFILE_RISKY"],
    ],
    ["no blank before {", ". {\n log{\n errors\n}", ". [log{; errors]", ["2:2 COREFILE_UNKNOWN_PLUGIN"]],
    [
      "{ glued to an argument",
      ". {\n cache 30{\n errors\n}",
      ". [cache 30{; errors]",
      ["2:8 COREFILE_RISKY"],
    ],
    ["{} as a word", ". {\n cache {}\n}", ". [cache {}]", ["2:8 COREFILE_RISKY"]],
    ["a word cut by #", ". {\n forward . 10.0.0.1#53\n}", ". [forward . 10.0.0.1]", ["2:12 COREFILE_RISKY"]],
    ["a quote up to the end", '.\nlog "a\nb', '. [log "a\\nb"]', ["2:5 COREFILE_RISKY"]],
  ];

for (const [what, text, outline, findings] of odd) {
  test(`Corefile with ${what} is parsed and remarked on`, () => {
    assert.equal(outlineOf(text), outline);
    assert.deepEqual(findingsIn(text), findings);
  });
}

/** Texts that CoreDNS refuses: where, and what is read of them all the same. */
const refused: readonly (readonly [
  what: string,
  text: string,
  outline: string,
  findings: readonly string[],
])[] = [
  ["a block never closed", ". {\n errors\n", ". [errors]", ["1:3 COREFILE_SYNTAX"]],
  [
    "options never closed",
    ". {\n cache {\n keepttl\n",
    ". [cache [keepttl]]",
    ["1:3 COREFILE_SYNTAX", "2:8 COREFILE_SYNTAX"],
  ],
  ["} on the line of a directive", ". {\n errors }\n", ". [errors]", ["2:9 COREFILE_SYNTAX"]],
  ["a block on one line", ". { errors }", ". [errors]", ["1:12 COREFILE_SYNTAX"]],
  ["} } on one line", ". {\n cache { } }", ". [cache []]", ["2:12 COREFILE_SYNTAX"]],
  ["options on their own lines", ". {\n cache\n {\n keepttl\n }\n}", ". [cache]", ["3:2 COREFILE_SYNTAX"]],
  [
    "} behind an option of log",
    ". {\n log {\n class all }\n}",
    ". [log [class all]]",
    ["3:12 COREFILE_SYNTAX"],
  ],
  ["options on one line", ". {\n cache { keepttl }\n}", ". [cache [keepttl]]", ["2:18 COREFILE_SYNTAX"]],
  ["a directive behind }", ". {\n cache {\n } errors\n}", ". [cache []; errors]", ["3:4 COREFILE_SYNTAX"]],
  [
    "braces in options",
    ". {\n cache {\n keepttl {\n a\n }\n }\n}",
    ". [cache [keepttl]]",
    ["3:10 COREFILE_SYNTAX"],
  ],
  [
    "a surplus } before a block",
    ". {\n}\n}\na.org {\n errors\n}",
    ". []\na.org [errors]",
    ["3:1 COREFILE_SYNTAX"],
  ],
  ["a comma before {", "a.org, {\n}", "a.org []", ["1:1 COREFILE_KEY"]],
  ["a comma at the end", "a.org,", "a.org []", ["1:1 COREFILE_KEY"]],
  [
    "a quote never closed",
    '. {\n log "a\n errors\n}\n',
    '. [log "a\\n errors\\n}\\n"]',
    ["2:6 COREFILE_SYNTAX"],
  ],
  ["a snippet never closed", "(a) {\n errors\n", "", ["1:5 COREFILE_SYNTAX"]],
];

for (const [what, text, outline, findings] of refused) {
  test(`Corefile with ${what} is refused, and read on`, () => {
    assert.equal(outlineOf(text), outline);
    assert.deepEqual(findingsIn(text), findings);
    assert.throws(() => parseCorefile(corefile(text)), CorefileSyntaxError);
  });
}

test("a syntax error names file, line and column and says what to do", () => {
  assert.throws(() => parseCorefile(corefile(". {\n errors }\n")), {
    message: "Corefile:2:9: this } stands behind other words, where it closes nothing",
    remedy: "write it on a line of its own",
  });
});

const variables: readonly (readonly [what: string, word: string, value: string])[] = [
  ["{$NAME}", "{$A}", "one"],
  ["{%NAME%}", "{%A%}", "one"],
  ["a variable inside a word", "x{$A}y{$A}", "xoneyone"],
  ["a variable whose value has blanks", "{$BLANKS}", '"a b"'],
  ["a variable that names another", "{$OTHER}", "one"],
  ["a reference without a name", "{$}{$A}", "{$}{$A}"],
  ["a reference without an end", "{$A", "{$A"],
  ["an inherited property as a name", "x{$constructor}", "x"],
];
const environment = { A: "one", BLANKS: "a b", OTHER: "{$A}", SELF: "{$SELF}", GROWS: "{$GROWS}{$GROWS}x" };
const inEnvironment: Surroundings = { environment };

for (const [what, word, value] of variables) {
  test(`${what} is replaced in a word, not before`, () => {
    assert.equal(outlineOf(`. {\n log ${word} b\n}`, inEnvironment), `. [log ${value} b]`);
  });
}

test("variables stand for zones, directives, options and imports", () => {
  const files = { "one.conf": "errors\n" };
  const text = "{$A}.org {\n {$WORD} {\n keep{$TTL}\n }\n import {$A}.conf\n}";
  assert.equal(
    outlineOf(text, { files, environment: { A: "one", WORD: "cache", TTL: "ttl" } }),
    "one.org [cache [keepttl]; errors]",
  );
});

test("places behind a variable are those of the text", () => {
  assert.deepEqual(findingsIn(". {\n log {$A} b\n cache {$A} {\n oops\n }\n}", inEnvironment), [
    "4:2 COREFILE_UNKNOWN_OPTION",
  ]);
});

test("a variable that is not set stands for nothing, with a warning", () => {
  assert.equal(outlineOf(". {\n log x{$GONE}\n}"), ". [log x]");
  assert.deepEqual(findingsIn(". {\n log x{$GONE}\n}"), ["2:6 COREFILE_RISKY"]);
});

for (const name of ["SELF", "GROWS"]) {
  test(`a variable ${name} that refers to itself is refused`, () => {
    assert.deepEqual(findingsIn(`. {\n log {$${name}}\n}`, inEnvironment), ["2:6 COREFILE_VALUE"]);
  });
}
