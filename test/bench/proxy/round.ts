/** One start of one proxy, from nothing to its end, and what is measured on the way. */

import { setTimeout as delay } from "node:timers/promises";
import { cpuSeconds, PeakMemory, residentMiB } from "../process-usage.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { connectOnce } from "./client.ts";
import { monotonicMs } from "./monotonic-ms.ts";
import { countRules, type RuleCounts } from "./rule-counts.ts";
import { type ProxyCommand, ProxySubject } from "./subject.ts";

interface Usage {
  /** Since the start. */
  readonly cpuSeconds: number;
  readonly residentMiB: number;
}

/** What `bench-proxy.ts` says of each. */
export interface RoundFigures {
  readonly firstSyncMs: number;
  readonly ownSyncMs: number;
  readonly atFirst: Usage;
  readonly atLast: Usage;
  readonly peakMiB: number;
  /** One for each change. */
  readonly changeMs: readonly number[];
  readonly burstMs: number;
  readonly nonePendingMs: number;
  readonly counts: RuleCounts | undefined;
}

const sampledServices = 100;
const idleMs = 3_000;
/** Longer than the default minSyncPeriod, so that no change has to wait because of the one before. */
const changeIntervalMs = 1_100;
/** Short enough for a time in milliseconds, and it leaves the processor to the proxy. */
const connectIntervalMs = 1;
const metricsIntervalMs = 10;
const maxWaitMs = 600_000;

export async function measureRound(
  proxy: ProxyCommand,
  cluster: BenchCluster,
  { changes, burst }: { readonly changes: number; readonly burst: number },
): Promise<RoundFigures> {
  const startedAtMs = monotonicMs();
  await using subject = await ProxySubject.start(proxy, cluster.kubeconfigFile);
  using peakMemory = new PeakMemory(subject.processId);
  for (const clusterIP of cluster.sampleClusterIPs(sampledServices)) {
    await until(subject, connectIntervalMs, async () => (await connectOnce(clusterIP)) !== undefined);
  }
  const firstSyncMs = monotonicMs() - startedAtMs;
  const ownSyncMs = await readOwnSync(subject);
  const atFirst = await usageAtRest(subject.processId);
  const changeMs: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const { answeredMs } = await measureChange(subject, cluster, 0);
    changeMs.push(answeredMs);
    await delay(changeIntervalMs);
  }
  const last = await measureChange(subject, cluster, burst);
  await until(subject, metricsIntervalMs, async () => (await subject.metric(pendingChanges)) === 0);
  const nonePendingMs = monotonicMs() - last.changedAtMs;
  const atLast = await usageAtRest(subject.processId);
  const peakMiB = peakMemory.read();
  const counts = await countRules();
  const burstMs = last.answeredMs;
  return { firstSyncMs, ownSyncMs, atFirst, atLast, peakMiB, changeMs, burstMs, nonePendingMs, counts };
}

async function usageAtRest(processId: number): Promise<Usage> {
  await delay(idleMs);
  return { cpuSeconds: cpuSeconds(processId), residentMiB: residentMiB(processId) };
}

const pendingChanges = "kubeproxy_sync_proxy_rules_endpoint_changes_pending";
const fullSyncSeconds = "kubeproxy_sync_full_proxy_rules_duration_seconds_sum";

async function readOwnSync(subject: ProxySubject): Promise<number> {
  const read = async () => (await subject.metric(fullSyncSeconds, 'ip_family="IPv4"')) ?? 0;
  await until(subject, metricsIntervalMs, async () => (await read()) > 0);
  return (await read()) * 1000;
}

/** Changes the probe, and other Services before it, and waits for its new endpoint. */
async function measureChange(subject: ProxySubject, cluster: BenchCluster, otherServices: number) {
  const { changedAtMs, endpoint } = await cluster.change(otherServices);
  await until(
    subject,
    connectIntervalMs,
    async () => (await connectOnce(cluster.probeClusterIP)) === endpoint,
  );
  return { changedAtMs, answeredMs: monotonicMs() - changedAtMs };
}

async function until(subject: ProxySubject, intervalMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = monotonicMs() + maxWaitMs;
  while (!(await isSo())) {
    await subject.assertRuns();
    if (monotonicMs() > deadlineMs) throw new Error(`nothing has happened for ${maxWaitMs / 60_000} minutes`);
    await delay(intervalMs);
  }
}
