/** Findings about configurations as a table, as tab-separated lines, or as JSON. */

import type { BlockExplanation } from "./check-explanation.ts";
import { formatExplanations } from "./check-explanation.ts";
import { formatTable } from "./table.ts";
import { count } from "./up-report.ts";
import type { OutputForm } from "./up-report-format.ts";

/** What every kind of finding has. Its other fields are for JSON. */
interface Finding {
  readonly code: string;
  readonly severity: "error" | "warning" | "note";
  readonly at: { readonly file: string; readonly line: number; readonly column: number };
  readonly what: string;
  readonly remedy: string;
}

export interface CheckReport {
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
  /** Undefined when nobody asked. */
  readonly blocks: readonly BlockExplanation[] | undefined;
}

/** More than anybody reads; JSON has them all. */
const maxRows = 500;

/** JSON is a list of findings, or with an explanation `{ findings, blocks }`. Empty for nothing to say. */
export function formatCheckReport(report: CheckReport, form: OutputForm): string {
  switch (form) {
    case "json":
      return JSON.stringify(jsonOf(report), undefined, 2);
    case "plain":
      return [...(report.blocks ?? []).flatMap(plainBlock), ...report.findings.map(plainFinding)].join("\n");
    case "table":
      return [formatExplanations(report.blocks ?? []), tableOf(report.findings), summaryOf(report)]
        .filter(text => text !== "")
        .join("\n\n");
  }
}

function jsonOf({ findings, blocks }: CheckReport): unknown {
  const list = findings.map(({ at, ...rest }) => ({ ...at, ...rest }));
  return blocks === undefined ? list : { findings: list, blocks };
}

function plainFinding(finding: Finding): string {
  const { severity, code, what, remedy } = finding;
  return [placeOf(finding), severity, code, what, remedy].join("\t");
}

function plainBlock({ file, line, column, serves, plugins }: BlockExplanation): readonly string[] {
  const sentences = plugins.flatMap(plugin =>
    plugin.sentences.map(
      sentence => [plugin.file, plugin.line, plugin.column, plugin.name, sentence] as const,
    ),
  );
  return [[file, line, column, "", serves] as const, ...sentences].map(
    ([file, line, column, name, sentence]) => `${file}:${line}:${column}\texplanation\t${name}\t${sentence}`,
  );
}

function tableOf(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const rows = findings.slice(0, maxRows).flatMap(finding => {
    const { severity, code, what, remedy } = finding;
    return [
      [placeOf(finding), severity, code, what],
      ...(remedy === "" ? [] : [["", "", "", `→ ${remedy}`]]),
    ];
  });
  const surplus = findings.length - maxRows;
  const table = formatTable(["PLACE", "SEVERITY", "CODE", "WHAT, AND WHAT TO DO"], rows);
  return surplus > 0 ? `${table}\n… and ${surplus} more; -o json has them all` : table;
}

function placeOf({ at }: Finding): string {
  return `${at.file}:${at.line}:${at.column}`;
}

function summaryOf({ files, findings }: CheckReport): string {
  const counts = (["error", "warning", "note"] as const).flatMap(severity => {
    const found = findings.filter(finding => finding.severity === severity).length;
    return found > 0 ? [count(found, severity)] : [];
  });
  return `${files.join(" ")}: ${counts.length === 0 ? "nothing to complain about" : counts.join(", ")}`;
}
