/** What has to follow once the rules of one family show a change: flows, health checks, numbers. */

import type { Logger } from "pino";
import type { IPFamily } from "../cluster/objects.ts";
import type { Cluster } from "../cluster/store.ts";
import type { UdpCleanup } from "./conntrack/udp-cleaner.ts";
import { UdpCleaner } from "./conntrack/udp-cleaner.ts";
import type { ConntrackTable } from "./conntrack/udp-flow.ts";
import { UdpFrontends } from "./conntrack/udp-frontends.ts";
import { udpServicePorts } from "./conntrack/udp-service-port.ts";
import type { ServiceHealth } from "./health/service-health.ts";
import { localReadyEndpointCount } from "./health/service-health.ts";
import { ServiceHealthServers } from "./health/service-health-servers.ts";
import type { ProxySettings } from "./plan/proxy-settings.ts";
import type { ServicePortPlan } from "./plan/service-port-plan.ts";
import type { ProxyMetrics } from "./proxy-metrics.ts";

export interface ProgrammedServicesOptions {
  readonly family: IPFamily;
  readonly cluster: Cluster;
  readonly nodeName: string;
  readonly nodePortAddresses: ProxySettings["nodePortAddresses"];
  readonly conntrack: ConntrackTable;
  readonly isProxyHealthy: () => boolean;
  readonly metrics: ProxyMetrics;
  readonly onCleaned: (cleanup: UdpCleanup) => void;
  readonly onHealthListenFailure: (service: ServiceHealth, error: Error) => void;
  readonly log: Logger;
}

/** Service ports that have endpoints, but none where their policy allows, by policy. */
interface WithoutLocal {
  readonly internal: number;
  readonly external: number;
}

/** One family; use once: `show` any number of times, later `close`. */
export class ProgrammedServices {
  readonly #options: ProgrammedServicesOptions;
  readonly #frontends = new UdpFrontends();
  readonly #cleaner: UdpCleaner;
  readonly #healthServers: ServiceHealthServers;
  /** Only Services that have some. */
  readonly #withoutLocal = new Map<string, WithoutLocal>();

  constructor(options: ProgrammedServicesOptions) {
    const { family, conntrack, nodePortAddresses, log, isProxyHealthy, onCleaned } = options;
    this.#options = options;
    this.#cleaner = new UdpCleaner({ family, table: conntrack, frontends: this.#frontends, log, onCleaned });
    this.#healthServers = new ServiceHealthServers({
      family,
      addresses: nodePortAddresses[family],
      isProxyHealthy,
      onListenFailure: options.onHealthListenFailure,
    });
  }

  /** These Services are in force as planned; those without plans of the family are gone. */
  show(services: Iterable<readonly [key: string, plans: readonly ServicePortPlan[]]>): void {
    let isCleanupDue = false;
    for (const [key, plans] of services) {
      if (this.#applyFlows(key, plans)) isCleanupDue = true;
      this.#applyHealth(key, plans);
      this.#countWithoutLocal(key, plans);
    }
    if (isCleanupDue) this.#cleaner.request();
    this.#tellWithoutLocal();
  }

  setNodePortAddresses(nodePortAddresses: ProxySettings["nodePortAddresses"]): void {
    this.#healthServers.setAddresses(nodePortAddresses[this.#options.family]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#cleaner.close(), this.#healthServers.close()]);
  }

  #applyFlows(key: string, plans: readonly ServicePortPlan[]): boolean {
    const isUdp = plans.some(({ protocol }) => protocol === "UDP");
    return this.#frontends.apply(key, isUdp ? udpServicePorts(plans, this.#slicesOf(key)) : []);
  }

  #applyHealth(key: string, plans: readonly ServicePortPlan[]): void {
    const { family, nodeName } = this.#options;
    const [namespace = "", name = ""] = key.split("/");
    const port = plans[0]?.healthCheckNodePort ?? 0;
    if (port === 0) this.#healthServers.remove({ namespace, name });
    else {
      const localEndpointCount = localReadyEndpointCount(this.#slicesOf(key), family, nodeName);
      this.#healthServers.set({ namespace, name, port, localEndpointCount });
    }
  }

  #countWithoutLocal(key: string, plans: readonly ServicePortPlan[]): void {
    const lost = plans.filter(plan => plan.hasEndpoints && plan.localEndpoints.length === 0);
    const internal = lost.filter(plan => plan.internalPolicy === "Local").length;
    const external = lost.filter(isExternalByLocalEndpoints).length;
    if (internal + external > 0) this.#withoutLocal.set(key, { internal, external });
    else this.#withoutLocal.delete(key);
  }

  #tellWithoutLocal(): void {
    const { family, metrics } = this.#options;
    const counts = [...this.#withoutLocal.values()];
    for (const policy of ["internal", "external"] as const) {
      const count = counts.reduce((sum, one) => sum + one[policy], 0);
      metrics.setPortsWithoutLocalEndpoints(family, policy, count);
    }
  }

  #slicesOf(key: string) {
    const [namespace = "", name = ""] = key.split("/");
    return this.#options.cluster.slicesOf(namespace, name);
  }
}

function isExternalByLocalEndpoints(plan: ServicePortPlan): boolean {
  const isReachable = plan.nodePort !== 0 || plan.externalIPs.length > 0 || plan.loadBalancerIPs.length > 0;
  return plan.externalPolicy === "Local" && isReachable;
}
