/**
 * Whether `frontdesk dns` stays within a container's memory limit, beside CoreDNS where its binary is given. Run by
 * `npm run bench -- memory`, as root; prints one table for each server.
 *
 *   npm run build && npm run bench -- memory            170 MiB, as kubeadm gives CoreDNS; 10 000 Services, 100 000 endpoints
 *   npm run bench -- memory --churn-seconds 3600 --load-rate 2000      an hour of changes, under a load that clusters have
 *   COREDNS=/path/to/coredns npm run bench -- memory    CoreDNS in the same run, in turn
 *
 * The server runs in a memory cgroup of its own, of either version, with the settings of the Dockerfile, and goes from one
 * phase to the next: start; questions about all there is, which fills whatever is kept of answers; the same while
 * everything is listed anew after 410 Gone; the same while slices change; names that nobody has; rest.
 *
 * "charged" is the most that the kernel has charged to the group within a phase, "resident peak" VmHWM (proc(5)), which
 * also counts pages of the program file that other processes share. "refused" is how often the limit was reached: not
 * once, if all is well. Where a server was killed for it, the table ends.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatTable } from "../../../src/cli/table.ts";
import type { MemoryOrder } from "./api-server-process.ts";
import { MemoryGroup } from "./group.ts";
import type { LoadOrder } from "./load-process.ts";
import { imageOf, type MemoryServer, MemorySubject, type PhaseReading } from "./subject.ts";

export const memoryUsage = `npm run bench -- memory   the DNS server in a memory cgroup; needs root, and npm run build before
  --services N           (10000)
  --endpoints N          of each Service (10)
  --limit MIB            of the group (170)
  --load-seconds N       of questions, and of names that nobody has (20)
  --load-rate N          questions in a second; as many as are answered unless given
  --churn-seconds N      of changes (60)
  --churn-rate N         slices changed in a second (100)
  --program FILE         what to run instead of dist/frontdesk.js
  COREDNS=FILE           a CoreDNS to run beside it`;

type Options = ReturnType<typeof readOptions>;

interface Row extends PhaseReading {
  readonly phase: string;
  /** 0 where nobody asked. */
  readonly answersPerSecond: number;
}

/** After the start, and at the end. */
const restMs = 3_000;
const queriesInFlight = 200;

/** Resolves with the exit code. */
export async function benchMemory(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  const problem = problemOf(options);
  if (problem !== undefined) {
    process.stderr.write(`The bench of memory cannot run: ${problem}\n`);
    return 1;
  }
  const { size } = options;
  const cluster = startProcess("api-server-process.ts", size);
  const [{ kubeconfigFile }] = (await once(cluster, "message")) as [{ readonly kubeconfigFile: string }];
  process.stdout.write(
    `${size.services} Services with ${size.endpoints} endpoints each in a memory cgroup of ${options.limitMiB} MiB; ` +
      `${options.churnPerSecond} slices changed in a second for ${options.churnSeconds} s; MiB\n`,
  );
  const coredns = process.env.COREDNS;
  const servers: readonly MemoryServer[] = [
    imageOf(options.program),
    ...(coredns === undefined ? [] : [{ name: "coredns", command: [coredns], environment: {} }]),
  ];
  let hasKept = true;
  for (const server of servers) {
    const rows = await measure(server, kubeconfigFile, cluster, options);
    if (server === servers[0]) hasKept = rows.every(({ failures, kills }) => failures + kills === 0);
  }
  cluster.disconnect();
  return hasKept ? 0 : 1;
}

function problemOf({ program, limitMiB }: Options): string | undefined {
  if (!existsSync(program)) return `there is no ${program}; npm run build makes it`;
  try {
    MemoryGroup.create(limitMiB)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function measure(
  server: MemoryServer,
  kubeconfigFile: string,
  cluster: ChildProcess,
  options: Options,
): Promise<readonly Row[]> {
  const { size, loadSeconds, churnPerSecond, churnSeconds } = options;
  await using subject = await MemorySubject.start(server, kubeconfigFile, options.limitMiB);
  const rows: Row[] = [];
  const end = (phase: string, answersPerSecond: number) =>
    rows.push({ phase, answersPerSecond, ...subject.takeReading() });
  const told = async (order: MemoryOrder): Promise<void> => {
    cluster.send(order);
    await once(cluster, "message");
  };
  const { host, port } = subject.server;
  const asked = (names: LoadOrder["names"], meanwhile: () => Promise<unknown>) =>
    askMeanwhile({ host, port, size, names, pace: options.pace }, meanwhile);
  await delay(restMs);
  end(`start (ready after ${subject.readySeconds.toFixed(2)} s)`, 0);
  const phases: readonly (readonly [string, LoadOrder["names"], () => Promise<unknown>])[] = [
    ["questions", "known", () => delay(loadSeconds * 1000)],
    ["relist", "known", () => told({ order: "relist" })],
    ["changes", "known", () => told({ order: "churn", perSecond: churnPerSecond, seconds: churnSeconds })],
    ["unknown names", "unknown", () => delay(loadSeconds * 1000)],
  ];
  for (const [phase, names, meanwhile] of phases) {
    if (subject.isRunning) end(phase, await asked(names, meanwhile));
  }
  await delay(restMs);
  end("rest", 0);
  print(server.name, rows);
  if (!subject.isRunning) process.stdout.write(`${server.name} has ended:\n${await subject.lastWords()}\n`);
  return rows;
}

/** Resolves with answers per second. */
async function askMeanwhile(order: LoadOrder, meanwhile: () => Promise<unknown>): Promise<number> {
  const load = startProcess("load-process.ts", order);
  const startedAtMs = performance.now();
  await meanwhile();
  const durationSeconds = (performance.now() - startedAtMs) / 1000;
  load.send("how many");
  const [{ answered }] = (await once(load, "message")) as [{ readonly answered: number }];
  load.disconnect();
  await once(load, "exit");
  return answered / durationSeconds;
}

/** What asks and what serves the objects must not be in the way of what is measured. */
function startProcess(script: string, order: object): ChildProcess {
  return fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(order)]);
}

function print(name: string, rows: readonly Row[]): void {
  const header = [name, "charged", "resident peak", "resident after", "refused", "killed", "answers/s"];
  const cells = rows.map(row => [
    row.phase,
    ...[row.peakChargedMiB, row.peakResidentMiB, row.residentMiB].map(mebibytes => mebibytes.toFixed(0)),
    `${row.failures}`,
    `${row.kills}`,
    row.answersPerSecond === 0 ? "" : row.answersPerSecond.toFixed(0),
  ]);
  process.stdout.write(`\n${formatTable(header, cells)}\n`);
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: "string", default: "10000" },
      endpoints: { type: "string", default: "10" },
      limit: { type: "string", default: "170" },
      "load-seconds": { type: "string", default: "20" },
      "load-rate": { type: "string" },
      "churn-seconds": { type: "string", default: "60" },
      "churn-rate": { type: "string", default: "100" },
      program: { type: "string", default: "dist/frontdesk.js" },
    },
  });
  const rate = values["load-rate"];
  return {
    pace: rate === undefined ? { inFlight: queriesInFlight } : { perSecond: Number(rate) },
    size: { services: Number(values.services), endpoints: Number(values.endpoints) },
    limitMiB: Number(values.limit),
    loadSeconds: Number(values["load-seconds"]),
    churnSeconds: Number(values["churn-seconds"]),
    churnPerSecond: Number(values["churn-rate"]),
    program: values.program,
  };
}
