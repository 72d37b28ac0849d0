import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern, PatternError } from "../../../src/dns/plugins/regular-expression.ts";

for (const [pattern, text, groups] of [
  ["b+", "abbc", ["bb"]],
  ["(a)|(b)", "b", ["b", "", "b"]],
  ["^(?P<first>[^.]+)\\.(?<rest>.*)$", "www.example.org.", ["www.example.org.", "www", "example.org."]],
  ["(?i)WWW\\z", "www", ["www"]],
  ["^a", "ba", undefined],
] as const) {
  test(`the pattern ${pattern} on ${text} gives ${JSON.stringify(groups)}`, () => {
    const compiled = compilePattern(pattern);
    assert.deepEqual(compiled.groupsIn(text), groups);
    assert.equal(compiled.matches(text), groups !== undefined);
  });
}

test("groups are known by number and name", () => {
  const { groupCount, groupNumbers } = compilePattern("(a)(?P<second>b)");
  assert.equal(groupCount, 2);
  assert.deepEqual([...groupNumbers], [["second", 2]]);
});

test("letter case does not matter when it shall not", () => {
  assert.ok(compilePattern("WWW\\S", { ignoresCase: true }).matches("www."));
});

for (const [pattern, remedy] of [
  ["(?=a)b", /look ahead/],
  ["(?<!a)b", /look ahead or behind/],
  ["(a)\\1", /refer back/],
  ["a++", /possessive/],
  ["a\\Z", /\\z/],
  ["(?P<x>a)(?P<x>b)", /name of its own/],
  ["(a", /correct/],
  ["a".repeat(10_001), /10000/],
] as const) {
  test(`the pattern ${pattern.slice(0, 20)} is refused with a remedy`, () => {
    assert.throws(
      () => compilePattern(pattern),
      error => error instanceof PatternError && remedy.test(error.remedy),
    );
  });
}

test("a pattern that takes exponential time elsewhere takes next to none", { timeout: 1_000 }, () => {
  assert.equal(compilePattern("^(([a-z])+.)+[A-Z]([a-z])+$").matches("a".repeat(255)), false);
});
