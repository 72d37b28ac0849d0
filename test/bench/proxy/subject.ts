/** A service proxy as its users start it: Frontdesk or kube-proxy, with the same configuration. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeName, podNetwork } from "./cluster.ts";

const stopTimeoutMs = 10_000;
const metricsAddress = "127.0.0.1:10249";

export const kubeProxyName = "kube-proxy";

export interface ProxyCommand {
  /** In the table. */
  readonly name: string;
  /** The program and what stands before `--config`. */
  readonly command: readonly string[];
  /** Besides our own. */
  readonly environment: Readonly<Record<string, string>>;
  /** `nftables.minSyncPeriod`; undefined: left to the proxy. kube-proxy takes a second. */
  readonly minSyncPeriod: string | undefined;
}

export class ProxySubject implements AsyncDisposable {
  readonly processId: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #directory: string;

  private constructor(child: ChildProcess, directory: string) {
    this.processId = child.pid ?? 0;
    this.#process = child;
    this.#exited = once(child, "exit").catch(() => undefined);
    this.#directory = directory;
  }

  static async start(proxy: ProxyCommand, kubeconfigFile: string): Promise<ProxySubject> {
    const directory = await mkdtemp(join(tmpdir(), "frontdesk-bench-"));
    const file = join(directory, "config.yaml");
    await writeFile(file, configuration(proxy, kubeconfigFile));
    const log = await open(join(directory, "log"), "w");
    const [program = "", ...args] = proxy.command;
    const env = { ...process.env, ...proxy.environment };
    const child = spawn(program, [...args, "--config", file], { env, stdio: ["ignore", log.fd, log.fd] });
    await once(child, "spawn");
    await log.close();
    return new ProxySubject(child, directory);
  }

  /** Throws with the end of the log when the proxy has ended by itself. */
  async assertRuns(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) return;
    const log = await readFile(join(this.#directory, "log"), "utf8");
    throw new Error(`the proxy has ended:\n${log.slice(-2000)}`);
  }

  /** The sum of a metric's values; undefined while it has none. `labels` is a part of what stands in braces. */
  async metric(name: string, labels = ""): Promise<number | undefined> {
    const reply = await fetch(`http://${metricsAddress}/metrics`).catch(() => undefined);
    const lines = ((await reply?.text()) ?? "").split("\n");
    const ofMetric = lines.filter(line => line.replace(/[{ ].*/, "") === name && line.includes(labels));
    if (ofMetric.length === 0) return undefined;
    return ofMetric.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), stopTimeoutMs);
    this.#process.kill("SIGTERM");
    await this.#exited;
    clearTimeout(timer);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** As kubeadm writes it, but for what a network namespace cannot change. kube-proxy would ask for protobuf by itself. */
function configuration({ minSyncPeriod }: ProxyCommand, kubeconfigFile: string): string {
  return `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: ${nodeName}
bindAddress: 0.0.0.0
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: ${metricsAddress}
clusterCIDR: ${podNetwork}
clientConnection:
  kubeconfig: ${kubeconfigFile}
  acceptContentTypes: application/json
  contentType: application/json
conntrack:
  maxPerCore: 0
  min: 0
  tcpEstablishedTimeout: 0s
  tcpCloseWaitTimeout: 0s
nftables:
  minSyncPeriod: ${minSyncPeriod ?? "0s"}
`;
}
