/** Puts the proxy of one node together: back ends, flows, health checks, and what follows the cluster. */

import { networkInterfaces } from "node:os";
import type { Logger } from "pino";
import type { IPFamily, Service } from "../cluster/objects.ts";
import type { ClusterStore } from "../cluster/store.ts";
import type { ProxyConfiguration } from "../proxy/configuration/proxy-configuration.ts";
import { conntrackProgram } from "../proxy/conntrack/conntrack-program.ts";
import { serviceReference } from "../proxy/event-object.ts";
import type { EventRecorder } from "../proxy/events.ts";
import type { ProxyHealth } from "../proxy/health/proxy-health.ts";
import type { ServiceHealth } from "../proxy/health/service-health.ts";
import { nodeStateOf } from "../proxy/node-state.ts";
import type { ProxySettings } from "../proxy/plan/proxy-settings.ts";
import { ProgrammedServices } from "../proxy/programmed-services.ts";
import type { ProxyMetrics } from "../proxy/proxy-metrics.ts";
import { ServiceProxy } from "../proxy/service-proxy.ts";
import type { BackEnds } from "./proxy-back-ends.ts";
import { chooseBackEnds, familiesOfMachine } from "./proxy-back-ends.ts";

export interface NodeProxyOptions {
  readonly configuration: ProxyConfiguration;
  /** Networks that this program gives addresses from. */
  readonly loadBalancerPool: readonly string[];
  /** Its Services, EndpointSlices and Nodes are complete. */
  readonly cluster: ClusterStore;
  readonly health: ProxyHealth;
  readonly metrics: ProxyMetrics;
  readonly events: EventRecorder;
  readonly log: Logger;
}

export interface NodeProxy extends Pick<BackEnds, "mode" | "removeUnneeded"> {
  readonly proxy: ServiceProxy;
}

/** Nothing is changed before the proxy is started. */
export async function createNodeProxy(options: NodeProxyOptions): Promise<NodeProxy> {
  const { configuration, loadBalancerPool, cluster, health, metrics, log } = options;
  const families = familiesOfMachine();
  const nodeState = () => nodeStateOf(configuration, loadBalancerPool, cluster, localAddresses());
  const { settings } = nodeState();
  const { backEnds, ...others } = await chooseBackEnds(families, settings, log);
  const programmed = new Map(families.map(family => [family, programmedServices(family, settings, options)]));
  const proxy = new ServiceProxy({
    cluster,
    families,
    backEnds,
    settings,
    nodeState,
    programmed,
    health,
    metrics,
    syncPeriodMs: configuration.syncPeriodMs,
    log,
  });
  return { proxy, ...others };
}

function programmedServices(
  family: IPFamily,
  settings: ProxySettings,
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
    onHealthListenFailure: (service, error) => reportHealthFailure(service, error, cluster, events, log),
    log,
  });
}

function reportHealthFailure(
  { namespace, name, port }: ServiceHealth,
  { message }: Error,
  cluster: ClusterStore,
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
    regarding: { ...serviceReference(namespace, name), ...uidOf(cluster.service(namespace, name)) },
  });
}

/** `kubectl describe` looks for events by it. */
function uidOf(service: Service | undefined) {
  return service === undefined || service.uid === "" ? {} : { uid: service.uid };
}

function localAddresses() {
  return Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
}
