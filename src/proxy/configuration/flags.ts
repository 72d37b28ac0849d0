/** kube-proxy's flags and the fields that they set: `AddFlags` of its options and of `component-base/logs`. */

import type { FieldPath } from "./field-places.ts";

/** How the text of a flag becomes the value of a field. */
type Reading = "text" | "number" | "port" | "list" | "gates" | "modules" | "switch";

/** A flag as a command line knows it, and what it means here. */
export interface ConfigurationFlag {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What the value stands for in help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly reading: Reading;
  /** The field of KubeProxyConfiguration; absent for what is none. */
  readonly field?: FieldPath;
  /** Counts although a file is given. */
  readonly beatsFile?: true;
}

function flag(
  name: string,
  reading: Exclude<Reading, "switch">,
  value: string,
  field: string,
  help: string,
): ConfigurationFlag {
  return { name, reading, value, field: field.split("."), help };
}

function onOff(name: string, field: string, help: string): ConfigurationFlag {
  return { name, reading: "switch", field: field.split("."), help };
}

/** What is no field of the file, and left to the program. */
const programFlags: readonly ConfigurationFlag[] = [
  {
    name: "config",
    reading: "text",
    value: "FILE",
    help: "a KubeProxyConfiguration; beside it only --hostname-override and logging flags count",
  },
  { name: "master", reading: "text", value: "URL", help: "the API server, instead of the kubeconfig's" },
  { name: "cleanup", reading: "switch", help: "remove all rules, kube-proxy's too, and end" },
  { name: "init-only", reading: "switch", help: "do what needs all rights of root, and end" },
  {
    name: "write-config-to",
    reading: "text",
    value: "FILE",
    help: "write the configuration with its defaults, and end",
  },
];

/** Deprecated upstream, and fields of nothing. */
const portFlags: readonly ConfigurationFlag[] = [
  {
    name: "healthz-port",
    reading: "port",
    value: "PORT",
    help: "port of a --healthz-bind-address without one; 0: no health server",
  },
  {
    name: "metrics-port",
    reading: "port",
    value: "PORT",
    help: "port of a --metrics-bind-address without one; 0: no metrics server",
  },
];

const loggingFlags: readonly ConfigurationFlag[] = [
  { ...flag("v", "number", "LEVEL", "logging.verbosity", "how much is logged: 0, or more"), short: "v" },
  flag("logging-format", "text", "FORM", "logging.format", "text or json"),
  flag("vmodule", "modules", "PATTERN=N,…", "logging.vmodule", "no effect"),
  flag("log-flush-frequency", "text", "DURATION", "logging.flushFrequency", "no effect"),
  onOff("log-text-split-stream", "logging.options.text.splitStream", "no effect"),
  flag("log-text-info-buffer-size", "text", "SIZE", "logging.options.text.infoBufferSize", "no effect"),
  onOff("log-json-split-stream", "logging.options.json.splitStream", "no effect"),
  flag("log-json-info-buffer-size", "text", "SIZE", "logging.options.json.infoBufferSize", "no effect"),
];

const overridingFlags: readonly ConfigurationFlag[] = [
  ...programFlags,
  flag(
    "hostname-override",
    "text",
    "NAME",
    "hostnameOverride",
    "name of the Node this is; else the host's name",
  ),
  ...loggingFlags,
].map(overriding => ({ ...overriding, beatsFile: true as const }));

const syncFlags: readonly ConfigurationFlag[] = [
  flag(
    "iptables-sync-period",
    "text",
    "DURATION",
    "iptables.syncPeriod",
    "after a failure write all rules anew this much later",
  ),
  flag(
    "iptables-min-sync-period",
    "text",
    "DURATION",
    "iptables.minSyncPeriod",
    "no effect: a change takes milliseconds and is made at once",
  ),
  flag("ipvs-sync-period", "text", "DURATION", "ipvs.syncPeriod", "the same in mode ipvs"),
  flag("ipvs-min-sync-period", "text", "DURATION", "ipvs.minSyncPeriod", "the same in mode ipvs"),
  flag(
    "config-sync-period",
    "text",
    "DURATION",
    "configSyncPeriod",
    "how often the API server is asked anew",
  ),
];

