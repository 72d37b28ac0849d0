/** `frontdesk proxy`: carries connections to Services, configured as kube-proxy is. */

import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Logger } from "pino";
import { ApiClient } from "../cluster/api/api-client.ts";
import { ApiSource, proxySelections } from "../cluster/api/api-source.ts";
import type { ApiAccess } from "../cluster/api/kubeconfig.ts";
import { openAccess } from "../cluster/api/kubeconfig.ts";
import { ClusterStore } from "../cluster/store.ts";
import { untilSynced } from "../cluster/until-synced.ts";
import { createTextLog } from "../observe/line-log.ts";
import { MetricRegistry } from "../observe/metric-registry.ts";
import { configurationFlags } from "../proxy/configuration/flags.ts";
import { formatConfiguration } from "../proxy/configuration/format-configuration.ts";
import type { ProxyConfiguration } from "../proxy/configuration/proxy-configuration.ts";
import type { Settings } from "../proxy/configuration/settings.ts";
import { nodeReference } from "../proxy/event-object.ts";
import { EventRecorder } from "../proxy/events.ts";
import { ProxyHealth } from "../proxy/health/proxy-health.ts";
import { removeLeftovers } from "../proxy/leftovers/remove-leftovers.ts";
import type { LoadBalancerPoolSetting } from "../proxy/load-balancer/address-ranges.ts";
import { PoolSyntaxError, parsePool } from "../proxy/load-balancer/address-ranges.ts";
import { LoadBalancerPool } from "../proxy/load-balancer/load-balancer-pool.ts";
import { ProxyMetrics } from "../proxy/proxy-metrics.ts";
import { applySysctls, conntrackSysctls } from "../proxy/sysctls.ts";
import { giveBackMemory } from "./give-back-memory.ts";
import type { NodeProxy } from "./node-proxy.ts";
import { createNodeProxy } from "./node-proxy.ts";
import { cleanUp } from "./proxy-back-ends.ts";
import { loadProxyConfiguration, logFindings, untilChanged } from "./proxy-configuration.ts";
import { serveProxyPages } from "./proxy-pages.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";
import { version } from "./version.ts";

export const proxyVerb: Verb = {
  name: "proxy",
  summary: "Make ClusterIP, NodePort and LoadBalancer addresses of a cluster work on this node.",
  usage: "[--config FILE] [FLAGS]",
  notes: [
    "Flags and file are kube-proxy's. All modes are served by a table of nftables per address family, named frontdesk;",
    "it stays at work when this program ends, until --cleanup removes it.",
    "With --load-balancer-pool every node's proxy answers for a part of the addresses; manifests/load-balancer-rbac.yaml",
    "has the rights that takes. FRONTDESK_LOG_LEVEL=debug logs more.",
  ],
  flags: [
    ...configurationFlags.map(({ name, short, value, help }) => ({
      name,
      help,
      ...(short === undefined ? {} : { short }),
      ...(value === undefined ? {} : { value }),
    })),
    {
      name: "load-balancer-pool",
      value: "CIDR,…|node",
      help: "give LoadBalancer Services addresses from these networks, or those of the nodes",
    },
    { name: "version", help: "print the version and end" },
  ],
  run: runProxy,
};

async function runProxy(given: Given, stopped: Promise<unknown>): Promise<number> {
  const [surplus] = given.positionals;
  if (surplus !== undefined) {
    throw new UsageError(`"${surplus}" means nothing to frontdesk proxy`, "see frontdesk help proxy");
  }
  if (given.isSet("version")) {
    process.stdout.write(`Frontdesk-${version}\n`);
    return 0;
  }
  const { configuration, settings, findings, file } = loadProxyConfiguration(given);
  const copy = given.text("write-config-to");
  if (copy !== undefined) return writeConfiguration(copy, settings);
  const log = await createTextLog(configuration.logging);
  logFindings(findings, log);
  const pool = poolOf(given);
  const excludedNetworks = settings.ipvs?.excludeCIDRs ?? [];
  if (given.isSet("cleanup")) return (await cleanUp(excludedNetworks, log)).length === 0 ? 0 : 1;
  if (given.isSet("init-only")) {
    await prepareMachine(configuration, log);
    return 0;
  }
  // Before anything is changed: without a way to the API server there is nothing to do.
  const { kubeconfig, master } = configuration;
  const access = await openAccess(master === undefined ? { file: kubeconfig } : { endpoint: master });
  await prepareMachine(configuration, log);
  const changed = file === undefined ? [] : [untilChanged(file)];
  return serve({ configuration, access, pool, excludedNetworks }, Promise.race([stopped, ...changed]), log);
}

