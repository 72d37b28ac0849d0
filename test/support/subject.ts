/**
 * The DNS server under test, as a process of its own: Frontdesk from this checkout, or the CoreDNS binary that the
 * environment variable `CONFORMANCE_SUBJECT` names. Both get the same cluster, zones and options.
 */

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { compileCacheFolder } from "./command.ts";
import { exchangeTcp, exchangeUdp, type ServerAddress } from "./dns-client.ts";
import { buildQuery } from "./dns-client-query.ts";
import { ownAddress } from "./own-address.ts";

export type SubjectName = "frontdesk" | "coredns";
export type PodMode = "disabled" | "insecure" | "verified";

/** What a Corefile of a test has to name. */
export interface CorefileSite {
  readonly host: string;
  readonly port: number;
  readonly healthPort: number;
  readonly readyPort: number;
  readonly metricsPort: number;
  /** A folder of this subject alone, which holds `files`. */
  readonly directory: string;
  readonly kubeconfigFile: string;
  /** Zones with the subject's port, for the head of a server block: `keys(".", "example.org")`. */
  keys(...zones: readonly string[]): string;
  /** `bind`, `errors`, `health`, `ready` and `prometheus`, for the first server block. */
  readonly common: string;
  /** `bind`, for the others. */
  readonly bind: string;
  /** `kubernetes ZONES { … }` for the test's API server, with these option lines. */
  kubernetes(zones: string, options?: string): string;
}

export interface SubjectOptions {
  /** The text of a kubeconfig file. */
  readonly kubeconfig?: string;
  /** Instead of the options about zones below. */
  readonly corefile?: (site: CorefileSite) => string;
  /** Written into the subject's folder before it starts: relative name → content. */
  readonly files?: Readonly<Record<string, string>>;
  /** First the cluster domain, then the reverse zones. */
  readonly zones?: readonly string[];
  readonly pods?: PodMode;
  readonly ttlSeconds?: number;
  /** True: all local addresses. Otherwise one loopback address of this process alone, so that files never share a port. */
  readonly listensEverywhere?: boolean;
  /** False: resolve as soon as queries are answered, synced or not. */
  readonly awaitReady?: boolean;
  /** A CoreDNS to start instead of the one in the environment, if any. */
  readonly corednsBinary?: string | undefined;
  /** Frontdesk's program file, such as a bundle; `src/main.ts` when absent. */
  readonly program?: string | undefined;
  /** Of Frontdesk, besides our own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What stands before the command: a program that starts it and becomes it. */
  readonly launcher?: readonly string[];
}

export interface Subject {
  readonly server: ServerAddress;
  readonly healthUrl: string;
  readonly readyUrl: string;
  readonly metricsUrl: string;
  readonly processId: number;
  /** Everything the process has printed so far. */
  output(): string;
  stop(): Promise<void>;
}

const corednsBinary = process.env.CONFORMANCE_SUBJECT;
const startTimeoutMs = 20_000;
const stopTimeoutMs = 5_000;

export const subjectName: SubjectName = corednsBinary === undefined ? "frontdesk" : "coredns";

