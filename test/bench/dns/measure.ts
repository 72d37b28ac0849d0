/** One round of one server: what is started for it, what it is put through, what is read from it. */

import { setTimeout as delay } from "node:timers/promises";
import type { Subject } from "../../support/subject.ts";
import { onAllCpus, onOwnCpu } from "../cpus.ts";
import type { LoadGenerator } from "../load/load-generator.ts";
import type { Asked, LoadRequest, LoadResult } from "../load/load-request.ts";
import { cpuSeconds, PeakMemory, residentMiB } from "../process-usage.ts";
import type { BenchObjects } from "./bench-objects.ts";
import { Churn } from "./churn.ts";
import type { Column, Figures, ScenarioName } from "./figures.ts";
import { scenarioNames } from "./figures.ts";
import { measurePropagation } from "./propagation.ts";
import { type BareServer, type ServerName, type ServerPlan, startEcho, startServer } from "./servers.ts";

/** What all rounds of all servers have in common. */
export interface Bench {
  readonly figures: Figures;
  readonly generator: LoadGenerator;
  /** For as much as a server can answer. */
  readonly runWindow: (request: LoadRequest) => Promise<LoadResult>;
  readonly scenarios: Readonly<Record<ScenarioName, Asked>>;
  readonly objects: BenchObjects;
  /** Of each load that is not paced; the paced ones take their own time. */
  readonly seconds: number;
  readonly churnSeconds: number;
  readonly changes: number;
  /** What should be known of the figures. */
  readonly notes: Set<string>;
}

/** Enough for a server to be busy all the time, and few enough for it to lose none. */
const outstanding = 256;
const warmUpSeconds = 1;
const maxWarmUps = 10;
/** Of each name, on average: caches are full then, and replies that are asked for again and again are ready. */
const warmUpAsks = 8;
const latencySeconds = 5;
const usualRate = 20_000;
const highRate = 100_000;
const changesPerSecond = 100;
const idleMs = 3_000;
/** Of all replies. */
const tolerableShare = 0.001;
const busyShare = 0.75;

/** With all processors, as its users start it. */
export async function measureStart({ figures }: Bench, plan: ServerPlan): Promise<void> {
  const startedAtMs = performance.now();
  const subject = await startServer(plan, onAllCpus);
  figures.add(plan.name, "ready seconds", (performance.now() - startedAtMs) / 1000);
  try {
    await delay(idleMs);
    figures.add(plan.name, "started MiB", residentMiB(subject.processId));
  } finally {
    await subject.stop();
  }
}

/** With one processor for itself. */
export async function measureUnderLoad(bench: Bench, plan: ServerPlan): Promise<void> {
  const { figures } = bench;
  const subject = await startServer(plan, onOwnCpu);
  try {
    for (const name of scenarioNames)
      await measureThroughput(bench, plan.name, name, subject, bench.scenarios[name]);
    await measureLatency(bench, plan.name, subject);
    await measurePropagationUnderLoad(bench, plan.name, subject);
    // Beyond what CoreDNS can do with one processor.
    if (plan.name === "frontdesk") await measureLosses(bench, plan.name, subject);
    figures.add(plan.name, "loaded MiB", residentMiB(subject.processId));
    using peak = new PeakMemory(subject.processId);
    figures.add(plan.name, "peak MiB", peak.read());
  } finally {
    await subject.stop();
  }
}

/** The same sockets and queries without DNS: what the kernel and the runtime leave to be had. */
export async function measureEcho(bench: Bench): Promise<void> {
  using echo = await startEcho(onOwnCpu);
  for (const name of ["clusterIP", "headless"] as const) {
    await measureThroughput(bench, "echo", name, echo, { ...bench.scenarios[name], expected: "echo" });
  }
}

