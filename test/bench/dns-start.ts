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
import { median, quantile } from "./quantile.ts";

export const dnsUsage = `npm run bench -- [dns]   start, memory and propagation of the DNS server
  --services N           (10000)
  --endpoints N          of each Service (10)
  --rounds N             starts of each server (3)
  --changes N            Services created in each round (100)
  KUBECONFIG=FILE        a cluster to read, instead of an API server of its own
  COREDNS=FILE           a CoreDNS to run beside it`;

type Options = ReturnType<typeof readOptions>;

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

export async function benchDnsStart(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const cluster = process.env.KUBECONFIG === undefined ? await startCluster(options) : undefined;
  const kubeconfigFile = process.env.KUBECONFIG ?? cluster?.kubeconfigFile ?? "";
  try {
    const results = new Map<string, Measured[]>(subjects.map(({ name }) => [name, []]));
    for (let round = 0; round < options.rounds; round += 1) {
      for (const { name, corednsBinary } of subjects) {
        results.get(name)?.push(await measure(kubeconfigFile, corednsBinary, options.changes));
      }
    }
    print(results, options);
  } finally {
    cluster?.process.kill();
  }
}

/** The objects live in a process of their own: what serves them must not share a core with what measures. */
async function startCluster({
  services,
  endpoints,
}: Options): Promise<{ process: ChildProcess; kubeconfigFile: string }> {
  const script = fileURLToPath(new URL("api-server-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, `${services}`, `${endpoints}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  return { process: child, kubeconfigFile: String(line).trim() };
}

async function measure(
  kubeconfigFile: string,
  corednsBinary: string | undefined,
  changes: number,
): Promise<Measured> {
  const startedAtMs = performance.now();
  const kubeconfig = await readFile(kubeconfigFile, "utf8");
  const subject = await startSubject({ kubeconfig, corednsBinary });
  const readySeconds = (performance.now() - startedAtMs) / 1000;
  try {
    await delay(3_000);
    const memory = await memoryOf(subject.processId);
    const propagationMs = await measurePropagation(kubeconfigFile, subject, changes);
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

async function measurePropagation(
  kubeconfigFile: string,
  subject: Subject,
  changes: number,
): Promise<readonly number[]> {
  const writer = await ApiWriter.open(kubeconfigFile);
  const times: number[] = [];
  for (let change = 0; change < changes; change += 1) {
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

function print(results: ReadonlyMap<string, readonly Measured[]>, options: Options): void {
  const { services, endpoints, rounds: roundCount, changes } = options;
  const data =
    process.env.KUBECONFIG === undefined
      ? `${services} Services with ${endpoints} endpoints each, own API server`
      : "the cluster of $KUBECONFIG";
  const rows = Array.from(results, ([name, rounds]) => {
    const propagation = rounds.flatMap(({ propagationMs }) => propagationMs);
    return [
      name,
      `${median(rounds.map(round => round.readySeconds)).toFixed(2)} s`,
      `${median(rounds.map(round => round.residentMiB)).toFixed(0)} MiB`,
      `${median(rounds.map(round => round.peakMiB)).toFixed(0)} MiB`,
      `${quantile(propagation, 0.5).toFixed(1)} ms`,
      `${quantile(propagation, 0.99).toFixed(1)} ms`,
    ];
  });
  const header = ["server", "to ready", "resident", "peak", "to answer p50", "p99"];
  process.stdout.write(
    [
      `${data}; medians of ${roundCount} rounds, ${changes} changes each`,
      `node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`,
      formatTable(header, rows),
      "",
    ].join("\n"),
  );
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: "string", default: "10000" },
      endpoints: { type: "string", default: "10" },
      rounds: { type: "string", default: "3" },
      changes: { type: "string", default: "100" },
    },
  });
  return {
    services: Number(values.services),
    endpoints: Number(values.endpoints),
    rounds: Number(values.rounds),
    changes: Number(values.changes),
  };
}
