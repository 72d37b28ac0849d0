/** The program under test on one node: ours, or with KUBE_PROXY in the environment the one to which that is the path. */

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { compileCacheFolder } from "../../support/command.ts";
import type { NodeName } from "./addresses.ts";
import { addressesOf } from "./addresses.ts";
import { run, within } from "./networks.ts";

const mainFile = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const kubeProxy = process.env.KUBE_PROXY;
const command = kubeProxy === undefined ? [process.execPath, mainFile, "proxy"] : [kubeProxy];

/** Options of a test that kube-proxy is known not to pass, and why. */
export function notKubeProxys(reason: string): { readonly skip: string | false } {
  return { skip: kubeProxy !== undefined && `kube-proxy differs: ${reason}` };
}

/** Who wrote the configuration file. */
type ConfigurationWriter = "kind" | "kubeadm";

export const isKubeProxy = kubeProxy !== undefined;

/** A change may wait twice as long for its rules before `/healthz` complains. */
export const syncPeriodMs = 2000;

export class ProxyProcess {
  readonly node: NodeName;
  readonly #kubeconfig: string;
  readonly #flags: readonly string[];
  readonly #configurationFile: string;
  readonly #logFile: string;
  readonly #nftFolder: string;
  readonly #nftFailureFile: string;
  #child: ChildProcess | undefined;

  /** `directory` exists and is the caller's to remove. */
  constructor(node: NodeName, directory: string, kubeconfig: string, flags: readonly string[]) {
    this.node = node;
    this.#flags = flags;
    this.#kubeconfig = kubeconfig;
    this.#configurationFile = join(directory, "config.conf");
    this.#logFile = join(directory, "log");
    this.#nftFolder = directory;
    this.#nftFailureFile = join(directory, "nft-fails");
    this.configure("kind");
    writeFileSync(join(directory, "nft"), failingNft(this.#nftFailureFile), { mode: 0o755 });
  }

  /** Writes another configuration file. */
  configure(writer: ConfigurationWriter): void {
    writeFileSync(this.#configurationFile, configurationOf(this.#kubeconfig, writer));
  }

  /** Whether it has ended although nobody stopped it. */
  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  get log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  /** Unless it is running. */
  start(): void {
    if (this.#child !== undefined && !this.hasEnded) return;
    const [program = "", ...args] = this.#words(["--config", this.#configurationFile, ...this.#flags]);
    const log = openSync(this.#logFile, "a");
    this.#child = spawn(program, args, { env: this.#environment, stdio: ["ignore", log, log] });
    closeSync(log);
  }

  /** Resolves with the exit code when it has ended by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null) await once(child, "exit");
    return child.exitCode;
  }

  /** Sends the signal and waits for the end. Returns the exit code; null: the signal ended it. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    if (child.exitCode !== null) return child.exitCode;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  /** Runs the program with `--cleanup`. Returns its exit code. */
  cleanUp(): number | null {
    const [program = "", ...args] = this.#words(["--cleanup"]);
    return spawnSync(program, args, { env: this.#environment, timeout: 20_000 }).status;
  }

  /** From now on there is no nft that works, and what runs of it has died. */
  breakNft(): void {
    writeFileSync(this.#nftFailureFile, "");
    for (const id of this.#nftProcesses()) process.kill(id, "SIGKILL");
  }

  mendNft(): void {
    rmSync(this.#nftFailureFile);
  }

  /** The rules of the node's network, whoever made them. */
  ruleset(): string {
    return run([...within(this.node), "nft", "list", "ruleset"]);
  }

  #nftProcesses(): readonly number[] {
    const { stdout } = spawnSync("ps", ["-o", "pid=,comm=", "--ppid", String(this.#child?.pid)]);
    const lines = String(stdout).trim().split("\n");
    return lines.filter(line => line.endsWith(" nft")).map(line => Number.parseInt(line, 10));
  }

  #words(flags: readonly string[]): readonly string[] {
    return [...within(this.node), ...command, "--hostname-override", this.node, ...flags];
  }

  get #environment(): NodeJS.ProcessEnv {
    const { PATH, HOME } = process.env;
    return { PATH: `${this.#nftFolder}:${PATH}`, HOME, NODE_COMPILE_CACHE: compileCacheFolder };
  }
}

/** nft as long as a file is not there. */
function failingNft(failureFile: string): string {
  const nft = run(["sh", "-c", "command -v nft"]).trim();
  return `#!/bin/sh
if [ -e '${failureFile}' ]; then
  echo 'Error: no nft today' >&2
  exit 1
fi
exec '${nft}' "$@"
`;
}

/** Its file, but for what is the laboratory's own and periods that a test can wait for. */
function configurationOf(kubeconfig: string, writer: ConfigurationWriter): string {
  const file = new URL(`../../fixtures/kube-proxy/${writer}.yaml`, import.meta.url);
  const found = parse(readFileSync(file, "utf8"));
  const periods = { syncPeriod: `${syncPeriodMs / 1000}s`, minSyncPeriod: "100ms" };
  return stringify({
    ...found,
    clientConnection: { ...found.clientConnection, kubeconfig },
    clusterCIDR: `${addressesOf.IPv4.podNetwork},${addressesOf.IPv6.podNetwork}`,
    iptables: { ...found.iptables, ...periods },
    nftables: { ...found.nftables, ...periods },
  });
}
