/** What the proxy is told to do: settings with every default in its place. */

import type { IPFamily } from "../../cluster/objects.ts";
import { formatNetwork, parseNetwork } from "../plan/network.ts";
import type { HostPort } from "./host-port.ts";
import { parseAddress, parseHostPort } from "./host-port.ts";
import type { ProxyMode, Settings } from "./settings.ts";
import { activeSections, defaultMode } from "./settings.ts";

export interface ProxyConfiguration {
  /** What was asked for. All modes are served alike; it decides which section counts and what is the default. */
  readonly mode: ProxyMode;
  /** Of the Node object, in lower case. */
  readonly nodeName: string;
  /** File that says how to reach the API server; undefined: the Pod's service account does. */
  readonly kubeconfig: string | undefined;
  /** URL of the API server, instead of the kubeconfig's. */
  readonly master: string | undefined;
  /** This node's primary address, where the Node object is not to decide. Nothing is bound to it. */
  readonly bindAddress: string | undefined;
  /** Undefined: not served. */
  readonly healthzBindAddress: HostPort | undefined;
  readonly metricsBindAddress: HostPort | undefined;
  /** A listener that cannot be had ends the proxy. */
  readonly bindAddressHardFail: boolean;
  /** Bit of the packet mark that stands for "masquerade", 0 to 31. */
  readonly masqueradeBit: number;
  readonly masqueradeAll: boolean;
  /** After a failed change everything is written anew this much later. */
  readonly syncPeriodMs: number;
  /** Heeded by nobody: a change of the rules takes milliseconds, and is made at once. */
  readonly minSyncPeriodMs: number;
  readonly configSyncPeriodMs: number;
  readonly localDetection: LocalDetection;
  /** Networks in CIDR notation and the words `primary`, `localhost` and `all`; never empty. */
  readonly nodePortAddresses: readonly string[];
  /** Node ports are served on IPv4 loopback addresses too, unless the node port addresses leave them out. */
  readonly localhostNodePorts: boolean;
  readonly conntrack: ConntrackSettings;
  /** -1000 to 1000. */
  readonly oomScoreAdj: number;
  readonly logging: { readonly format: "text" | "json"; readonly verbosity: number };
}

/** What a packet is known by to come from a Pod of this node. */
export type LocalDetection =
  | { readonly mode: "ClusterCIDR"; readonly clusterCIDRs: NetworkByFamily }
  | { readonly mode: "NodeCIDR" }
  | { readonly mode: "BridgeInterface"; readonly name: string }
  | { readonly mode: "InterfaceNamePrefix"; readonly prefix: string };

export type NetworkByFamily = Readonly<Partial<Record<IPFamily, string>>>;

/** Of the kernel's connection tracking; 0 and false: leave its value alone. */
interface ConntrackSettings {
  readonly maxPerCore: number;
  readonly min: number;
  readonly tcpEstablishedTimeoutMs: number;
  readonly tcpCloseWaitTimeoutMs: number;
  readonly tcpBeLiberal: boolean;
  readonly udpTimeoutMs: number;
  readonly udpStreamTimeoutMs: number;
}

/** What is not a field of the file. */
export interface Circumstances {
  /** `os.hostname()`. */
  readonly machineName: string;
  readonly master?: string | undefined;
  /** Ports of addresses that are written without one; 0: not served at all. */
  readonly healthzPort?: number | undefined;
  readonly metricsPort?: number | undefined;
}

export const defaultSyncPeriodMs = 30_000;
export const defaultMasqueradeBit = 14;

/** ipvs has none, upstream. */
export function defaultMinSyncPeriodMs(mode: ProxyMode): number {
  return mode === "ipvs" ? 0 : 1_000;
}

