/** The figures of the DNS bench as rows, for a terminal and for the README. */

import { formatTable } from "../../../src/cli/table.ts";
import type { Column, Figures, Measure } from "./figures.ts";
import { measures } from "./figures.ts";

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const formats: Readonly<Record<Measure["unit"], (number: number) => string>> = {
  count: grouped,
  s: seconds => seconds.toFixed(2),
  ms: milliseconds => milliseconds.toFixed(milliseconds < 1 ? 3 : 1),
  MiB: mebibytes => mebibytes.toFixed(0),
  perSecond: grouped,
};

const units: Readonly<Record<Measure["unit"], string>> = {
  count: "",
  s: " s",
  ms: " ms",
  MiB: " MiB",
  perSecond: "",
};

/** A column for each server that has figures, what they are to each other, and the bars. */
export function tableOf(figures: Figures): Table {
  const columns = (["frontdesk", "coredns", "echo"] as const).filter(column => hasFigures(figures, column));
  const peers = columns.filter(column => column !== "frontdesk");
  const rows = measures.map(measure => {
    const summaryOf = (column: Column) => measure.summary(figures.of(column, measure.figure));
    const own = summaryOf("frontdesk");
    return [
      measure.label,
      ...columns.map(column => cellOf(measure, figures.of(column, measure.figure))),
      ...peers.map(peer => ratioOf(own, summaryOf(peer))),
      measure.bars.map(({ text }) => text).join(", "),
      verdictOf(measure.bars.map(bar => bar.isMet(own, summaryOf))),
    ];
  });
  return { header: ["", ...columns, ...peers.map(peer => `: ${peer}`), "bar", "met"], rows };
}

export function toText({ header, rows }: Table): string {
  return formatTable(header, rows);
}

export function toMarkdown({ header, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A whole number in groups of three digits. */
export function grouped(number: number): string {
  return number.toFixed(0).replace(/\B(?=(?:\d{3})+$)/g, " ");
}

function hasFigures(figures: Figures, column: Column): boolean {
  return measures.some(({ figure }) => figures.of(column, figure).length > 0);
}

/** The summary, and how far the rounds are apart where there is one number of each. */
function cellOf({ summary, unit, isPerRound }: Measure, numbers: readonly number[]): string {
  if (numbers.length === 0) return "–";
  const format = formats[unit];
  const text = `${format(summary(numbers))}${units[unit]}`;
  if (!isPerRound || numbers.length === 1) return text;
  return `${text} (${format(Math.min(...numbers))}–${format(Math.max(...numbers))})`;
}

function ratioOf(own: number, peer: number): string {
  const ratio = own / peer;
  return Number.isFinite(ratio) ? `${Number(ratio.toPrecision(2))}` : "–";
}

/** Nothing without a bar, or without all that it compares. */
function verdictOf(verdicts: readonly (boolean | undefined)[]): string {
  const known = verdicts.filter(verdict => verdict !== undefined);
  if (known.length === 0) return verdicts.length === 0 ? "" : "–";
  return known.every(isMet => isMet) ? "yes" : "no";
}
