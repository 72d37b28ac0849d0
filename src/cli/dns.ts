/** `frontdesk dns`: the cluster's DNS server, configured by the Corefile it finds. */

import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { dictionary } from "../dns/plugins/order.ts";
import type { DNSServer } from "../dns/server/dns-server.ts";
import { AdminServers } from "../observe/admin-servers.ts";
import { createLineLog } from "../observe/line-log.ts";
import { Metrics } from "../observe/metrics.ts";
import { adminPages } from "./admin-pages.ts";
import { ClusterConnections } from "./cluster-connections.ts";
import { reportFindings } from "./corefile-findings.ts";
import type { CorefileSource, LoadedCorefile } from "./corefile-source.ts";
import { corefileSource } from "./corefile-source.ts";
import { createNameService, enabledPlugins, servedLines } from "./name-service.ts";
import { lameduckMs, Reloads } from "./reloads.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";
import { version } from "./version.ts";

export const dnsVerb: Verb = {
  name: "dns",
  summary:
    "Answer DNS as a Corefile says: cluster names from a Kubernetes API server, others from upstreams.",
  usage: "[-conf COREFILE] [FLAGS]",
  notes: [
    "Without -conf the file Corefile of the working directory is used; without that, what kubeadm gives CoreDNS:",
    "cluster.local from the API server, everything else from the name servers of /etc/resolv.conf.",
    "SIGUSR1 reads the Corefile again. FRONTDESK_LOG_FORMAT=json logs in JSON, FRONTDESK_LOG_LEVEL=debug more.",
  ],
  flags: [
    { name: "conf", value: "COREFILE", help: "the configuration; stdin or - reads standard input" },
    {
      name: "dns.port",
      short: "p",
      value: "PORT",
      default: "53",
      help: "port of plain DNS where the Corefile names none",
    },
    {
      name: "kubeconfig",
      value: "FILE",
      help: "how to reach the API server where the Corefile does not say; else $KUBECONFIG or the service account",
    },
    { name: "context", value: "NAME", help: "context of the kubeconfig to use instead of its current one" },
    { name: "pidfile", value: "FILE", help: "write the process id into this file" },
    { name: "plugins", help: "print the words a Corefile can use, in the order queries pass them, and end" },
    { name: "quiet", help: "print no start-up lines, and warnings and errors only" },
    { name: "version", help: "print the version and end" },
  ],
  run: runDns,
};

async function runDns(given: Given, stopped: Promise<unknown>): Promise<number> {
  const [surplus] = given.positionals;
  if (surplus !== undefined) {
    throw new UsageError(`"${surplus}" means nothing to frontdesk dns`, "see frontdesk help dns");
  }
  if (given.isSet("plugins")) return print(dictionary.plugins.map(({ name }) => `dns.${name}`));
  if (given.isSet("version")) return print([`Frontdesk-${version}`, platform()]);
  const source = corefileSource(nonEmpty(given, "conf"), given.number("dns.port", 0, 65535));
  const corefile = source.load();
  const lineLog = await createLineLog(given.isSet("quiet"));
  reportFindings(corefile.plan.findings, lineLog.log);
  try {
    return await serve(given, stopped, source, corefile, lineLog);
  } finally {
    lineLog.flush();
  }
}

async function serve(
  given: Given,
  stopped: Promise<unknown>,
  source: CorefileSource,
  corefile: LoadedCorefile,
  { log, writeLine }: Awaited<ReturnType<typeof createLineLog>>,
): Promise<number> {
  const metrics = new Metrics({ version, revision: "" });
  const clusters = new ClusterConnections({
    kubeconfig: nonEmpty(given, "kubeconfig"),
    context: given.text("context"),
    onRequest: call => metrics.restClientRequestObserved(call),
    log,
  });
  const server = createNameService({
    defaultPort: given.number("dns.port", 0, 65535),
    metrics,
    log,
    writeLogLine: writeLine,
    openCluster: request => clusters.open(request),
  });
  const admin = new AdminServers(log);
  let state: "starting" | "serving" | "stopping" = "starting";
  const pagesOf = (loaded: LoadedCorefile) =>
    adminPages(loaded.plan, {
      metrics,
      blocks: () => server.blocks,
      state: () => state,
      missing: () => clusters.missing(),
    });
  let pages = pagesOf(corefile);
  const use = async (loaded: LoadedCorefile) => {
    const next = pagesOf(loaded);
    // First the part that can fail without a trace: a page's address that is taken must not leave half a reload.
    await admin.show(new Map([...next, ...pages]));
    try {
      await server.apply(loaded.plan);
    } catch (error) {
      await admin.show(pages);
      throw error;
    }
    pages = next;
    await admin.show(pages);
    metrics.setEnabledPlugins(enabledPlugins(server));
  };
  const reloads = new Reloads({ source, use, metrics, log });
  const pidfile = nonEmpty(given, "pidfile");
  if (pidfile !== undefined) await writeProcessId(pidfile);

  // Liveness and readiness are there before the first name is: a slow API server must not look like a dead process.
  await admin.show(pages);
  const started = use(corefile).then(() => "started");
  if ((await Promise.race([started, stopped])) === "started") {
    state = "serving";
    if (!given.isSet("quiet")) print([...servedLines(server), `Frontdesk-${version}`, platform()]);
    reloads.start(corefile);
    await stopped;
  }
  state = "stopping";
  log.info(`${String(await stopped)}: Shutting down servers then terminating`);
  await shutDown(server, admin, clusters, reloads, log);
  return 0;
}

/** Not ready any more, still answering for a while, then quiet: nobody's query is lost on the way. */
async function shutDown(
  server: DNSServer,
  admin: AdminServers,
  clusters: ClusterConnections,
  reloads: Reloads,
  log: Logger,
): Promise<void> {
  await reloads.stop();
  const waitMs = lameduckMs(server.blocks);
  if (waitMs > 0) {
    log.info({ plugin: "health" }, `Going into lameduck mode for ${waitMs / 1_000}s`);
    await setTimeout(waitMs);
  }
  await server.close();
  await Promise.all([admin.close(), clusters.closed()]);
}

async function writeProcessId(file: string): Promise<void> {
  try {
    await writeFile(file, `${process.pid}\n`);
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(
      `cannot write the process id: ${message}`,
      "name a file in a folder that can be written to",
    );
  }
}

/** An unset variable in a script (`--kubeconfig "$FILE"`) is a mistake, not a wish for the default. */
function nonEmpty(given: Given, flag: string): string | undefined {
  const value = given.text(flag);
  if (value !== "") return value;
  throw new UsageError(`--${flag} is empty`, "name a file, or leave the flag out");
}

function platform(): string {
  return `${process.platform}/${process.arch}, node${process.versions.node}`;
}

function print(lines: readonly string[]): number {
  process.stdout.write(lines.map(line => `${line}\n`).join(""));
  return 0;
}
