/** Texts nobody would write: reading them ends soon, throws nothing, and points inside the text. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { CorefileSyntaxError } from "../../../src/dns/corefile/corefile-syntax-error.ts";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import type { Place } from "../../../src/dns/corefile/syntax.ts";
import { corefile, outline, read } from "./corefile-rig.ts";

const fixtures = new URL("../../fixtures/corefiles/", import.meta.url);
const realTexts = ["kubeadm", "k3s", "minikube", "coredns-deployment", "mistakes"].map(name =>
  readFileSync(new URL(`${name}/Corefile`, fixtures), "utf8"),
);
const files = { "a.conf": "log\nimport b.conf\n", "b.conf": "cache {\n keepttl\n}\n", "odd.conf": '} { "' };
const environment = { A: "one two", B: "{$A}", LOOP: "{$LOOP}" };

/** What a Corefile is made of, and what does not belong there. */
const piece = fc.oneof(
  fc.constantFrom(
    "{",
    "}",
    "{\n",
    "}\n",
    "\n",
    " ",
    "\r\n",
    '"',
    "\\",
    "#",
    ",",
    "import",
    "import a.conf\n",
    "import odd.conf\n",
  ),
  fc.constantFrom(
    "import s\n",
    "(s) {\n",
    ". {\n",
    "a.org",
    "{$A}",
    "{$B}",
    "{$LOOP}",
    "{%A%}",
    "{$",
    "%}",
    "cache",
    "view",
    "bind ::1",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const assembled = fc.array(piece, { maxLength: 60 }).map(pieces => pieces.join(""));
const mutated = fc
  .record({
    text: fc.constantFrom(...realTexts),
    cuts: fc.array(fc.tuple(fc.nat(800), fc.nat(20), piece), { maxLength: 5 }),
  })
  .map(({ text, cuts }) =>
    cuts.reduce(
      (result, [at, length, piece]) => result.slice(0, at) + piece + result.slice(at + length),
      text,
    ),
  );
const bytes = fc.uint8Array({ maxLength: 200 }).map(octets => new TextDecoder().decode(octets));

function isInside({ file, line, column }: Place, texts: Readonly<Record<string, string>>): boolean {
  const lines = texts[file]?.replace(/^\uFEFF/, "").split("\n") ?? [];
  return (
    line >= 1 &&
    column >= 1 &&
    line <= lines.length &&
    column <= Math.max(1, [...(lines[line - 1] ?? "")].length)
  );
}

for (const [what, texts] of [
  ["pieces of Corefiles", assembled],
  ["real Corefiles with cuts", mutated],
  ["random octets", bytes],
] as const) {
  test(`${what} are read without an exception, and findings point inside the text`, () => {
    const property = fc.property(texts, text => {
      const { plan, fingerprint } = read(text, { files, environment });
      assert.equal(fingerprint.length, 128);
      for (const { at, what } of plan.findings) {
        assert.ok(isInside(at, { ...files, Corefile: text }), `${at.file}:${at.line}:${at.column} ${what}`);
      }
    });
    fc.assert(property, { numRuns: 1_000 });
  });
}

test("a text is parsed, or refused with a place", () => {
  const property = fc.property(fc.oneof(assembled, mutated), text => {
    try {
      parseCorefile(corefile(text, { files, environment }));
    } catch (error) {
      assert.ok(error instanceof CorefileSyntaxError);
      assert.ok(isInside(error.at, { ...files, Corefile: text }));
    }
  });
  fc.assert(property, { numRuns: 500 });
});

const megabyte = 1_000_000;
for (const [what, text] of [
  ["opening braces", "{ ".repeat(megabyte / 2)],
  ["closing braces", "}\n".repeat(megabyte / 2)],
  ["nested options", `. {\n${"cache {\n".repeat(megabyte / 8)}`],
  ["blocks", ". {\n}\n".repeat(megabyte / 6)],
  ["zones", `${"a.org, ".repeat(megabyte / 7)}b {\n}`],
  ["unknown words", `. {\n${Array.from({ length: megabyte / 8 }, (_, index) => `w${index}\n`).join("")}}`],
  ["one word", `. {\n ${"x".repeat(megabyte)}\n}`],
  ["one quoted word of many lines", `. {\n log "${"\n".repeat(megabyte)}"\n}`],
  ["one argument after another", `. {\n log ${"\n".repeat(10)}${"x ".repeat(megabyte / 2)}\n}`],
  ["variables", `. {\n log "${"{$A}{$B}".repeat(megabyte / 8)}"\n}`],
  ["snippets", Array.from({ length: megabyte / 50 }, (_, index) => `(s${index}) {\n log\n}\n`).join("")],
  ["snippets that import each other", doubling(500)],
] as const) {
  test(`a megabyte of ${what} is read within seconds`, { timeout: 20_000 }, () => {
    assert.ok(read(text, { environment }).plan.findings.length >= 0);
  });
}

/** 2⁵⁰⁰ words, if anybody wrote them out. */
function doubling(count: number): string {
  const snippets = Array.from(
    { length: count },
    (_, n) => `(s${n + 1}) {\n${` import s${n}\n`.repeat(2)}}\n`,
  );
  return `(s0) {\n log\n}\n${snippets.join("")}. {\n import s${count}\n}\n`;
}

/** Words as an author may write them: bare where that is possible, else in quotes. */
const wordText = fc
  .oneof(fc.stringMatching(/^[a-z0-9./:*^$()|+-]{1,8}$/), fc.stringMatching(/^[a-z" \n#{}]{0,8}$/))
  .filter(text => text !== "import" && text !== "{" && text !== "}");
const word = fc.record({ text: wordText, isQuoted: fc.boolean() });
type WrittenWord = Readonly<{ text: string; isQuoted: boolean }>;
const name = fc.stringMatching(/^[a-z]{2,8}$/).filter(text => text !== "import");
const line = fc.record({ name, args: fc.array(word, { maxLength: 3 }) });
const directive = fc.record({
  name,
  args: fc.array(word, { maxLength: 3 }),
  block: fc.option(fc.array(line, { maxLength: 3 })),
});
const block = fc.record({
  keys: fc.array(
    fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,3})?$/).filter(key => key !== "import"),
    { minLength: 1, maxLength: 3 },
  ),
  directives: fc.array(directive, { maxLength: 4 }),
});
const spacing = fc.record({
  blank: fc.constantFrom(" ", "\t", "   ", "\u00A0"),
  lineBreak: fc.constantFrom("\n", "\r\n", "\n\n", " # remark\n", '\n  # "remark" {\n'),
  comma: fc.constantFrom(" ", ", ", ",\n"),
});

function written({ text, isQuoted }: WrittenWord): string {
  const isBare = !isQuoted && /^[a-z0-9./:*^$()|+-]+$/.test(text);
  return isBare ? text : `"${text.replaceAll('"', '\\"')}"`;
}

test("what is written comes back, however it is spaced and quoted", () => {
  const property = fc.property(
    fc.array(block, { minLength: 1, maxLength: 3 }),
    spacing,
    (blocks, { blank, lineBreak, comma }) => {
      const oneLine = (name: string, args: readonly WrittenWord[]) =>
        [name, ...args.map(written)].join(blank);
      const text = blocks.map(({ keys, directives }) => {
        const lines = directives.map(({ name, args, block }) => {
          const options = block?.map(option => oneLine(option.name, option.args) + lineBreak);
          return (
            oneLine(name, args) +
            (options === undefined ? "" : `${blank}{${lineBreak}${options.join("")}}`) +
            lineBreak
          );
        });
        return `${keys.join(comma)}${blank}{${lineBreak}${lines.join("")}}${lineBreak}`;
      });
      const at: Place = { file: "", line: 1, column: 1 };
      const toWord = (text: string) => ({ text, at });
      const toLine = (line: { name: string; args: readonly WrittenWord[] }) => ({
        name: toWord(line.name),
        args: line.args.map(({ text }) => toWord(text)),
      });
      const meant = blocks.map(({ keys, directives }) => ({
        keys: keys.map(toWord),
        directives: directives.map(directive => ({
          ...toLine(directive),
          block: directive.block?.map(option => ({ ...toLine(option), block: undefined })),
        })),
      }));
      const found = parseCorefile(corefile(text.join("")));
      assert.equal(outline({ blocks: found, findings: [] }), outline({ blocks: meant, findings: [] }));
    },
  );
  fc.assert(property, { numRuns: 500 });
});
