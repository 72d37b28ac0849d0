/** A DNS server as its image starts it, in a memory cgroup. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerAddress } from "../../support/dns-client.ts";
import { ownAddress } from "../../support/own-address.ts";
import { isOk } from "../../support/subject.ts";
import { imageEnvironment } from "../image.ts";
import { MemoryGroup } from "./group.ts";

const ports = { dns: 1053, health: 8080, ready: 8181, metrics: 9153 };
const startTimeoutMs = 60_000;
const pollIntervalMs = 10;

export interface MemoryServer {
  /** In the table. */
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What one phase has cost. */
export interface PhaseReading {
  readonly peakChargedMiB: number;
  readonly peakResidentMiB: number;
  readonly residentMiB: number;
  readonly failures: number;
  readonly kills: number;
}

/** A bundle, as the image runs it. */
export function imageOf(program: string): MemoryServer {
  const file = resolve(program);
  return {
    name: "frontdesk",
    command: [process.execPath, file, "dns"],
    environment: imageEnvironment(file),
  };
}

export class MemorySubject implements AsyncDisposable {
  readonly server: ServerAddress = { host: ownAddress, port: ports.dns };
  readonly metricsUrl = `http://${ownAddress}:${ports.metrics}/metrics`;
  readonly readySeconds: number;
  readonly #group: MemoryGroup;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #directory: string;

  private constructor(
    group: MemoryGroup,
    child: ChildProcess,
    exited: Promise<unknown>,
    directory: string,
    readySeconds: number,
  ) {
    this.#group = group;
    this.#process = child;
    this.#exited = exited;
    this.#directory = directory;
    this.readySeconds = readySeconds;
  }

  /** Resolves when it is ready, or has ended before that. */
  static async start(server: MemoryServer, kubeconfigFile: string, limitMiB: number): Promise<MemorySubject> {
    const group = MemoryGroup.create(limitMiB);
    const directory = await mkdtemp(join(tmpdir(), "frontdesk-bench-"));
    const corefile = join(directory, "Corefile");
    await writeFile(corefile, corefileFor(kubeconfigFile));
    const log = await open(join(directory, "log"), "w");
    const [program = "", ...args] = group.inside([...server.command, "-conf", corefile]);
    const startedAtMs = performance.now();
    const { PATH = "", HOME = "" } = process.env;
    const env = { PATH, HOME, ...server.environment };
    const child = spawn(program, args, { env, stdio: ["ignore", log.fd, log.fd] });
    const exited = once(child, "exit").catch(() => undefined);
    await log.close();
    const deadlineMs = startedAtMs + startTimeoutMs;
    while (hasNotEnded(child) && !(await isOk(`http://${ownAddress}:${ports.ready}/ready`))) {
      if (performance.now() > deadlineMs) child.kill("SIGKILL");
      await delay(pollIntervalMs);
    }
    return new MemorySubject(group, child, exited, directory, (performance.now() - startedAtMs) / 1000);
  }

  get isRunning(): boolean {
    return hasNotEnded(this.#process);
  }

  /** The end of what it has printed. */
  async lastWords(): Promise<string> {
    return (await readFile(join(this.#directory, "log"), "utf8")).slice(-1000);
  }

  /** Since the last time. */
  takeReading(): PhaseReading {
    const processId = this.#process.pid ?? 0;
    const peakResidentMiB = statusMiB(processId, "VmHWM");
    const residentMiB = statusMiB(processId, "VmRSS");
    // proc(5): 5 sets VmHWM back to what is resident now.
    if (this.isRunning) writeFileSync(`/proc/${processId}/clear_refs`, "5");
    return { ...this.#group.takeReading(), peakResidentMiB, residentMiB };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    this.#process.kill("SIGTERM");
    if (this.isRunning) await this.#exited;
    clearTimeout(timer);
    this.#group[Symbol.dispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A field of proc(5); 0 for a process that has ended. */
function statusMiB(processId: number, field: "VmRSS" | "VmHWM"): number {
  try {
    const status = readFileSync(`/proc/${processId}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function hasNotEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** kubeadm's, but for the way to the outside. */
function corefileFor(kubeconfigFile: string): string {
  return `.:${ports.dns} {
    bind ${ownAddress}
    errors
    health ${ownAddress}:${ports.health}
    ready ${ownAddress}:${ports.ready}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       kubeconfig ${kubeconfigFile}
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus ${ownAddress}:${ports.metrics}
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loadbalance
}
`;
}
