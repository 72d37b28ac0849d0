/**
 * Start, memory and propagation of `frontdesk dns` at a given number of Services, beside CoreDNS where its binary is
 * given. Run by `npm run bench`; prints one table of medians.
 *
 *   npm run bench                                  10 000 Services with 10 endpoints, from an API server of its own
 *   npm run bench -- --services 1000 --rounds 5
 *   KUBECONFIG=FILE npm run bench                  whatever that cluster holds; objects are created and removed in it
 *   COREDNS=/path/to/coredns npm run bench         CoreDNS in the same run, in turn
 *
 * "to ready" is from starting the process until `/ready` says 200; "resident" is VmRSS three seconds of idling later,
 * "peak" VmHWM (proc(5)); "to answer" is from the API server's reply to a created Service until its name resolves.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatTable } from "../../src/cli/table.ts";
import { exchangeUdp } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { decodeReply } from "../support/dns-client-reply.ts";
import { type Subject, startSubject } from "../support/subject.ts";
import { ApiWriter } from "./api-writer.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "10000" },
    endpoints: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    changes: { type: "string", default: "100" },
  },
});

interface Measured {
  readonly readySeconds: number;
  readonly residentMiB: number;
  readonly peakMiB: number;
  /** One for each change. */
  readonly propagationMs: readonly number[];
}

const subjects = [
  { name: "frontdesk", corednsBinary: undefined },
  ...(process.env.COREDNS === undefined ? [] : [{ name: "coredns", corednsBinary: process.env.COREDNS }]),
];

async function main(): Promise<void> {
  const cluster = process.env.KUBECONFIG === undefined ? await startCluster() : undefined;
  const kubeconfigFile = process.env.KUBECONFIG ?? cluster?.kubeconfigFile ?? "";
  try {
    const results = new Map<string, Measured[]>(subjects.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const { name, corednsBinary } of subjects) {
        results.get(name)?.push(await measure(kubeconfigFile, corednsBinary));
      }
    }
    print(results, process.env.KUBECONFIG === undefined);
  } finally {
    cluster?.process.kill();
  }
}

/** The objects live in a process of their own: what serves them must not share a core with what measures. */
async function startCluster(): Promise<{ process: ChildProcess; kubeconfigFile: string }> {
  const script = fileURLToPath(new URL("api-server-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, values.services, values.endpoints], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  return { process: child, kubeconfigFile: String(line).trim() };
}

async function measure(kubeconfigFile: string, corednsBinary: string | undefined): Promise<Measured> {
  const startedAtMs = performance.now();
  const kubeconfig = await readFile(kubeconfigFile, "utf8");
  const subject = await startSubject({ kubeconfig, corednsBinary });
  const readySeconds = (performance.now() - startedAtMs) / 1000;
  try {
    await delay(3_000);
    const memory = await memoryOf(subject.processId);
    const propagationMs = await measurePropagation(kubeconfigFile, subject);
    return { readySeconds, ...memory, propagationMs };
  } finally {
    await subject.stop();
  }
}

async function memoryOf(processId: number): Promise<Pick<Measured, "residentMiB" | "peakMiB">> {
  const status = await readFile(`/proc/${processId}/status`, "utf8");
  const mebibytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return { residentMiB: mebibytes("VmRSS"), peakMiB: mebibytes("VmHWM") };
}

async function measurePropagation(kubeconfigFile: string, subject: Subject): Promise<readonly number[]> {
  const writer = await ApiWriter.open(kubeconfigFile);
  const times: number[] = [];
  for (let change = 0; change < Number(values.changes); change += 1) {
    const name = `bench-${process.pid}-${change}`;
    await writer.createService("default", name);
    const acknowledgedAtMs = performance.now();
    await untilAnswered(subject, `${name}.default.svc.cluster.local. CNAME`);
    times.push(performance.now() - acknowledgedAtMs);
    await writer.deleteService("default", name);
  }
  writer.close();
  return times;
}

async function untilAnswered(subject: Subject, question: string): Promise<void> {
  const query = buildQuery(question);
  const deadlineMs = performance.now() + 10_000;
  while (decodeReply(await exchangeUdp(subject.server, query)).answer.length === 0) {
    if (performance.now() > deadlineMs) throw new Error(`${question} is not answered after 10 s`);
  }
}

function print(results: ReadonlyMap<string, readonly Measured[]>, isOwnServer: boolean): void {
  const data = isOwnServer
    ? `${values.services} Services with ${values.endpoints} endpoints each, own API server`
    : "the cluster of $KUBECONFIG";
  const rows = Array.from(results, ([name, rounds]) => {
    const propagation = rounds.flatMap(({ propagationMs }) => propagationMs);
    return [
      name,
      `${quantile(
        rounds.map(round => round.readySeconds),
        0.5,
      ).toFixed(2)} s`,
      `${quantile(
        rounds.map(round => round.residentMiB),
        0.5,
      ).toFixed(0)} MiB`,
      `${quantile(
        rounds.map(round => round.peakMiB),
        0.5,
      ).toFixed(0)} MiB`,
      `${quantile(propagation, 0.5).toFixed(1)} ms`,
      `${quantile(propagation, 0.99).toFixed(1)} ms`,
    ];
  });
  const header = ["server", "to ready", "resident", "peak", "to answer p50", "p99"];
  process.stdout.write(
    [
      `${data}; medians of ${values.rounds} rounds, ${values.changes} changes each`,
      `node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`,
      formatTable(header, rows),
      "",
    ].join("\n"),
  );
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

await main();
