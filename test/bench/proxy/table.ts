/** The outcome of the proxy's bench, for people. */

import { execFileSync } from "node:child_process";
import { formatTable } from "../../../src/cli/table.ts";
import { describeMachine } from "../machine.ts";
import { median, quantile } from "../quantile.ts";
import type { RoundFigures } from "./round.ts";
import type { BenchOptions } from "./rounds.ts";
import type { RuleCounts } from "./rule-counts.ts";
import { kubeProxyName } from "./subject.ts";

type Rounds = readonly RoundFigures[];

interface Measure {
  readonly name: string;
  readonly of: (rounds: Rounds) => number;
  readonly unit: keyof typeof formats;
}

const formats = {
  s: (ms: number) => `${(ms / 1000).toFixed(2)} s`,
  ms: (ms: number) => `${ms.toFixed(ms < 100 ? 1 : 0)} ms`,
  cpu: (seconds: number) => `${seconds.toFixed(2)} s`,
  MiB: (mebibytes: number) => `${mebibytes.toFixed(0)} MiB`,
  count: (count: number) => count.toFixed(0),
} as const;

const measures: readonly Measure[] = [
  { name: "first sync", unit: "s", of: medianOf(round => round.firstSyncMs) },
  { name: "own sync", unit: "s", of: medianOf(round => round.ownSyncMs) },
  { name: "first sync, CPU", unit: "cpu", of: medianOf(round => round.atFirst.cpuSeconds) },
  { name: "one change, p50", unit: "ms", of: rounds => quantile(changesOf(rounds), 0.5) },
  { name: "one change, p99", unit: "ms", of: rounds => quantile(changesOf(rounds), 0.99) },
  { name: "burst", unit: "ms", of: medianOf(round => round.burstMs) },
  { name: "burst, none pending", unit: "ms", of: medianOf(round => round.nonePendingMs) },
  { name: "changes and burst, CPU", unit: "cpu", of: medianOf(changesCpuSeconds) },
  { name: "resident after first sync", unit: "MiB", of: medianOf(round => round.atFirst.residentMiB) },
  { name: "resident after burst", unit: "MiB", of: medianOf(round => round.atLast.residentMiB) },
  { name: "peak", unit: "MiB", of: medianOf(round => round.peakMiB) },
  { name: "chains", unit: "count", of: countOf("chains") },
  { name: "rules", unit: "count", of: countOf("rules") },
  { name: "sets and maps", unit: "count", of: countOf("namedSets") },
  { name: "sets and maps within rules", unit: "count", of: countOf("unnamedSets") },
  { name: "elements", unit: "count", of: countOf("elements") },
];

/** What was run, and on what. */
export function describeRun({ size, rounds, changes, burst }: BenchOptions): string {
  const { services, endpoints, isMixed } = size;
  const nft = execFileSync("nft", ["--version"], { encoding: "utf8" }).trim();
  return [
    `${services} ${isMixed ? "mixed " : ""}Services with ${endpoints} endpoints each, own API server`,
    `medians of ${rounds} rounds, ${changes} single changes and a burst of ${burst} in each`,
    `${describeMachine()}, ${nft}`,
  ].join("\n");
}

/** A column for each proxy, and what share the first has of kube-proxy's figures, if that was run. */
export function formatFigures(figures: ReadonlyMap<string, Rounds>): string {
  const names = [...figures.keys()];
  const peer = names.indexOf(kubeProxyName);
  const rows = measures.map(({ name, of, unit }) => {
    const numbers = [...figures.values()].map(of);
    const cells = numbers.map(number => (Number.isNaN(number) ? "–" : formats[unit](number)));
    return [name, ...cells, ...(peer === -1 ? [] : [formatShare(numbers[0], numbers[peer])])];
  });
  return formatTable(["", ...names, ...(peer === -1 ? [] : ["first : kube-proxy"])], rows);
}

function formatShare(own = Number.NaN, peer = Number.NaN): string {
  const share = own / peer;
  return Number.isFinite(share) ? String(Number(share.toPrecision(2))) : "–";
}

function changesCpuSeconds({ atFirst, atLast }: RoundFigures): number {
  return atLast.cpuSeconds - atFirst.cpuSeconds;
}

function changesOf(rounds: Rounds): readonly number[] {
  return rounds.flatMap(({ changeMs }) => changeMs);
}

function medianOf(figure: (round: RoundFigures) => number): Measure["of"] {
  return rounds => median(rounds.map(figure));
}

function countOf(kind: keyof RuleCounts): Measure["of"] {
  return medianOf(({ counts }) => counts?.[kind] ?? Number.NaN);
}
