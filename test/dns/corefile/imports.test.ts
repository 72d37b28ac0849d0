import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { corefile, findingsIn, outlineOf, type Surroundings } from "./corefile-rig.ts";

const files: Readonly<Record<string, string>> = {
  "log.conf": "log\nerrors",
  "options.conf": "keepttl\n",
  "empty.conf": "# nothing\n",
  "a.server": "a.org {\n import parts/deep.conf\n}\n",
  "b.server": "b.org {\n}\n",
  "keys.conf": "a.org, b.org",
  "parts/deep.conf": "import ../log.conf\nimport ./flat.conf\n",
  "parts/flat.conf": "whoami",
  "twice/a": "log\nimport b",
  "twice/b": "log",
  "twice/c": "log",
  "/etc/absolute.conf": "whoami",
  "self.conf": "errors\nimport self.conf\n",
  "ping.conf": "import pong.conf\n",
  "pong.conf": "import ping.conf\n",
  "wrong.conf": "log\n\n cache {\n  oops\n }\n",
};
const surroundings: Surroundings = { files };

const cases: readonly (readonly [what: string, text: string, outline: string])[] = [
  ["a file in a block", ". {\n import log.conf\n whoami\n}", ". [log; errors; whoami]"],
  ["a file in a block without braces", ".\nimport log.conf\n", ". [log; errors]"],
  [
    "a file among options",
    ". {\n cache {\n import options.conf\n serve_stale\n }\n}",
    ". [cache [keepttl; serve_stale]]",
  ],
  ["blocks from a pattern", ". {\n}\nimport *.server\n", ". []\na.org [log; errors; whoami]\nb.org []"],
  ["a file of zones", "import keys.conf\n{\n log\n}", "a.org b.org [log]"],
  [
    "files seen from the file that imports them",
    ". {\n import parts/deep.conf\n}",
    ". [log; errors; whoami]",
  ],
  ["an absolute path", ". {\n import /etc/absolute.conf\n}", ". [whoami]"],
  ["a pattern without files", ". {\n import *.override\n log\n}\nimport *.nothing", ". [log]"],
  ["a file without words", ". {\n import empty.conf\n}", ". []"],
  ["one file twice", ". {\n import log.conf\n import log.conf\n}", ". [log; errors; log; errors]"],
  ["a surplus } before a pattern without files", ". {\n}\n}\nimport *.nothing", ". []"],
  ["a file twice in a row", ". {\n import twice/*\n}", ". [log; log; log; log]"],
  [
    "a snippet in two blocks",
    "(s) {\n log\n}\na.org {\n import s\n}\nb.org {\n import s\n}",
    "a.org [log]\nb.org [log]",
  ],
  ["a snippet with options", "(s) {\n cache {\n keepttl\n }\n}\n. {\n import s\n}", ". [cache [keepttl]]"],
  ["a snippet among options", "(s) {\n keepttl\n}\n. {\n cache {\n import s\n }\n}", ". [cache [keepttl]]"],
  [
    "a snippet twice among options",
    "(s) { keepttl\n}\n. {\n cache {\n import s\n import s\n }\n}",
    ". [cache [keepttl; keepttl]]",
  ],
  [
    "a snippet in a snippet",
    "(s) {\n log\n}\n(t) {\n import s\n errors\n}\n. {\n import t\n}",
    ". [log; errors]",
  ],
  ["a snippet of blocks", "(s) {\n a.org {\n }\n}\nimport s\n. {\n}", "a.org []\n. []"],
  ["a snippet named like a file", "(log.conf) {\n whoami\n}\n. {\n import log.conf\n}", ". [whoami]"],
  ["a snippet without words", "(s) {\n}\n. {\n import s\n}", ". []"],
  ["import as an argument", ". {\n log import\n}", ". [log import]"],
];

for (const [what, text, outline] of cases) {
  test(`import of ${what} stands for its words`, () => {
    assert.equal(outlineOf(text, surroundings), outline);
    assert.doesNotThrow(() => parseCorefile(corefile(text, surroundings)));
  });
}

