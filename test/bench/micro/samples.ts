/** How long a short piece of work takes, from many samples of many runs of it. */

import { quantile } from "../quantile.ts";

export interface Timing {
  readonly medianNs: number;
  /** A tenth of the samples are below, a tenth above. */
  readonly lowNs: number;
  readonly highNs: number;
}

const warmUpMs = 500;
const sampleMs = 20;
const sampleCount = 31;

/** `work` gives a number that depends on what it has done, so that nothing of it can be left out. */
export function time(work: () => number): Timing {
  const warmUpRuns = runFor(work, warmUpMs);
  const runs = Math.max(1, Math.round((warmUpRuns * sampleMs) / warmUpMs));
  const samples = Array.from({ length: sampleCount }, () => sampleNs(work, runs));
  return { medianNs: quantile(samples, 0.5), lowNs: quantile(samples, 0.1), highNs: quantile(samples, 0.9) };
}

function runFor(work: () => number, durationMs: number): number {
  const endMs = performance.now() + durationMs;
  let runs = 0;
  for (; performance.now() < endMs; runs += 100) sampleNs(work, 100);
  return runs;
}

function sampleNs(work: () => number, runs: number): number {
  const startedAtMs = performance.now();
  let sum = 0;
  for (let run = 0; run < runs; run += 1) sum += work();
  const durationMs = performance.now() - startedAtMs;
  if (!Number.isFinite(sum)) throw new Error("the work has gone wrong");
  return (durationMs * 1e6) / runs;
}
