/** Puts the proxy of one node together: back ends, flows, health checks, and what follows the cluster. */

import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Logger } from "pino";
import type { IPFamily } from "../cluster/objects.ts";
import type { ClusterStore } from "../cluster/store.ts";
import type { BackEnd } from "../proxy/back-end.ts";
import type { ProxyConfiguration } from "../proxy/configuration/proxy-configuration.ts";
import { conntrackProgram } from "../proxy/conntrack/conntrack-program.ts";
import { serviceReference } from "../proxy/event-object.ts";
import type { EventRecorder } from "../proxy/events.ts";
import type { ProxyHealth } from "../proxy/health/proxy-health.ts";
import type { ServiceHealth } from "../proxy/health/service-health.ts";
import { missingRequirements } from "../proxy/nftables/missing-requirements.ts";
import { nftProgram } from "../proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../proxy/nftables/nftables-back-end.ts";
import type { NodeState } from "../proxy/node-state.ts";
import { nodeStateOf } from "../proxy/node-state.ts";
import { ProgrammedServices } from "../proxy/programmed-services.ts";
import type { ProxyMetrics } from "../proxy/proxy-metrics.ts";
import { ServiceProxy } from "../proxy/service-proxy.ts";

export interface NodeProxyOptions {
  readonly configuration: ProxyConfiguration;
  /** Its Services, EndpointSlices and Nodes are complete. */
  readonly cluster: ClusterStore;
  readonly health: ProxyHealth;
  readonly metrics: ProxyMetrics;
  readonly events: EventRecorder;
  readonly log: Logger;
}

export interface NodeProxy {
  readonly proxy: ServiceProxy;
  /** What carries connections. */
  readonly mode: "nftables" | "userspace";
}

/** Nothing is changed before the proxy is started. */
export async function createNodeProxy(options: NodeProxyOptions): Promise<NodeProxy> {
  const { configuration, cluster, health, metrics, log } = options;
  const families = familiesOfMachine();
  const nodeState = () => nodeStateOf(configuration, cluster, localAddresses());
  const { backEnds, mode } = await chooseBackEnds(families, nodeState(), log);
  const programmed = new Map(
    families.map(family => [family, programmedServices(family, nodeState(), options)]),
  );
  const proxy = new ServiceProxy({
    cluster,
    families,
    backEnds,
    nodeState,
    programmed,
    health,
    metrics,
    syncPeriodMs: configuration.syncPeriodMs,
    log,
  });
  return { proxy, mode };
}

async function chooseBackEnds(
  families: readonly IPFamily[],
  { settings }: NodeState,
  log: Logger,
): Promise<{ readonly backEnds: readonly BackEnd[]; readonly mode: NodeProxy["mode"] }> {
  const runner = nftProgram();
  const missing = await missingRequirements(runner, families, settings);
  for (const problem of missing.values()) log.warn(problem);
  const served = families.filter(family => !missing.has(family));
  return { backEnds: [new NftablesBackEnd({ settings, families: served, runner, log })], mode: "nftables" };
}

function programmedServices(
  family: IPFamily,
  { settings }: NodeState,
  { configuration, cluster, health, metrics, events, log }: NodeProxyOptions,
): ProgrammedServices {
  return new ProgrammedServices({
    family,
    cluster,
    nodeName: configuration.nodeName,
    nodePortAddresses: settings.nodePortAddresses,
    conntrack: conntrackProgram(),
    isProxyHealthy: () => health.report().isHealthy,
    metrics,
    onCleaned: ({ durationSeconds, deletedCount }) =>
      metrics.conntrackCleaned(family, durationSeconds, deletedCount),
    onHealthListenFailure: (service, error) => reportHealthFailure(service, error, events, log),
    log,
  });
}

function reportHealthFailure(
  { namespace, name, port }: ServiceHealth,
  { message }: Error,
  events: EventRecorder,
  log: Logger,
): void {
  const note = `failed to start the health check server of ${namespace}/${name} on port ${port}: ${message}`;
  log.warn(note);
  events.report({
    type: "Warning",
    reason: "FailedToStartServiceHealthcheck",
    action: "Listen",
    note,
    regarding: serviceReference(namespace, name),
  });
}

/** IPv6 may be missing from the kernel or be switched off. */
function familiesOfMachine(): readonly IPFamily[] {
  const isOff = readIfThere("/proc/sys/net/ipv6/conf/all/disable_ipv6").trim() === "1";
  return existsSync("/proc/net/if_inet6") && !isOff ? ["IPv4", "IPv6"] : ["IPv4"];
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function localAddresses() {
  return Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
}
