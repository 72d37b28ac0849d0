/** What `kubernetes` asks of an API server, and how the server waits for the answer. */

import type { Logger } from "pino";
import { kindsNeeded } from "../../zone/zone-query.ts";
import type { ClusterAccess, ClusterRequest, OpenCluster, PluginHost } from "../plugin.ts";
import { PluginStartError } from "../plugin.ts";
import type { ConfiguredAccess, KubernetesConfig } from "./kubernetes-config.ts";

const remindMs = 500;

/** Throws PluginStartError where the configuration leads to no API server at all. */
export async function openCluster(config: KubernetesConfig, host: PluginHost): Promise<OpenCluster> {
  const { zoneOptions, access, labelSelector, namespaceLabelSelector } = config;
  const request: ClusterRequest = {
    access: access && withPaths(access, host),
    kinds: kindsNeeded(zoneOptions),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(namespaceLabelSelector === undefined ? {} : { namespaceLabelSelector }),
  };
  try {
    return await host.openCluster(request);
  } catch (error) {
    const { what, remedy, message } = error as Error & { readonly what?: string; readonly remedy?: string };
    throw new PluginStartError(
      host.at,
      what ?? message,
      remedy ?? "say with kubeconfig or endpoint where the API server is",
      error,
    );
  }
}

function withPaths(access: ConfiguredAccess, host: PluginHost): ClusterAccess {
  if ("kubeconfig" in access) return { ...access, kubeconfig: host.path(access.kubeconfig) };
  const { endpoint, tls } = access;
  if (tls === undefined) return { endpoint, tls };
  return { endpoint, tls: { cert: host.path(tls.cert), key: host.path(tls.key), ca: host.path(tls.ca) } };
}

/**
 * Resolves when everything is loaded, or else after the timeout: a server that answers what it knows, and SERVFAIL
 * for the rest, is better than none. The log says so in the words that people look for with CoreDNS.
 */
export async function waitForCluster(open: OpenCluster, timeoutMs: number, log: Logger): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<"timeout">();
  const timer = setTimeout(() => resolve("timeout"), timeoutMs);
  const reminder = setInterval(() => log.info("waiting for Kubernetes API before starting server"), remindMs);
  try {
    if ((await Promise.race([open.synced, timeout])) !== "timeout") return;
    const missing = open.missing().join("; ");
    log.warn(`starting server with unsynced Kubernetes API; unknown names are answered SERVFAIL: ${missing}`);
    open.synced.then(
      () => log.info("the Kubernetes API is synced; every name is known"),
      () => {},
    );
  } finally {
    clearTimeout(timer);
    clearInterval(reminder);
  }
}
