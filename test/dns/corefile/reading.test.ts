import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading } from "../../../src/dns/corefile/reading.ts";
import { closest } from "../../../src/dns/corefile/suggestion.ts";
import type { Word } from "../../../src/dns/corefile/syntax.ts";
import { findingsIn, read } from "./corefile-rig.ts";

function word(text: string): Word {
  return { text, at: { file: "Corefile", line: 1, column: 1 } };
}

function remedyOfOption(option: string): string | undefined {
  return read(`. {\n cache {\n ${option}\n }\n}`).plan.findings[0]?.remedy;
}

test("a misspelt option is recognised, an unknown one gets the list", () => {
  assert.equal(remedyOfOption("keeptll"), "did you mean keepttl?");
  assert.equal(remedyOfOption("mystery"), "remove it, or use one of: keepttl, serve_stale");
});

test("an option that was taken away gets its own remedy", () => {
  assert.deepEqual(findingsIn(". {\n cache {\n purge\n }\n}"), ["3:2 COREFILE_REMOVED_OPTION"]);
  assert.equal(remedyOfOption("purge"), "remove it");
});

test("a plugin among options shows that a brace is missing, once", () => {
  const text = ". {\n cache {\n keepttl\n errors\n log\n}\n";
  assert.deepEqual(findingsIn(text), ["1:3 COREFILE_RISKY", "4:2 COREFILE_UNKNOWN_OPTION"]);
  assert.equal(
    read(text).plan.findings[1]?.remedy,
    "errors is a plugin of its own: close the options of cache before it with }",
  );
});

for (const [text, value] of [
  ["5s", 5_000],
  ["1m30s", 90_000],
  ["500ms", 500],
  ["1.5h", 5_400_000],
  ["250us", 0.25],
  ["0", 0],
  ["+2s", 2_000],
  ["5", undefined],
  ["s", undefined],
  ["-1s", undefined],
  ["5 s", undefined],
] as const) {
  test(`duration ${text} is ${value ?? "refused"}`, () => {
    const reading = new Reading();
    assert.equal(reading.durationMs(word(text)), value);
    assert.equal(reading.findings.length, value === undefined ? 1 : 0);
  });
}

test("numbers, choices and addresses are read within their bounds", () => {
  const reading = new Reading();
  assert.deepEqual([reading.integer(word("5"), 1, 5), reading.integer(word("6"), 1, 5)], [5, undefined]);
  assert.deepEqual([reading.choice(word("a"), ["a"]), reading.choice(word("b"), ["a"])], ["a", undefined]);
  assert.deepEqual(
    [reading.ipAddress(word("::1")), reading.ipAddress(word("fe80::1%eth0"))],
    ["::1", undefined],
  );
  assert.equal(reading.findings.length, 3);
});

test("zones are names and networks; what resembles a network is a name, with a warning", () => {
  const reading = new Reading();
  assert.deepEqual(reading.zones([word("A.org"), word("10.0.0.0/8")]), [
    ["a", "org"],
    ["10", "in-addr", "arpa"],
  ]);
  assert.deepEqual(reading.findings, []);
  assert.deepEqual(reading.zones([word("10.0.0.0/40"), word("a..b")]), [["10", "0", "0", "0/40"]]);
  assert.deepEqual(
    reading.findings.map(({ code }) => code),
    ["COREFILE_RISKY", "COREFILE_VALUE"],
  );
});

test("scheme and port of a zone mean nothing, with a warning", () => {
  const reading = new Reading();
  const words = ["a.org:53", "dns://B.org", "tls://.:853", "10.0.0.0/8:53"].map(text => word(text));
  assert.deepEqual(reading.zones(words), [["a", "org"], ["b", "org"], [], ["10", "in-addr", "arpa"]]);
  assert.deepEqual(
    reading.findings.map(({ code }) => code),
    words.map(() => "COREFILE_NO_EFFECT"),
  );
});

for (const [mistyped, known, meant] of [
  ["forwrd", ["forward", "file"], "forward"],
  ["lgo", ["log"], undefined],
  ["lo", ["log"], "log"],
  ["errros", ["errors"], "errors"],
  ["READY", ["ready"], "ready"],
  ["kubernetes", ["cache"], undefined],
  ["x".repeat(100_000), ["cache"], undefined],
] as const) {
  test(`${mistyped.slice(0, 12)} is taken for ${meant ?? "nothing known"}`, () => {
    assert.equal(closest(mistyped, known), meant);
  });
}

test("empty braces after words without options are a warning where CoreDNS takes them", () => {
  const reading = new Reading();
  const at = { file: "Corefile", line: 1, column: 1 };
  const directive = { name: { text: "bufsize", at }, args: [] };
  reading.hasNoOptions({ ...directive, block: undefined });
  reading.hasNoOptions({ ...directive, block: [] });
  reading.hasNoOptions({ ...directive, block: [{ ...directive, block: undefined }] });
  assert.deepEqual(
    reading.findings.map(({ code }) => code),
    ["COREFILE_NO_EFFECT", "COREFILE_SYNTAX"],
  );
});
