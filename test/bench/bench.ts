/** `npm run bench -- [NAME] [options]`: what Frontdesk costs, beside its peers where they are given. */

import { benchDns, dnsUsage } from "./dns/bench-dns.ts";
import { benchMemory, memoryUsage } from "./memory/bench-memory.ts";
import { benchMicro, microUsage } from "./micro/bench-micro.ts";
import { benchProxy, proxyUsage } from "./proxy/bench-proxy.ts";

interface NamedBench {
  readonly usage: string;
  /** May resolve with an exit code. */
  readonly run: (args: readonly string[]) => Promise<unknown>;
}

const benches: Readonly<Record<string, NamedBench>> = {
  dns: { run: benchDns, usage: dnsUsage },
  memory: { run: benchMemory, usage: memoryUsage },
  micro: { run: benchMicro, usage: microUsage },
  proxy: { run: benchProxy, usage: proxyUsage },
};

const words = process.argv.slice(2);
const [name = "dns", ...options] = words[0]?.startsWith("--") ? ["dns", ...words] : words;
const bench = benches[name];

if (words.includes("--help")) {
  const usages = Object.values(benches).map(({ usage }) => usage);
  process.stdout.write(`${usages.join("\n\n")}\n`);
} else if (bench === undefined) {
  const known = Object.keys(benches).join(", ");
  process.stderr.write(`There is no bench "${name}"; there are ${known}.\n`);
  process.exitCode = 2;
} else {
  const exitCode = await bench.run(options);
  if (typeof exitCode === "number") process.exitCode = exitCode;
}
