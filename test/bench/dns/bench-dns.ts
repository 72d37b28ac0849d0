/**
 * `frontdesk dns` beside CoreDNS, where its binary is given, and beside an echo on the same sockets: queries per CPU
 * second, latency, losses, start, memory and propagation. Run by `npm run bench -- dns`; prints one table.
 *
 *   npm run bench -- dns                              10 000 Services with 10 endpoints, from an API server of its own
 *   npm run bench -- dns --services 1000 --rounds 5
 *   npm run bench -- dns --churn-seconds 60           losses over a minute
 *   KUBECONFIG=FILE npm run bench -- dns              whatever that cluster holds; objects are created and removed in it
 *   COREDNS=/path/to/coredns npm run bench -- dns     CoreDNS in the same run, in turn
 *
 * Both have kubeadm's Corefile, with an upstream that answers everything at once. Each round starts each server twice.
 * First with all processors: "start to ready" is from starting the process until `/ready` says 200 and it answers,
 * "resident when started" is VmRSS (proc(5)) three seconds of idling later. Then with one processor for itself, which
 * neither the load nor the API server use where taskset(1) is there; all else is measured in this one.
 *
 * Throughput: 256 queries under way at any time, from 8 sockets, after warming up; names are taken at random from all of
 * the cluster's. CPU seconds are the server's, user and system. Latency and losses: queries leave at a fixed rate, whatever
 * comes back. The load is our own generator's, which makes half as many queries again in a CPU second as dnsperf, whose one
 * processor is not enough to keep a server busy that needs no more time for a query; `--dnsperf` takes the throughput
 * with dnsperf all the same. "to the answer" is from the API server's reply to a change until a query sees it, under
 * 20 000 others a second.
 */

import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ApiClient } from "../api-client.ts";
import { leaveFirstCpu } from "../cpus.ts";
import { runDnsperf } from "../load/dnsperf.ts";
import { LoadGenerator } from "../load/load-generator.ts";
import { describeMachine } from "../machine.ts";
import { BenchObjects } from "./bench-objects.ts";
import { readNames } from "./cluster-names.ts";
import { Figures } from "./figures.ts";
import { type Bench, measureEcho, measureStart, measureUnderLoad } from "./measure.ts";
import { withFigures } from "./readme.ts";
import { scenariosOf } from "./scenarios.ts";
import { type ServerName, type ServerPlan, startApiServer, startUpstream } from "./servers.ts";
import { grouped, tableOf, toMarkdown, toText } from "./table.ts";

export const dnsUsage = `npm run bench -- [dns]   queries per CPU second, latency, start, memory and propagation of the DNS server
  --services N           (10000)
  --endpoints N          of each Service (10)
  --names N              that are asked of each kind, the fewer the easier (all that there are)
  --rounds N             of each server, in turn (3)
  --seconds N            of each load (3)
  --changes N            of each kind in each round (100)
  --churn-seconds N      of 100 000 queries and 100 changes a second (10)
  --dnsperf              takes queries per CPU second with dnsperf's load, not our own
  --program FILE         what to run instead of src/main.ts: dist/frontdesk.js runs with the image's settings
  --write-readme         writes the table into README.md
  KUBECONFIG=FILE        a cluster to read, instead of an API server of its own
  COREDNS=FILE           a CoreDNS to run beside it`;

type Options = ReturnType<typeof readOptions>;

