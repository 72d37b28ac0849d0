import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Figures } from "./figures.ts";
import { beginMark, endMark, withFigures } from "./readme.ts";
import { tableOf, toMarkdown } from "./table.ts";

const label = "queries per CPU second: ClusterIP";

/** The cells of a row, behind its label. */
function rowOf(figures: Figures, name = label): readonly string[] {
  const row = tableOf(figures).rows.find(([first]) => first === name);
  assert.ok(row, `there is a row ${name}`);
  return row.slice(1);
}

function figuresOf(own: readonly number[], coredns: readonly number[], echo: readonly number[]): Figures {
  const figures = new Figures();
  figures.add("frontdesk", "clusterIP per CPU second", ...own);
  figures.add("coredns", "clusterIP per CPU second", ...coredns);
  figures.add("echo", "clusterIP per CPU second", ...echo);
  return figures;
}

test("table of three servers has medians, spread, ratios and whether the bars are met", () => {
  const figures = figuresOf(
    [230_000, 250_000, 240_000],
    [30_000, 29_000, 28_000],
    [280_000, 281_000, 282_000],
  );
  assert.deepEqual(tableOf(figures).header, [
    "",
    "frontdesk",
    "coredns",
    "echo",
    ": coredns",
    ": echo",
    "bar",
    "met",
  ]);
  assert.deepEqual(rowOf(figures), [
    "240 000 (230 000–250 000)",
    "29 000 (28 000–30 000)",
    "281 000 (280 000–282 000)",
    ...["8.3", "0.85", "≥ 8 × CoreDNS, ≥ 0.8 × echo", "yes"],
  ]);
});

test("bar is not met when one of its parts is not", () => {
  assert.equal(rowOf(figuresOf([240_000], [29_000], [310_000])).at(-1), "no");
  assert.equal(rowOf(figuresOf([240_000], [31_000], [280_000])).at(-1), "no");
});

test("table without CoreDNS has no column for it and is held to what is left of the bars", () => {
  const figures = figuresOf([240_000], [], [280_000]);
  assert.deepEqual(tableOf(figures).header, ["", "frontdesk", "echo", ": echo", "bar", "met"]);
  assert.equal(rowOf(figures).at(-1), "yes");
  assert.equal(rowOf(figures, "start to ready").at(-1), "–");
});

test("losses of all rounds add up and none are allowed", () => {
  const name = "lost at 100 000 per second, 100 slices a second changing";
  const figures = figuresOf([1], [], []);
  figures.add("frontdesk", "lost", 0, 0);
  assert.equal(rowOf(figures, name).at(-1), "yes");
  figures.add("frontdesk", "lost", 1);
  assert.deepEqual([rowOf(figures, name)[0], rowOf(figures, name).at(-1)], ["1 (0–1)", "no"]);
});

test("propagation is that of all changes of all rounds", () => {
  const figures = figuresOf([1], [], []);
  figures.add("frontdesk", "created ms", ...Array.from({ length: 99 }, () => 1));
  figures.add("frontdesk", "created ms", 12);
  assert.equal(rowOf(figures, "to the answer: a new Service, denied before, p50")[0], "1.0 ms");
  assert.deepEqual(
    [rowOf(figures, "p99 of that")[0], rowOf(figures, "p99 of that").at(-1)],
    ["12.0 ms", "no"],
  );
});

test("README has a place for the figures, and keeps everything else", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const table = toMarkdown(tableOf(figuresOf([240_000], [29_000], [280_000])));
  const written = withFigures(readme, table);
  const [before = "", rest = ""] = readme.split(beginMark);
  assert.equal(written, `${before}${beginMark}\n\n${table}\n\n${endMark}${rest.split(endMark)[1]}`);
  assert.equal(withFigures(written, table), written);
});

test("README without a place for the figures is refused", () => {
  assert.throws(() => withFigures("# Frontdesk\n", ""), /the README has no/);
});