async function measureThroughput(
  bench: Bench,
  column: Column,
  name: ScenarioName,
  { server, processId }: Pick<BareServer, "server" | "processId">,
  asked: Asked,
): Promise<void> {
  const request: LoadRequest = {
    server,
    asked,
    pace: { kind: "window", outstanding },
    seconds: warmUpSeconds,
  };
  await warmUp(bench, request);
  const before = cpuSeconds(processId);
  const result = await bench.runWindow({ ...request, seconds: bench.seconds });
  const usedSeconds = cpuSeconds(processId) - before;
  bench.figures.add(column, `${name} per CPU second`, result.answered / usedSeconds);
  bench.figures.add(column, `${name} per second`, result.answered / result.seconds);
  noteFailures(bench, `${column}, ${name}`, result);
  noteIdleness(bench, `${column}, ${name}`, usedSeconds / result.seconds);
}

async function warmUp({ runWindow }: Bench, request: LoadRequest): Promise<void> {
  let asked = 0;
  for (let turn = 0; turn < maxWarmUps && asked < request.asked.names.length * warmUpAsks; turn += 1) {
    asked += (await runWindow(request)).answered;
  }
}

async function measureLatency(bench: Bench, column: ServerName, { server }: Subject): Promise<void> {
  const asked = bench.scenarios.clusterIP;
  const pace = { kind: "rate", perSecond: usualRate } as const;
  const result = await bench.generator.run({ server, asked, pace, seconds: latencySeconds });
  bench.figures.add(column, "p50 ms", result.latency?.p50Ms ?? Number.NaN);
  bench.figures.add(column, "p99 ms", result.latency?.p99Ms ?? Number.NaN);
  noteFailures(bench, `${column} at ${usualRate} per second`, result);
}

async function measurePropagationUnderLoad(
  bench: Bench,
  column: ServerName,
  { server }: Subject,
): Promise<void> {
  const { figures, generator, objects, changes } = bench;
  const asked = bench.scenarios.clusterIP;
  const pace = { kind: "rate", perSecond: usualRate } as const;
  let isOver = false;
  const measuring = measurePropagation(objects, server, changes).finally(() => {
    isOver = true;
  });
  while (!isOver) await generator.run({ server, asked, pace, seconds: 1 });
  const { created, endpoint, deleted } = await measuring;
  figures.add(column, "created ms", ...created);
  figures.add(column, "endpoint ms", ...endpoint);
  figures.add(column, "deleted ms", ...deleted);
}

async function measureLosses(bench: Bench, column: ServerName, { server }: Subject): Promise<void> {
  const { clusterIP, headless } = bench.scenarios;
  await using churn = await Churn.start(bench.objects, changesPerSecond);
  const asked: Asked = { ...clusterIP, names: [...clusterIP.names, ...headless.names, ...churn.names] };
  const pace = { kind: "rate", perSecond: highRate } as const;
  const result = await bench.generator.run({ server, asked, pace, seconds: bench.churnSeconds });
  bench.figures.add(column, "lost", result.lost);
  noteFailures(bench, `${column} at ${highRate} per second`, { ...result, lost: 0 });
  noteSlowness(bench, "queries", result.sent / result.seconds, highRate);
  noteSlowness(bench, "changes", churn.perSecond, changesPerSecond);
}

function noteFailures({ notes }: Bench, where: string, { answered, wrong, lost }: LoadResult): void {
  const share = (wrong + lost) / (answered + wrong + lost);
  if (share <= tolerableShare) return;
  notes.add(`${where}: ${lost} queries lost and ${wrong} wrong replies (${(share * 100).toFixed(1)} %)`);
}

/** A server with little to do, or kept from doing it, reads smaller batches and needs more time for each query. */
function noteIdleness({ notes }: Bench, where: string, share: number): void {
  if (share >= busyShare) return;
  notes.add(`${where}: had its processor for ${(share * 100).toFixed(0)} % of the time only`);
}

function noteSlowness({ notes }: Bench, what: string, perSecond: number, wanted: number): void {
  if (perSecond < wanted * 0.98) notes.add(`${perSecond.toFixed(0)} ${what} per second instead of ${wanted}`);
}
