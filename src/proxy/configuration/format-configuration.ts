/** Settings become the file that says the same: what `kube-proxy --write-config-to` writes. */

import { stringify } from "yaml";
import type { ProxyConfiguration } from "./proxy-configuration.ts";
import { defaultMasqueradeBit, resolveSettings } from "./proxy-configuration.ts";
import type { ProxyMode, Settings } from "./settings.ts";

/**
 * A KubeProxyConfiguration in YAML with every default written out, those of a file; a period of 0s cannot be told from
 * the default there. `settings` have been checked. As upstream, what is no field is not in it (`--master`,
 * `--healthz-port`, `--metrics-port`), and sections of other modes than the chosen one have no periods.
 */
export function formatConfiguration(settings: Settings): string {
  const resolved = resolveSettings(settings, { machineName: "" });
  const fields = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    ...nodeFields(settings, resolved),
    ...modeFields(settings, resolved),
    ...trafficFields(settings, resolved),
    logging: loggingFields(settings, resolved),
    winkernel: {
      networkName: "",
      sourceVip: "",
      enableDSR: false,
      rootHnsEndpointName: "",
      forwardHealthCheckVip: false,
      ...settings.winkernel,
    },
    ...(settings.windowsRunAsService === true ? { windowsRunAsService: true } : {}),
    ...(Object.keys(settings.featureGates ?? {}).length > 0 ? { featureGates: settings.featureGates } : {}),
  };
  // Read as YAML 1.1 by Kubernetes: there more words want quotes. Long lines are lists in one text, not prose.
  return stringify(fields, { version: "1.1", sortMapEntries: true, indentSeq: false, lineWidth: 0 });
}

function nodeFields(settings: Settings, resolved: ProxyConfiguration) {
  const { clientConnection } = settings;
  return {
    clientConnection: {
      kubeconfig: clientConnection?.kubeconfig ?? "",
      acceptContentTypes: clientConnection?.acceptContentTypes ?? "",
      contentType: clientConnection?.contentType ?? "application/vnd.kubernetes.protobuf",
      qps: clientConnection?.qps || 5,
      burst: clientConnection?.burst || 10,
    },
    hostnameOverride: settings.hostnameOverride === undefined ? "" : resolved.nodeName,
    bindAddress: settings.bindAddress ?? "0.0.0.0",
    healthzBindAddress: formatHostPort(resolved.healthzBindAddress),
    metricsBindAddress: formatHostPort(resolved.metricsBindAddress),
    bindAddressHardFail: resolved.bindAddressHardFail,
    enableProfiling: settings.enableProfiling ?? false,
    showHiddenMetricsForVersion: settings.showHiddenMetricsForVersion ?? "",
    oomScoreAdj: resolved.oomScoreAdj,
    configSyncPeriod: formatDuration(resolved.configSyncPeriodMs),
    portRange: settings.portRange ?? "",
  };
}

/** Never undefined without the flags for ports, which are no fields. */
function formatHostPort(at: ProxyConfiguration["healthzBindAddress"]): string {
  if (at === undefined) return "";
  return `${at.address.includes(":") ? `[${at.address}]` : at.address}:${at.port}`;
}

function modeFields({ iptables, ipvs, nftables }: Settings, resolved: ProxyConfiguration) {
  const { mode, masqueradeAll } = resolved;
  const isNftables = mode === "nftables";
  return {
    mode,
    iptables: {
      masqueradeBit: iptables?.masqueradeBit ?? defaultMasqueradeBit,
      masqueradeAll: masqueradeAll && !isNftables,
      localhostNodePorts: iptables?.localhostNodePorts ?? true,
      ...periodsOf("iptables", resolved),
    },
    ipvs: {
      scheduler: ipvs?.scheduler ?? "",
      excludeCIDRs: ipvs?.excludeCIDRs ?? null,
      strictARP: ipvs?.strictARP ?? false,
      tcpTimeout: formatDuration(ipvs?.tcpTimeout ?? 0),
      tcpFinTimeout: formatDuration(ipvs?.tcpFinTimeout ?? 0),
      udpTimeout: formatDuration(ipvs?.udpTimeout ?? 0),
      ...periodsOf("ipvs", resolved),
    },
    nftables: {
      masqueradeBit: nftables?.masqueradeBit ?? defaultMasqueradeBit,
      masqueradeAll: masqueradeAll && isNftables,
      ...periodsOf("nftables", resolved),
    },
  };
}

function periodsOf(section: ProxyMode, { mode, syncPeriodMs, minSyncPeriodMs }: ProxyConfiguration) {
  const isActive = section === mode;
  return {
    syncPeriod: formatDuration(isActive ? syncPeriodMs : 0),
    minSyncPeriod: formatDuration(isActive ? minSyncPeriodMs : 0),
  };
}

function trafficFields(settings: Settings, { mode, conntrack }: ProxyConfiguration) {
  const { detectLocal, nodePortAddresses = [] } = settings;
  const usualAddresses = mode === "nftables" ? ["primary"] : null;
  return {
    detectLocalMode: settings.detectLocalMode ?? "ClusterCIDR",
    detectLocal: {
      bridgeInterface: detectLocal?.bridgeInterface ?? "",
      interfaceNamePrefix: detectLocal?.interfaceNamePrefix ?? "",
    },
    clusterCIDR: settings.clusterCIDR ?? "",
    nodePortAddresses: nodePortAddresses.length > 0 ? nodePortAddresses : usualAddresses,
    conntrack: {
      maxPerCore: conntrack.maxPerCore,
      min: conntrack.min,
      tcpEstablishedTimeout: formatDuration(conntrack.tcpEstablishedTimeoutMs),
      tcpCloseWaitTimeout: formatDuration(conntrack.tcpCloseWaitTimeoutMs),
      tcpBeLiberal: conntrack.tcpBeLiberal,
      udpTimeout: formatDuration(conntrack.udpTimeoutMs),
      udpStreamTimeout: formatDuration(conntrack.udpStreamTimeoutMs),
    },
  };
}

function loggingFields({ logging }: Settings, { logging: { format, verbosity } }: ProxyConfiguration) {
  return {
    format,
    flushFrequency: logging?.flushFrequency || "5s",
    verbosity,
    ...(logging?.vmodule === undefined ? {} : { vmodule: logging.vmodule }),
    options: {
      text: { infoBufferSize: "0", ...logging?.options?.text },
      json: { infoBufferSize: "0", ...logging?.options?.json },
    },
  };
}

/** As Go prints durations: `24h0m0s`, `1m30s`, `1.5s`, `250ms`, `0s`. */
function formatDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  if (milliseconds > 0 && milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  // Thousandths are not exact in binary: 1.001 s and its like come with a tail.
  const seconds = `${Number(((milliseconds % 60_000) / 1000).toFixed(9))}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
