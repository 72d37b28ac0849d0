/** KubeProxyConfigurations as text, and what is said of them, in forms that fit a table. */

import { readFileSync } from "node:fs";
import { configureProxy } from "../../../src/proxy/configuration/configure-proxy.ts";
import type { Finding } from "../../../src/proxy/configuration/finding.ts";
import type { GivenFlags } from "../../../src/proxy/configuration/read-flags.ts";

export const header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

export type FixtureName = "kubeadm" | "kind" | "kind-rootless" | "k3s-like";

export function fixture(name: FixtureName): string {
  return readFileSync(new URL(`../../fixtures/kube-proxy/${name}.yaml`, import.meta.url), "utf8");
}

/** Flags by name, without a command line. */
export function flags(values: Readonly<Record<string, string | boolean>>): GivenFlags {
  return {
    text: name => (typeof values[name] === "string" ? values[name] : undefined),
    switched: name => (typeof values[name] === "boolean" ? values[name] : undefined),
  };
}

export function configure(text: string | undefined, values: Readonly<Record<string, string | boolean>> = {}) {
  const file = text === undefined ? undefined : { name: "config.conf", text };
  return configureProxy({ flags: flags(values), file, machineName: "Node-1" });
}

/** The configuration alone. Throws when there is none. */
export function configured(
  text: string | undefined,
  values: Readonly<Record<string, string | boolean>> = {},
) {
  const { configuration, findings } = configure(text, values);
  if (configuration === undefined) throw new Error(findings.map(({ what }) => what).join("; "));
  return configuration;
}

/** `line:column CODE`, what and remedy. */
export function show({ at, code, what, remedy }: Finding): string {
  return `${at.line}:${at.column} ${code} ${what} → ${remedy}`;
}

/** What an empty file means on a machine named Node-1. */
export const defaults = {
  mode: "iptables",
  nodeName: "node-1",
  kubeconfig: undefined,
  master: undefined,
  bindAddress: undefined,
  healthzBindAddress: { address: "0.0.0.0", port: 10256 },
  metricsBindAddress: { address: "127.0.0.1", port: 10249 },
  bindAddressHardFail: false,
  masqueradeBit: 14,
  masqueradeAll: false,
  syncPeriodMs: 30_000,
  minSyncPeriodMs: 1_000,
  configSyncPeriodMs: 900_000,
  localDetection: { mode: "ClusterCIDR", clusterCIDRs: {} },
  nodePortAddresses: ["all"],
  localhostNodePorts: true,
  conntrack: {
    maxPerCore: 32_768,
    min: 131_072,
    tcpEstablishedTimeoutMs: 86_400_000,
    tcpCloseWaitTimeoutMs: 3_600_000,
    tcpBeLiberal: false,
    udpTimeoutMs: 0,
    udpStreamTimeoutMs: 0,
  },
  oomScoreAdj: -999,
  logging: { format: "text", verbosity: 0 },
} as const;