const refused: readonly (readonly [what: string, text: string, findings: readonly string[]])[] = [
  ["a file that is not there", ". {\n import gone.conf\n}", ["2:9 COREFILE_IMPORT"]],
  ["a snippet defined later", ". {\n import s\n}\n(s) {\n log\n}", ["2:9 COREFILE_IMPORT"]],
  ["nothing", ". {\n import\n log\n}", ["2:2 COREFILE_IMPORT"]],
  ["an empty name", '. {\n import ""\n}', ["2:9 COREFILE_IMPORT"]],
  [
    "a snippet with arguments",
    "(s) {\n log\n}\n. {\n import s a b\n}",
    ["5:11 COREFILE_IMPORT", "5:13 COREFILE_IMPORT"],
  ],
  ["a file with } behind it", ". { import log.conf }", ["1:21 COREFILE_IMPORT"]],
  ["two wildcards", ". {\n import */*.conf\n}", ["2:9 COREFILE_IMPORT"]],
  ["a range", ". {\n import [ab].server\n}", ["2:9 COREFILE_IMPORT"]],
  ["a file that imports itself", ". {\n import self.conf\n}", ["self.conf:2:8 COREFILE_IMPORT"]],
  ["files that import each other", ". {\n import ping.conf\n}", ["pong.conf:1:8 COREFILE_IMPORT"]],
  ["the Corefile", ". {\n import Corefile\n}", ["2:9 COREFILE_IMPORT"]],
  ["a snippet that imports itself", "(s) {\n import s\n}\n. {\n import s\n}", ["2:9 COREFILE_IMPORT"]],
  [
    "a snippet that imports itself and is not used",
    "(s) {\n log\n import s\n}\n. {\n}",
    ["3:9 COREFILE_IMPORT"],
  ],
  ["one of two snippets of a name", "(s) {\n}\n(s) {\n}\n. {\n}", ["3:1 COREFILE_DUPLICATE"]],
  ["a file with mistakes", ". {\n import wrong.conf\n}", ["wrong.conf:4:3 COREFILE_UNKNOWN_OPTION"]],
  [
    "a file with mistakes twice",
    ". {\n import wrong.conf\n import wrong.conf\n}",
    ["wrong.conf:4:3 COREFILE_UNKNOWN_OPTION"],
  ],
];

for (const [what, text, findings] of refused) {
  test(`import of ${what} is refused where it stands`, () => {
    assert.deepEqual(findingsIn(text, { files: { ...files, Corefile: text } }), findings);
  });
}

test("import of a file that cannot be read says why", () => {
  const text = ". {\n import secret.conf\n}";
  const read = () => ({ problem: "permission denied" });
  assert.throws(() => parseCorefile({ ...corefile(text), files: { read, glob: () => [] } }), {
    what: "secret.conf cannot be read: permission denied",
  });
});

test("a misspelt snippet is recognised", () => {
  assert.throws(() => parseCorefile(corefile("(common) {\n log\n}\n. {\n import comon\n}")), {
    remedy: /or the snippet "common"/,
  });
});

/** Each snippet imports the one before twice. */
function doubling(count: number): string {
  const snippets = Array.from(
    { length: count },
    (_, index) => `(s${index + 1}) {\n import s${index}\n import s${index}\n}\n`,
  );
  return `(s0) {\n log\n}\n${snippets.join("")}. {\n import s${count}\n}\n`;
}

test("snippets may import one another many times, but not without end", () => {
  assert.deepEqual(findingsIn(doubling(10)), []);
  assert.match(findingsIn(doubling(40)).join(), /^\d+:9 COREFILE_IMPORT$/);
});

test("ten thousand imports are accepted, one more is not", () => {
  const text = (count: number) => `(s) {\n}\n. {\n${" import s\n".repeat(count)}}\n`;
  assert.deepEqual(findingsIn(text(10_000)), []);
  assert.deepEqual(findingsIn(text(10_001)), ["10004:9 COREFILE_IMPORT"]);
});

test("a chain of files is followed as deep as it goes", () => {
  const chain = Array.from({ length: 2_000 }, (_, index) => [
    `${index}`,
    `log\nimport ${index + 1}\nerrors\n`,
  ]);
  const surroundings = { files: { ...Object.fromEntries(chain), 2000: "whoami\n" } };
  assert.deepEqual(findingsIn(". {\n import 0\n}", surroundings), []);
  assert.equal(outlineOf(". {\n import 0\n}", surroundings).split("errors").length, 2_001);
});