const nodeFlags: readonly ConfigurationFlag[] = [
  flag(
    "bind-address",
    "text",
    "ADDRESS",
    "bindAddress",
    "the node's primary address; nothing is bound to it",
  ),
  flag("healthz-bind-address", "text", "ADDRESS:PORT", "healthzBindAddress", "where /healthz and /livez are"),
  flag("metrics-bind-address", "text", "ADDRESS:PORT", "metricsBindAddress", "where /metrics is"),
  onOff("bind-address-hard-fail", "bindAddressHardFail", "end when one of these cannot be had"),
  flag(
    "nodeport-addresses",
    "list",
    "LIST",
    "nodePortAddresses",
    "networks, primary, localhost, all: where node ports are",
  ),
  onOff(
    "iptables-localhost-nodeports",
    "iptables.localhostNodePorts",
    "node ports on 127.0.0.1 in mode iptables",
  ),
  flag("oom-score-adj", "number", "N", "oomScoreAdj", "-1000 to 1000"),
];

const trafficFlags: readonly ConfigurationFlag[] = [
  flag("proxy-mode", "text", "MODE", "mode", "iptables, ipvs or nftables: all are served by nftables"),
  flag("cluster-cidr", "text", "CIDR,…", "clusterCIDR", "networks of the Pods, one of each family at most"),
  flag(
    "detect-local-mode",
    "text",
    "MODE",
    "detectLocalMode",
    "how Pods are known: ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix",
  ),
  flag("pod-bridge-interface", "text", "NAME", "detectLocal.bridgeInterface", "for BridgeInterface"),
  flag(
    "pod-interface-name-prefix",
    "text",
    "PREFIX",
    "detectLocal.interfaceNamePrefix",
    "for InterfaceNamePrefix",
  ),
  onOff("masquerade-all", "iptables.masqueradeAll", "masquerade everything that is sent to cluster IPs"),
  flag(
    "iptables-masquerade-bit",
    "number",
    "BIT",
    "iptables.masqueradeBit",
    "bit of the packet mark for masquerading",
  ),
];

const conntrackFlags: readonly ConfigurationFlag[] = [
  flag(
    "conntrack-max-per-core",
    "number",
    "N",
    "conntrack.maxPerCore",
    "connections per CPU; 0: leave as it is",
  ),
  flag("conntrack-min", "number", "N", "conntrack.min", "connections at least"),
  flag(
    "conntrack-tcp-timeout-established",
    "text",
    "DURATION",
    "conntrack.tcpEstablishedTimeout",
    "0: leave as it is",
  ),
  flag(
    "conntrack-tcp-timeout-close-wait",
    "text",
    "DURATION",
    "conntrack.tcpCloseWaitTimeout",
    "0: leave as it is",
  ),
  onOff("conntrack-tcp-be-liberal", "conntrack.tcpBeLiberal", "let packets outside of the window pass"),
  flag("conntrack-udp-timeout", "text", "DURATION", "conntrack.udpTimeout", "0: leave as it is"),
  flag("conntrack-udp-timeout-stream", "text", "DURATION", "conntrack.udpStreamTimeout", "0: leave as it is"),
];

const clientFlags: readonly ConfigurationFlag[] = [
  flag(
    "kubeconfig",
    "text",
    "FILE",
    "clientConnection.kubeconfig",
    "how to reach the API server; else the service account",
  ),
  flag("kube-api-qps", "number", "N", "clientConnection.qps", "no effect"),
  flag("kube-api-burst", "number", "N", "clientConnection.burst", "no effect"),
  flag("kube-api-content-type", "text", "TYPE", "clientConnection.contentType", "no effect"),
];

const flagsWithoutEffect: readonly ConfigurationFlag[] = [
  flag("feature-gates", "gates", "NAME=BOOL,…", "featureGates", "no effect"),
  onOff("profiling", "enableProfiling", "no effect"),
  flag("show-hidden-metrics-for-version", "text", "VERSION", "showHiddenMetricsForVersion", "no effect"),
  flag("ipvs-scheduler", "text", "NAME", "ipvs.scheduler", "no effect"),
  flag(
    "ipvs-exclude-cidrs",
    "list",
    "CIDR,…",
    "ipvs.excludeCIDRs",
    "where virtual servers stay when those of kube-proxy are removed",
  ),
  onOff("ipvs-strict-arp", "ipvs.strictARP", "no effect"),
  flag("ipvs-tcp-timeout", "text", "DURATION", "ipvs.tcpTimeout", "no effect"),
  flag("ipvs-tcpfin-timeout", "text", "DURATION", "ipvs.tcpFinTimeout", "no effect"),
  flag("ipvs-udp-timeout", "text", "DURATION", "ipvs.udpTimeout", "no effect"),
];

/** Every flag of kube-proxy that says what to do; the most used first. */
export const configurationFlags: readonly ConfigurationFlag[] = [
  ...overridingFlags,
  ...clientFlags,
  ...nodeFlags,
  ...portFlags,
  ...trafficFlags,
  ...syncFlags,
  ...conntrackFlags,
  ...flagsWithoutEffect,
];
