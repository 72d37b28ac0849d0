/** A DNS server that runs a plan of server blocks, with its metrics and pages: the part that `dns` and `up` share. */

import { dirname, isAbsolute, join } from "node:path";
import type { Logger } from "pino";
import type { BlockPlan, PlanEntry } from "../dns/corefile/plan.ts";
import { configOf } from "../dns/corefile/plan.ts";
import type { ClusterRequest, OpenCluster, Plugin, PluginHost } from "../dns/plugins/plugin.ts";
import type { RootConfig } from "../dns/plugins/root.ts";
import { DNSServer } from "../dns/server/dns-server.ts";
import type { Dropped } from "../dns/server/drop-query.ts";
import { type UDPKind, udpKinds } from "../dns/server/listener.ts";
import type { PortGroup } from "../dns/server/open-listener.ts";
import { PreparedAnswers } from "../dns/server/prepared-answers.ts";
import { UDPSockets } from "../dns/server/udp.ts";
import { formatName } from "../dns/wire/name.ts";
import type { EnabledPlugin, Metrics } from "../observe/metrics.ts";
import { UsageError } from "./verb.ts";

export interface NameServiceOptions {
  /** For keys of plain DNS without a port. */
  readonly defaultPort: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly writeLogLine: (line: string) => void;
  readonly openCluster: (request: ClusterRequest) => Promise<OpenCluster>;
  /** In a process that joins another one's ports. */
  readonly group?: PortGroup;
}

export function createNameService(options: NameServiceOptions): DNSServer {
  const { metrics, log, defaultPort, group } = options;
  const https = metrics.counter(
    "coredns_dns_https_responses_total",
    "Answers to DNS over HTTPS, by status of HTTP.",
    ["server", "status"],
  );
  const server = new DNSServer({
    defaultPort,
    log,
    group,
    udp: new UDPSockets(wantedUdpKind(), log),
    prepared: usesShortcut() ? new PreparedAnswers() : undefined,
    hostFor: (block, entry) => hostFor(options, block, entry),
    onDropped: (server, dropped) => countDropped(metrics, server, dropped),
    onFault: () => metrics.panicObserved(),
    onHttpsStatus: (server, status) => https.inc({ server, status: String(status) }),
  });
  metrics.collect({
    name: "frontdesk_dns_udp_listeners",
    help: "Addresses that answer DNS over UDP, by how datagrams are read and sent: batched or portable.",
    type: "gauge",
    samples: () => udpListeners(server),
  });
  return server;
}

/** Mostly for tests, which run with both. */
function wantedUdpKind(): UDPKind | undefined {
  const text = process.env.FRONTDESK_UDP;
  if (text === undefined || text === "") return undefined;
  const kind = udpKinds.find(kind => kind === text);
  if (kind !== undefined) return kind;
  throw new UsageError(`FRONTDESK_UDP is "${text}"`, `set it to ${udpKinds.join(" or ")}, or not at all`);
}

/** For tests and comparisons: what is answered does not depend on it. */
function usesShortcut(): boolean {
  const text = process.env.FRONTDESK_SHORTCUT ?? "";
  if (text === "" || text === "on") return true;
  if (text === "off") return false;
  throw new UsageError(`FRONTDESK_SHORTCUT is "${text}"`, "set it to off, or not at all");
}

function udpListeners(server: DNSServer) {
  const listeners = server.listeners.map(({ plan, udpKind }) => ({ server: plan.server, kind: udpKind }));
  const byServer = Map.groupBy(
    listeners.filter(({ kind }) => kind !== undefined),
    ({ server, kind }) => `${server} ${kind}`,
  );
  return [...byServer.values()].map(these => ({ labels: these[0] ?? {}, value: these.length }));
}

/** For `coredns_plugin_enabled`: what CoreDNS counts as enabled are the plugins that see queries. */
export function enabledPlugins(server: DNSServer): readonly EnabledPlugin[] {
  return server.listeners.flatMap(({ plan }) =>
    plan.sites
      .filter(({ block }) => block.members.some(({ name }) => name === "prometheus"))
      .flatMap(({ zoneText, block }) =>
        block.members
          .filter(({ layer }) => layer.handle !== undefined || layer.sent !== undefined)
          .map(({ name }) => ({ server: plan.server, zone: zoneText, plugin: name })),
      ),
  );
}

function hostFor(
  { log, metrics, writeLogLine, openCluster }: NameServiceOptions,
  block: BlockPlan<Plugin>,
  { plugin, at }: PlanEntry<Plugin>,
): PluginHost {
  const isDebugging = block.entries.some(entry => entry.plugin.name === "debug");
  const folder = configOf<RootConfig>(block, "root")?.directory ?? dirname(at.file);
  return {
    log: log.child({ plugin: plugin.name }, isDebugging ? { level: "debug" } : {}),
    instruments: metrics,
    queries: metrics,
    zones: block.keys.map(({ zone }) => zone),
    at,
    writeLogLine,
    openCluster,
    path: name => (isAbsolute(name) ? name : join(folder, name)),
    now: () => performance.now(),
  };
}

function countDropped(metrics: Metrics, server: string, dropped: Dropped): void {
  const { client, message, rcode, requestSizeBytes, response, durationMs } = dropped;
  metrics.observe({
    server,
    zone: "dropped",
    protocol: client.protocol === "udp" ? "udp" : "tcp",
    family: client.family === "IPv4" ? "1" : "2",
    type: message?.questions[0]?.type ?? 0,
    rcode,
    isDnssecOk: message?.edns?.isDnssecOk === true,
    requestSizeBytes,
    responseSizeBytes: response?.length ?? 0,
    durationSeconds: durationMs / 1_000,
    plugin: "",
  });
}

/** One `zone:port` for each zone on each address, as CoreDNS prints them when it has started. */
export function servedLines(server: DNSServer): readonly string[] {
  const lines = server.listeners.flatMap(({ plan, port }) =>
    plan.sites.map(({ zone }) => {
      const scheme = plan.scheme === "dns" ? "" : `${plan.scheme}://`;
      const isEverywhere = plan.server.includes("//:");
      return `${scheme}${formatName(zone)}:${port}${isEverywhere ? "" : ` on ${plan.address}`}`;
    }),
  );
  return [...new Set(lines)].sort();
}