export async function benchDns(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  leaveFirstCpu();
  const { KUBECONFIG } = process.env;
  using apiServer =
    KUBECONFIG === undefined ? await startApiServer(options.services, options.endpoints) : undefined;
  using upstream = await startUpstream();
  using generator = LoadGenerator.start();
  const kubeconfigFile = KUBECONFIG ?? apiServer?.kubeconfigFile ?? "";
  using client = await ApiClient.open(kubeconfigFile);
  await using objects = new BenchObjects(client, { allocatesAddresses: KUBECONFIG !== undefined });
  const bench: Bench = {
    ...options,
    objects,
    generator,
    runWindow: request => (options.usesDnsperf ? runDnsperf(request) : generator.run(request)),
    figures: new Figures(),
    notes: new Set(),
    scenarios: scenariosOf(await readNames(client, options.names)),
  };
  const { COREDNS: corednsBinary } = process.env;
  const common = { kubeconfigFile, corednsBinary, upstream: upstream.server, program: options.program };
  const names: readonly ServerName[] = corednsBinary === undefined ? ["frontdesk"] : ["frontdesk", "coredns"];
  await runRounds(
    bench,
    options.rounds,
    names.map(name => ({ ...common, name })),
  );
  await tell(bench, options, args);
}

async function runRounds(bench: Bench, rounds: number, plans: readonly ServerPlan[]): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    const say = (what: string) => process.stderr.write(`round ${round} of ${rounds}: ${what}\n`);
    say("echo");
    await measureEcho(bench);
    for (const plan of plans) {
      say(`${plan.name}, start`);
      await measureStart(bench, plan);
      say(`${plan.name}, load`);
      await measureUnderLoad(bench, plan);
    }
  }
}

async function tell(bench: Bench, options: Options, args: readonly string[]): Promise<void> {
  const table = tableOf(bench.figures);
  const lines = describeRun(options);
  const notes = [...bench.notes];
  process.stdout.write(`${[...lines, toText(table), ...notes].join("\n")}\n`);
  if (!options.writesReadme) return;
  const file = fileURLToPath(new URL("../../../README.md", import.meta.url));
  const part = [
    `    ${describeCommand(args)}`,
    [new Date().toISOString().slice(0, 10), ...lines].join("; "),
    toMarkdown(table),
    ...notes.map(note => `* ${note}`),
  ];
  await writeFile(file, withFigures(await readFile(file, "utf8"), part.join("\n\n")));
}

function describeRun({
  services,
  endpoints,
  names,
  rounds,
  seconds,
  changes,
  churnSeconds,
  program,
}: Options): string[] {
  const { KUBECONFIG, COREDNS } = process.env;
  const data =
    KUBECONFIG === undefined
      ? `${grouped(services)} Services with ${endpoints} endpoints each, every tenth headless; own API server`
      : "the cluster of $KUBECONFIG";
  const versions = COREDNS === undefined ? [] : [execFileSync(COREDNS, ["-version"], { encoding: "utf8" })];
  return [
    Number.isFinite(names) ? `${data}; ${grouped(names)} names of each kind are asked` : data,
    `${rounds === 1 ? "one round" : `medians of ${rounds} rounds (least–most)`}, ${seconds} s of each load, ${changes} changes of each kind, ${churnSeconds} s of losses`,
    [program, describeMachine(), ...versions.map(text => text.split("\n", 1)[0])].join(", "),
  ];
}

/** Where files are is this machine's own affair. */
function describeCommand(args: readonly string[]): string {
  const given = ["KUBECONFIG", "COREDNS"].filter(name => process.env[name] !== undefined);
  return [...given.map(name => `${name}=…`), "npm run bench -- dns", ...args].join(" ");
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      services: { type: "string", default: "10000" },
      endpoints: { type: "string", default: "10" },
      names: { type: "string", default: "Infinity" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "3" },
      changes: { type: "string", default: "100" },
      "churn-seconds": { type: "string", default: "10" },
      program: { type: "string", default: "src/main.ts" },
      dnsperf: { type: "boolean", default: false },
      "write-readme": { type: "boolean", default: false },
    },
  });
  return {
    services: Number(values.services),
    endpoints: Number(values.endpoints),
    names: Number(values.names),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    changes: Number(values.changes),
    churnSeconds: Number(values["churn-seconds"]),
    program: values.program,
    usesDnsperf: values.dnsperf,
    writesReadme: values["write-readme"],
  };
}
