/** The life of the process that `frontdesk dns` starts: from its Corefile to the signal that ends it. */

import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import type { DNSServer } from "../dns/server/dns-server.ts";
import type { PortGroup } from "../dns/server/open-listener.ts";
import { AdminServers } from "../observe/admin-servers.ts";
import type { LineLog } from "../observe/line-log.ts";
import { Metrics } from "../observe/metrics.ts";
import { adminPages } from "./admin-pages.ts";
import { ClusterConnections } from "./cluster-connections.ts";
import type { CorefileSource, LoadedCorefile } from "./corefile-source.ts";
import { createNameService, enabledPlugins, servedLines } from "./name-service.ts";
import { processCount } from "./process-count.ts";
import type { ProcessGroup } from "./process-group.ts";
import { lameduckMs, Reloads } from "./reloads.ts";
import type { Given } from "./verb.ts";
import { UsageError } from "./verb.ts";
import { version } from "./version.ts";

/** What answers DNS, not listening yet. */
export interface DnsProcess {
  readonly server: DNSServer;
  readonly clusters: ClusterConnections;
  readonly metrics: Metrics;
}

/** `groupOf` is for a process that joins another one's ports. Throws UsageError. */
export function openDnsProcess(
  given: Given,
  { log, writeLine }: LineLog,
  groupOf?: (clusters: ClusterConnections) => PortGroup,
): DnsProcess {
  const metrics = new Metrics({ version, revision: "" });
  const clusters = new ClusterConnections({
    kubeconfig: nonEmpty(given, "kubeconfig"),
    context: given.text("context"),
    onRequest: call => metrics.restClientRequestObserved(call),
    log,
  });
  const server = createNameService({
    defaultPort: defaultPortOf(given),
    metrics,
    log,
    writeLogLine: writeLine,
    openCluster: request => clusters.open(request),
    ...(groupOf === undefined ? {} : { group: groupOf(clusters) }),
  });
  return { server, clusters, metrics };
}

/** Resolves with the exit code. */
export async function serveDns(
  given: Given,
  stopped: Promise<unknown>,
  source: CorefileSource,
  corefile: LoadedCorefile,
  lineLog: LineLog,
): Promise<number> {
  const { log } = lineLog;
  const parts = openDnsProcess(given, lineLog);
  const { server, clusters, metrics } = parts;
  const admin = new AdminServers(log);
  const others = new OtherProcesses(parts, log);
  let state: "starting" | "serving" | "stopping" = "starting";
  const pagesOf = (loaded: LoadedCorefile) =>
    adminPages(loaded.plan, {
      metrics: others,
      blocks: () => server.blocks,
      state: () => state,
      missing: () => clusters.missing(),
      othersNotReady: () => others.notReady(),
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
    await others.follow(loaded);
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
  return shutDown(parts, admin, others, reloads, log);
}

/** Not ready any more, still answering for a while, then quiet: nobody's query is lost on the way. */
async function shutDown(
  { server, clusters }: DnsProcess,
  admin: AdminServers,
  others: OtherProcesses,
  reloads: Reloads,
  log: Logger,
): Promise<number> {
  await reloads.stop();
  const waitMs = lameduckMs(server.blocks);
  const othersEnd = others.end(waitMs);
  if (waitMs > 0) {
    log.info({ plugin: "health" }, `Going into lameduck mode for ${waitMs / 1_000}s`);
    await setTimeout(waitMs);
  }
  await server.close();
  const exitCode = await othersEnd;
  await Promise.all([admin.close(), clusters.closed()]);
  return exitCode;
}

/** Those that `multisocket` asks for; without it there are none, and this costs nothing. */
class OtherProcesses {
  readonly #parts: DnsProcess;
  readonly #log: Logger;
  #group: ProcessGroup | undefined;

  constructor(parts: DnsProcess, log: Logger) {
    this.#parts = parts;
    this.#log = log;
  }

  /** They do what this process does since now. */
  async follow({ plan, texts }: LoadedCorefile): Promise<void> {
    const { count, warnings } = processCount(plan);
    for (const warning of warnings) this.#log.warn(warning);
    if (count === 1 && this.#group === undefined) return;
    const { server, metrics } = this.#parts;
    this.#group ??= new (await import("./process-group.ts")).ProcessGroup({ metrics, log: this.#log });
    const ports = new Map(server.listeners.map(({ opened, port }) => [opened.key, port]));
    await this.#group.follow({ corefile: texts, ports }, count);
  }

  async notReady(): Promise<readonly string[]> {
    return (await this.#group?.notReady()) ?? [];
  }

  /** The numbers of all processes. */
  scrape() {
    return (this.#group ?? this.#parts.metrics).scrape();
  }

  async end(lameduckMs: number): Promise<number> {
    return (await this.#group?.end(lameduckMs)) ?? 0;
  }
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

export function defaultPortOf(given: Given): number {
  return given.number("dns.port", 0, 65535);
}

/** An unset variable in a script (`--kubeconfig "$FILE"`) is a mistake, not a wish for the default. */
export function nonEmpty(given: Given, flag: string): string | undefined {
  const value = given.text(flag);
  if (value !== "") return value;
  throw new UsageError(`--${flag} is empty`, "name a file, or leave the flag out");
}

export function platform(): string {
  return `${process.platform}/${process.arch}, node${process.versions.node}`;
}

export function print(lines: readonly string[]): number {
  process.stdout.write(lines.map(line => `${line}\n`).join(""));
  return 0;
}
