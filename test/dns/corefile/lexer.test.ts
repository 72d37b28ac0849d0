import assert from "node:assert/strict";
import { test } from "node:test";
import { lex } from "../../../src/dns/corefile/lexer.ts";

/** What the text is, the text, and its words as `LINE:COLUMN TEXT`. */
const cases: readonly (readonly [what: string, text: string, words: readonly string[]])[] = [
  ["nothing", "", []],
  ["blanks and tabs", "a \t b", ["1:1 a", "1:5 b"]],
  ["CRLF line ends", "a\r\nb\r\n", ["1:1 a", "2:1 b"]],
  ["a carriage return inside a word", "a\rb", ["1:1 ab"]],
  ["a byte order mark", "\uFEFFa", ["1:1 a"]],
  ["a byte order mark inside", "a \uFEFFb", ["1:1 a", "1:3 \uFEFFb"]],
  ["no-break and ideographic spaces", "a\u00A0b\u3000c\u0085d", ["1:1 a", "1:3 b", "1:5 c", "1:7 d"]],
  ["letters outside the Basic Multilingual Plane", "😀😀 b", ["1:1 😀😀", "1:4 b"]],
  ["a comment", 'a # b "c\nd', ["1:1 a", "2:1 d"]],
  ["a comment up to the end", "a\n  # b", ["1:1 a"]],
  ["# inside a word", "a#b c", ["1:1 a", "1:5 c"]],
  ["quotes", '"a b" c', ["1:1 a b", "1:7 c"]],
  ["empty quotes", '"" c', ["1:1 ", "1:4 c"]],
  ["quotes over lines", '"a\nb" c\nd', ["1:1 a\nb", "2:4 c", "3:1 d"]],
  ["an escaped quote", '"a\\"b"', ['1:1 a"b']],
  ["other backslashes", '"\\d\\\\" c', ["1:1 \\d\\\\", "1:8 c"]],
  ["# in quotes", '"a # b"', ["1:1 a # b"]],
  ["a quote inside a word", 'a"b c"', ['1:1 a"b', '1:5 c"']],
  ["a word glued to quotes", '"a"b', ["1:1 a", "1:4 b"]],
  ["a quote never closed", 'a "b\nc', ["1:1 a", "1:3 b\nc"]],
  ["a quote at the very end", 'a "', ["1:1 a"]],
  ["braces with and without blanks", "a{ {} }", ["1:1 a{", "1:4 {}", "1:7 }"]],
];

for (const [what, text, words] of cases) {
  test(`text with ${what} is cut into its words`, () => {
    const found = lex(text, "Corefile").map(({ text, at }) => `${at.line}:${at.column} ${text}`);
    assert.deepEqual(found, words);
  });
}

test("words that differ from what is written are marked", () => {
  const oddities = lex('a#b # c\n"d" "e', "Corefile").map(({ oddity }) => oddity);
  assert.deepEqual(oddities, ["cut-by-comment", undefined, "unclosed-quote"]);
});