/** `settings` have been checked. Defaults: `SetDefaults_KubeProxyConfiguration` and `platformApplyDefaults` upstream. */
export function resolveSettings(settings: Settings, circumstances: Circumstances): ProxyConfiguration {
  const { mode = defaultMode, clientConnection, logging } = settings;
  const { masquerading, syncing } = activeSections(settings);
  const nodeName = settings.hostnameOverride ?? circumstances.machineName;
  return {
    mode,
    nodeName: nodeName.trim().toLowerCase(),
    kubeconfig: clientConnection?.kubeconfig,
    master: circumstances.master,
    ...listenersOf(settings, circumstances),
    bindAddressHardFail: settings.bindAddressHardFail ?? false,
    masqueradeBit: masquerading?.masqueradeBit ?? defaultMasqueradeBit,
    masqueradeAll: masquerading?.masqueradeAll ?? false,
    syncPeriodMs: syncing?.syncPeriod ?? defaultSyncPeriodMs,
    minSyncPeriodMs: syncing?.minSyncPeriod ?? defaultMinSyncPeriodMs(mode),
    configSyncPeriodMs: settings.configSyncPeriod ?? 15 * 60_000,
    localDetection: localDetectionOf(settings),
    nodePortAddresses: nodePortAddressesOf(settings),
    localhostNodePorts: mode === "iptables" && (settings.iptables?.localhostNodePorts ?? true),
    conntrack: conntrackOf(settings),
    oomScoreAdj: settings.oomScoreAdj ?? -999,
    logging: { format: logging?.format ?? "text", verbosity: logging?.verbosity ?? 0 },
  };
}

function listenersOf(settings: Settings, { healthzPort, metricsPort }: Circumstances) {
  const bindAddress = parseAddress(settings.bindAddress ?? "") ?? "0.0.0.0";
  const [everywhere, loopback] = bindAddress.includes(":") ? ["::", "::1"] : ["0.0.0.0", "127.0.0.1"];
  const isSpecific = bindAddress !== "0.0.0.0" && bindAddress !== "::";
  const { healthzBindAddress, metricsBindAddress } = settings;
  return {
    bindAddress: isSpecific ? bindAddress : undefined,
    healthzBindAddress: listenerOf(healthzBindAddress, healthzPort, { address: everywhere, port: 10256 }),
    metricsBindAddress: listenerOf(metricsBindAddress, metricsPort, { address: loopback, port: 10249 }),
  };
}

function listenerOf(
  text: string | undefined,
  port: number | undefined,
  usual: HostPort,
): HostPort | undefined {
  if (port === 0) return undefined;
  return text === undefined ? usual : parseHostPort(text, port ?? usual.port);
}

function localDetectionOf({ detectLocalMode, detectLocal, clusterCIDR }: Settings): LocalDetection {
  switch (detectLocalMode) {
    case "NodeCIDR":
      return { mode: detectLocalMode };
    case "BridgeInterface":
      return { mode: detectLocalMode, name: detectLocal?.bridgeInterface ?? "" };
    case "InterfaceNamePrefix":
      return { mode: detectLocalMode, prefix: detectLocal?.interfaceNamePrefix ?? "" };
    default:
      return { mode: "ClusterCIDR", clusterCIDRs: firstNetworks(clusterCIDR?.split(",") ?? []) };
  }
}

/** The first network of each family in canonical spelling; what is none is skipped. */
export function firstNetworks(cidrs: readonly string[]): NetworkByFamily {
  const networks = cidrs.map(cidr => parseNetwork(cidr.trim())).filter(network => network !== undefined);
  // Of several entries with one key the last counts.
  const entries = networks.toReversed().map(network => [network.family, formatNetwork(network)] as const);
  return Object.fromEntries(entries) as NetworkByFamily;
}

function nodePortAddressesOf({ mode, nodePortAddresses = [] }: Settings): readonly string[] {
  if (nodePortAddresses.length > 0) return nodePortAddresses;
  return [mode === "nftables" ? "primary" : "all"];
}

function conntrackOf({ conntrack = {} }: Settings): ConntrackSettings {
  return {
    maxPerCore: conntrack.maxPerCore ?? 32 * 1024,
    min: conntrack.min ?? 128 * 1024,
    tcpEstablishedTimeoutMs: conntrack.tcpEstablishedTimeout ?? 24 * 3_600_000,
    tcpCloseWaitTimeoutMs: conntrack.tcpCloseWaitTimeout ?? 3_600_000,
    tcpBeLiberal: conntrack.tcpBeLiberal ?? false,
    udpTimeoutMs: conntrack.udpTimeout ?? 0,
    udpStreamTimeoutMs: conntrack.udpStreamTimeout ?? 0,
  };
}
