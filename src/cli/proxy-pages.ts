/** The HTTP side of `frontdesk proxy`, on the addresses and paths of kube-proxy's. */

import type { Logger } from "pino";
import type { Node } from "../cluster/objects.ts";
import type { MetricRegistry } from "../observe/metric-registry.ts";
import type { HostPort } from "../proxy/configuration/host-port.ts";
import type { ProxyConfiguration } from "../proxy/configuration/proxy-configuration.ts";
import { healthPageOf, proxyModePage } from "../proxy/health/health-pages.ts";
import type { Closable } from "../proxy/health/listen-persistently.ts";
import { listenPersistently } from "../proxy/health/listen-persistently.ts";
import type { Page } from "../proxy/health/page.ts";
import { textPage } from "../proxy/health/page.ts";
import { servePages } from "../proxy/health/page-server.ts";
import type { ProxyHealth } from "../proxy/health/proxy-health.ts";
import type { ProxyMetrics } from "../proxy/proxy-metrics.ts";

export interface ProxyPagesOptions {
  readonly configuration: ProxyConfiguration;
  readonly registry: MetricRegistry;
  readonly metrics: ProxyMetrics;
  readonly health: ProxyHealth;
  readonly node: () => Node | undefined;
  /** What carries connections, for `/proxyMode`. */
  readonly mode: () => string;
  readonly onFailure: (which: "health" | "metrics", error: Error) => void;
  readonly log: Logger;
}

/** Listening on an address that was asked for has failed and must not. */
class ListenError extends Error {
  override readonly name = "ListenError";
  readonly what: string;
  readonly remedy = "free the port, or choose another address; without bindAddressHardFail it is tried again";

  constructor(what: string, cause: Error) {
    super(what, { cause });
    this.what = what;
  }
}

/** Serves the pages that the configuration asks for. Throws ListenError under `bindAddressHardFail` only. */
export async function serveProxyPages(options: ProxyPagesOptions): Promise<Closable> {
  const { healthzBindAddress, metricsBindAddress } = options.configuration;
  const opened: Closable[] = [];
  try {
    opened.push(await listen("health", healthzBindAddress, path => healthPage(path, options), options));
    opened.push(await listen("metrics", metricsBindAddress, path => metricsPage(path, options), options));
  } catch (error) {
    await Promise.all(opened.map(one => one.close()));
    throw error;
  }
  return { close: async () => void (await Promise.all(opened.map(one => one.close()))) };
}

async function listen(
  which: "health" | "metrics",
  at: HostPort | undefined,
  pageOf: (path: string) => Page | Promise<Page>,
  { configuration, onFailure, log }: ProxyPagesOptions,
): Promise<Closable> {
  if (at === undefined) return { close: async () => {} };
  const { address, port } = at;
  const explain = (error: Error) =>
    `cannot serve ${which} pages on ${address} port ${port}: ${error.message}`;
  const opening = listenPersistently({
    // In Go, which the address is written for, the unspecified address of either family stands for both.
    open: () => servePages({ host: address === "0.0.0.0" || address === "::" ? "" : address, port, pageOf }),
    isHardFail: configuration.bindAddressHardFail,
    onFailure: error => {
      log.warn(`${explain(error)}; this is tried again`);
      onFailure(which, error);
    },
  });
  return opening.catch((error: Error) => {
    throw new ListenError(explain(error), error);
  });
}

function healthPage(path: string, { health, node, metrics }: ProxyPagesOptions): Page {
  return healthPageOf(path, {
    health,
    node,
    onAnswered: (page, status) =>
      page === "healthz" ? metrics.healthzAnswered(status) : metrics.livezAnswered(status),
  });
}

async function metricsPage(path: string, { registry, mode }: ProxyPagesOptions): Promise<Page> {
  switch (path) {
    case "/metrics": {
      const { contentType, body } = await registry.scrape();
      return { status: 200, headers: { "Content-Type": contentType }, body };
    }
    case "/healthz":
      return textPage(200, "ok");
    case "/proxyMode":
      return proxyModePage(mode());
    default:
      return textPage(404, "404 page not found\nThere is: /metrics /healthz /proxyMode\n");
  }
}
