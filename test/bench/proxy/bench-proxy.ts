/**
 * First sync, changes, rules and memory of `frontdesk proxy` at a given number of Services, beside kube-proxy in mode
 * nftables where its binary is given. Run by `npm run bench -- proxy`, as root, in a network namespace that it makes
 * for itself; prints one table of medians.
 *
 *   npm run bench -- proxy                         10 000 Services with 10 endpoints, from an API server of its own
 *   npm run bench -- proxy --services 1000 --rounds 5 --mixed
 *   npm run bench -- proxy --program src/main.ts --program dist/frontdesk.js
 *   KUBE_PROXY=/path/to/kube-proxy npm run bench -- proxy      kube-proxy in the same run, in turn
 *
 * All read the same objects, as JSON, and the same KubeProxyConfiguration. Times are those of real connections: the
 * namespace takes the addresses of all Pods for its own, so that behind every Service somebody answers, with the
 * address that the connection came to.
 *
 * "first sync" is from starting the process until Services from all over the cluster have answered. "own sync" is the
 * part of it in which the rules are built, by the proxy's own metric
 * (kubeproxy_sync_full_proxy_rules_duration_seconds). "one change" is from the API server's event until the new
 * endpoint of a Service that has only one answers. "burst" changes an endpoint each of many Services, and that one
 * last, whose answer ends it; "none pending" is when the metric of pending changes is 0 as well.
 *
 * "resident" is VmRSS three seconds later, "peak" the most that was seen in the whole round, looking every 20 ms,
 * "CPU" user and system time: all of the process and its children, which are nft.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { imageEnvironment } from "../image.ts";
import type { BenchOptions } from "./rounds.ts";
import { kubeProxyName, type ProxyCommand } from "./subject.ts";

export const proxyUsage = `npm run bench -- proxy   first sync, changes, rules and memory of the service proxy; needs root
  --services N           (10000)
  --endpoints N          of each Service (10)
  --mixed                some Services have node ports, external IPs, session affinity
  --rounds N             starts of each proxy (3)
  --changes N            single changes in each round (20)
  --burst N              Services that are changed at once (1000)
  --program FILE         what to run instead of src/main.ts: dist/frontdesk.js runs with the image's settings; may be
                         given several times
  KUBE_PROXY=FILE        a kube-proxy to run beside it`;

/** Resolves with the exit code. */
export async function benchProxy(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (process.getuid?.() !== 0) {
    process.stderr.write(
      "The bench of the proxy makes a network namespace and rules in it, which takes root.\n",
    );
    return 1;
  }
  // The namespace goes when its last process ends.
  const script = fileURLToPath(new URL("rounds.ts", import.meta.url));
  const words = ["--net", process.execPath, script, JSON.stringify(options)];
  const [exitCode] = await once(spawn("unshare", words, { stdio: "inherit" }), "exit");
  return exitCode ?? 1;
}

function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: "string", default: "10000" },
      endpoints: { type: "string", default: "10" },
      mixed: { type: "boolean", default: false },
      rounds: { type: "string", default: "3" },
      changes: { type: "string", default: "20" },
      burst: { type: "string", default: "1000" },
      program: { type: "string", multiple: true, default: ["src/main.ts"] },
    },
  });
  return {
    size: { services: Number(values.services), endpoints: Number(values.endpoints), isMixed: values.mixed },
    rounds: Number(values.rounds),
    changes: Number(values.changes),
    burst: Math.min(Number(values.burst), Number(values.services)),
    proxies: [...values.program.map(frontdesk), ...kubeProxies(process.env.KUBE_PROXY)],
  };
}

function frontdesk(program: string): ProxyCommand {
  return {
    name: `frontdesk (${program})`,
    command: [process.execPath, program, "proxy"],
    environment: imageEnvironment(program),
    minSyncPeriod: undefined,
  };
}

/** Its second between syncs is a choice, not what it is able to do: so it is also run without. */
function kubeProxies(program: string | undefined): readonly ProxyCommand[] {
  if (program === undefined) return [];
  return [
    { name: kubeProxyName, command: [program], environment: {}, minSyncPeriod: undefined },
    {
      name: `${kubeProxyName} (minSyncPeriod 1ms)`,
      command: [program],
      environment: {},
      minSyncPeriod: "1ms",
    },
  ];
}