function poolOf(given: Given): LoadBalancerPoolSetting | undefined {
  const text = given.text("load-balancer-pool");
  try {
    return text === undefined ? undefined : parsePool(text);
  } catch (error) {
    if (!(error instanceof PoolSyntaxError)) throw error;
    throw new UsageError(`--load-balancer-pool: ${error.what}`, error.remedy);
  }
}

interface Orders {
  readonly configuration: ProxyConfiguration;
  readonly access: ApiAccess;
  /** Undefined: LoadBalancer Services get their addresses from somebody else. */
  readonly pool: LoadBalancerPoolSetting | undefined;
  /** Where virtual servers of ipvs are not kube-proxy's. */
  readonly excludedNetworks: readonly string[];
}

async function writeConfiguration(file: string, settings: Settings): Promise<number> {
  try {
    await writeFile(file, formatConfiguration(settings));
    return 0;
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(
      `cannot write ${file}: ${message}`,
      "name a file in a folder that can be written to",
    );
  }
}

/** What cannot be set is a warning: in kind much belongs to the machine around the node. */
async function prepareMachine({ oomScoreAdj, conntrack }: ProxyConfiguration, log: Logger): Promise<void> {
  await writeFile("/proc/self/oom_score_adj", String(oomScoreAdj)).catch((error: Error) =>
    log.warn(`oomScoreAdj is left alone, the proxy works without: ${error.message}`),
  );
  await applySysctls(conntrackSysctls(conntrack, availableParallelism()), log);
}

async function serve(
  { configuration, access, pool, excludedNetworks }: Orders,
  stopped: Promise<unknown>,
  log: Logger,
): Promise<number> {
  const { nodeName } = configuration;
  const registry = new MetricRegistry();
  const metrics = new ProxyMetrics(registry);
  const health = new ProxyHealth(2 * configuration.syncPeriodMs);
  const cluster = new ClusterStore(error =>
    log.error({ err: error }, "a listener of the cluster's changes failed"),
  );
  const source = new ApiSource({
    access,
    store: cluster,
    kinds: ["Service", "EndpointSlice", "Node", "ServiceCIDR"],
    selections: proxySelections(nodeName),
    log,
    onRequest: restCallCounter(registry),
  });
  const client = new ApiClient(access);
  const events = new EventRecorder({ client, controller: "kube-proxy", instance: nodeName, log });
  let node: NodeProxy | undefined;
  let balancer: LoadBalancerPool | undefined;
  const pages = await serveProxyPages({
    configuration,
    registry,
    metrics,
    health,
    node: () => cluster.get("Node", nodeName),
    mode: () => node?.mode ?? "nftables",
    onFailure: (which, error) => reportPagesFailure(which, error, nodeName, events),
    log,
  });
  events.report({ ...onNode(nodeName), type: "Normal", reason: "Starting", note: "" });
  source.start();
  const synced = untilSynced(cluster, ["Service", "EndpointSlice", "Node"]).then(() => "synced");
  if ((await Promise.race([synced, stopped])) === "synced") {
    const loadBalancerPool = pool === undefined || pool === "node" ? [] : pool.networks();
    node = await createNodeProxy({ configuration, loadBalancerPool, cluster, health, metrics, events, log });
    const inForce = node.proxy.start().then(() => "in force");
    if ((await Promise.race([inForce, stopped])) === "in force") {
      log.info({ node: nodeName, mode: node.mode }, "Services are in force");
      // Last, so that there is no moment without rules.
      await removeLeftovers({ log, excludedNetworks });
      await node.removeUnneeded();
      await giveBackMemory("last-resort");
      if (pool !== undefined) {
        balancer = new LoadBalancerPool({ cluster, client, nodeName, pool, events, log });
        await balancer.start();
      }
    }
  }
  log.info(`${String(await stopped)}: ending; the rules stay at work`);
  await balancer?.stop();
  await Promise.all([node?.proxy.stop(), source.stop(), pages.close(), events.close()]);
  client.close();
  return 0;
}

function restCallCounter(registry: MetricRegistry) {
  const requests = registry.counter("rest_client_requests_total", "Calls to the Kubernetes API.", [
    "code",
    "method",
    "host",
  ]);
  return ({ verb, host, code }: { verb: string; host: string; code: string }) =>
    requests.inc({ code, method: verb, host });
}

function reportPagesFailure(
  which: "health" | "metrics",
  error: Error,
  nodeName: string,
  events: EventRecorder,
): void {
  const reason = which === "health" ? "FailedToStartProxierHealthcheck" : "FailedToStartMetricServer";
  events.report({ ...onNode(nodeName), type: "Warning", reason, note: error.message });
}

function onNode(nodeName: string) {
  return { action: "StartKubeProxy", regarding: nodeReference(nodeName) } as const;
}