/** Starts the subject and waits until it is ready, or, without `awaitReady`, until it answers at all. */
export async function startSubject(options: SubjectOptions): Promise<Subject> {
  const host = ownAddress;
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-conformance-"));
  const kubeconfigFile = join(directory, "kubeconfig");
  await writeFile(kubeconfigFile, options.kubeconfig ?? "");
  for (const [name, content] of Object.entries(options.files ?? {})) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
  const ports = await freePorts(options.listensEverywhere ? "0.0.0.0" : host, 4);
  const plan = planOf(options, directory, host, ports);
  const running = new RunningSubject(await launch(plan), directory, plan);
  try {
    if (options.awaitReady ?? true) await running.waitUntil(() => isOk(running.readyUrl));
    // CoreDNS says that it is ready before its sockets are open.
    await running.waitUntil(() => isAnswering(running.server));
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

interface SubjectPlan extends ServerAddress {
  readonly directory: string;
  readonly corefile: SubjectOptions["corefile"];
  readonly zones: readonly string[];
  readonly pods: PodMode;
  readonly ttlSeconds: number;
  readonly listensEverywhere: boolean;
  readonly healthPort: number;
  readonly readyPort: number;
  readonly metricsPort: number;
  readonly corednsBinary: string | undefined;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly launcher: readonly string[];
}

function planOf(
  options: SubjectOptions,
  directory: string,
  host: string,
  ports: readonly number[],
): SubjectPlan {
  const [port = 0, healthPort = 0, readyPort = 0, metricsPort = 0] = ports;
  return {
    directory,
    corefile: options.corefile,
    zones: options.zones ?? ["cluster.local", "in-addr.arpa", "ip6.arpa"],
    pods: options.pods ?? "disabled",
    ttlSeconds: options.ttlSeconds ?? 5,
    listensEverywhere: options.listensEverywhere ?? false,
    host,
    port,
    healthPort,
    readyPort,
    metricsPort,
    corednsBinary: options.corednsBinary ?? corednsBinary,
    program: options.program ?? fileURLToPath(new URL("../../src/main.ts", import.meta.url)),
    environment: options.environment ?? {},
    launcher: options.launcher ?? [],
  };
}

async function launch(plan: SubjectPlan): Promise<ChildProcess> {
  const { directory } = plan;
  const options: SpawnOptions = { cwd: directory, stdio: ["ignore", "pipe", "pipe"] };
  const file = join(directory, "Corefile");
  await writeFile(file, (plan.corefile ?? (site => usualCorefile(plan, site)))(siteOf(plan)));
  const server =
    plan.corednsBinary === undefined ? [process.execPath, plan.program, "dns"] : [plan.corednsBinary];
  const [command = "", ...args] = [...plan.launcher, ...server, "-conf", file];
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCacheFolder, ...plan.environment };
  return spawn(command, args, { ...options, env });
}

function siteOf(plan: SubjectPlan): CorefileSite {
  const { host, port, directory, healthPort, readyPort, metricsPort } = plan;
  const kubeconfigFile = join(directory, "kubeconfig");
  const bind = plan.listensEverywhere ? "" : `bind ${host}`;
  return {
    ...{ host, port, healthPort, readyPort, metricsPort, directory, kubeconfigFile, bind },
    keys: (...zones) => zones.map(zone => `${zone}:${port}`).join(" "),
    common: [
      bind,
      "errors",
      `health ${host}:${healthPort}`,
      `ready ${host}:${readyPort}`,
      `prometheus ${host}:${metricsPort}`,
    ].join("\n    "),
    kubernetes: (zones, options = "") => `kubernetes ${zones} {
        kubeconfig ${kubeconfigFile}
        ${options}
    }`,
  };
}

function usualCorefile(plan: SubjectPlan, site: CorefileSite): string {
  return `${site.keys(...plan.zones)} {
    ${site.common}
    ${site.kubernetes(plan.zones.join(" "), `pods ${plan.pods}\n        ttl ${plan.ttlSeconds}`)}
    loadbalance
}
`;
}

class RunningSubject implements Subject {
  readonly server: ServerAddress;
  readonly healthUrl: string;
  readonly readyUrl: string;
  readonly metricsUrl: string;
  readonly processId: number;
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #exited: Promise<unknown>;
  readonly #printed: string[] = [];
  #failure: Error | undefined;

  constructor(child: ChildProcess, directory: string, plan: SubjectPlan) {
    this.server = { host: plan.listensEverywhere ? "127.0.0.1" : plan.host, port: plan.port };
    this.healthUrl = `http://${plan.host}:${plan.healthPort}/health`;
    this.readyUrl = `http://${plan.host}:${plan.readyPort}/ready`;
    this.metricsUrl = `http://${plan.host}:${plan.metricsPort}/metrics`;
    this.processId = child.pid ?? 0;
    this.#process = child;
    this.#directory = directory;
    this.#exited = once(child, "close").catch(() => undefined);
    child.on("error", error => {
      this.#failure = error;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#printed.push(text));
    }
  }

  output(): string {
    return this.#printed.join("");
  }

  async waitUntil(isUp: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    while (!(await isUp())) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasExited) throw new Error(`${subjectName} ended before it was up:\n${this.output()}`);
      if (Date.now() > deadline) {
        throw new Error(`${subjectName} was not up within ${startTimeoutMs} ms:\n${this.output()}`);
      }
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    if (!this.#hasExited) {
      const timer = setTimeout(() => this.#process.kill("SIGKILL"), stopTimeoutMs);
      this.#process.kill("SIGTERM");
      await this.#exited;
      clearTimeout(timer);
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #hasExited(): boolean {
    return (
      this.#failure !== undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
    );
  }
}

async function isAnswering(server: ServerAddress): Promise<boolean> {
  const query = buildQuery("cluster.local. SOA");
  const replies = [exchangeUdp(server, query, 1_000), exchangeTcp(server, query, 1_000)];
  return (await Promise.allSettled(replies)).every(({ status }) => status === "fulfilled");
}

/** Whether a GET is answered 200; false when nobody listens. */
export function isOk(url: string): Promise<boolean> {
  return new Promise(resolve => {
    const request = get(url, { agent: false, timeout: 1_000 }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

/** Ports nobody listens on, all different. */
async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, host));
  await Promise.all(servers.map(server => once(server, "listening")));
  const ports = servers.map(server => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}
