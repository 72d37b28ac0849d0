/** The bench of the proxy inside its network namespace: the cluster, its endpoints, and every proxy in turn. */

import { execFileSync } from "node:child_process";
import { BenchCluster } from "./bench-cluster.ts";
import { serveEndpoints } from "./client.ts";
import type { ClusterSize } from "./cluster.ts";
import { nodeAddress, podNetwork, serviceNetwork } from "./cluster.ts";
import type { RoundFigures } from "./round.ts";
import { measureRound } from "./round.ts";
import type { ProxyCommand } from "./subject.ts";
import { describeRun, formatFigures } from "./table.ts";

export interface BenchOptions {
  readonly size: ClusterSize;
  readonly rounds: number;
  readonly changes: number;
  readonly burst: number;
  readonly proxies: readonly ProxyCommand[];
}

async function main(options: BenchOptions): Promise<void> {
  prepareNetwork();
  const endpoints = await serveEndpoints();
  using cluster = await BenchCluster.start(options.size);
  const figures = new Map<string, RoundFigures[]>(options.proxies.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const proxy of options.proxies) {
      process.stderr.write(`round ${round + 1} of ${options.rounds}: ${proxy.name}\n`);
      figures.get(proxy.name)?.push(await measureRound(proxy, cluster, options));
      execFileSync("nft", ["flush", "ruleset"]);
    }
  }
  endpoints.close();
  process.stdout.write(`${describeRun(options)}\n${formatFigures(figures)}\n`);
}

/** Addresses of Services are the namespace's own too: without rules a connection to them is refused at once. */
function prepareNetwork(): void {
  const ip = (command: string) => execFileSync("ip", command.split(" "));
  ip("link set lo up");
  ip(`address add ${nodeAddress}/32 dev lo`);
  for (const network of [serviceNetwork, podNetwork])
    ip(`route add local ${network} dev lo src ${nodeAddress}`);
}

await main(JSON.parse(process.argv[2] ?? ""));
