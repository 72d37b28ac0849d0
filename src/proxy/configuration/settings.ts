/**
 * The fields of KubeProxyConfiguration and their types: kubeproxy.config.k8s.io/v1alpha1.
 *
 * Names are the API's; durations have become milliseconds. What kubeadm leaves unset it writes as "", null or 0s: the
 * first two have been taken out before (`withoutUnset`), zero periods are taken out here. Of the conntrack fields only
 * null means unset: they are pointers, and 0 says "leave the kernel's value alone".
 */

import * as z from "zod";
import { parseDurationMs } from "../../dns/corefile/duration.ts";

/** `metav1.Duration`. */
const duration = z.unknown().transform((written, context) => {
  const milliseconds = typeof written === "string" ? parseDurationMs(written) : undefined;
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue({ code: "custom", message: "must be a duration such as 30s, 15m or 1h30m" });
  return z.NEVER;
});

const text = z.string().optional();
const texts = z.array(z.string()).optional();
const count = z.int32().optional();
const choice = z.boolean().optional();
const timeout = duration.optional();

const conntrack = z.object({
  maxPerCore: count,
  min: count,
  tcpEstablishedTimeout: timeout,
  tcpCloseWaitTimeout: timeout,
  tcpBeLiberal: choice,
  udpTimeout: timeout,
  udpStreamTimeout: timeout,
});

const routing = z.object({ splitStream: choice, infoBufferSize: z.unknown().optional() }).optional();

const logging = z.object({
  format: z.enum(["text", "json"]).optional(),
  flushFrequency: z.unknown().optional(),
  verbosity: z.uint32().optional(),
  vmodule: z.array(z.unknown()).optional(),
  options: z.object({ text: routing, json: routing }).optional(),
});

const clientConnection = z.object({
  kubeconfig: text,
  acceptContentTypes: text,
  contentType: text,
  qps: z.number().optional(),
  burst: count,
});

const winkernel = z.object({
  networkName: text,
  sourceVip: text,
  enableDSR: choice,
  rootHnsEndpointName: text,
  forwardHealthCheckVip: choice,
});

/** `period`: how often something is done. */
function schemaWith(period: z.ZodType<number | undefined>) {
  const syncing = { syncPeriod: period.optional(), minSyncPeriod: period.optional() };
  const masquerading = { masqueradeBit: count, masqueradeAll: choice };
  const iptables = z.object({ ...masquerading, localhostNodePorts: choice, ...syncing });
  const ipvs = z.object({
    ...syncing,
    scheduler: text,
    excludeCIDRs: texts,
    strictARP: choice,
    tcpTimeout: timeout,
    tcpFinTimeout: timeout,
    udpTimeout: timeout,
  });
  return z.object({
    apiVersion: text,
    kind: text,
    featureGates: z.record(z.string(), z.boolean()).optional(),
    clientConnection: clientConnection.optional(),
    logging: logging.optional(),
    hostnameOverride: text,
    bindAddress: text,
    healthzBindAddress: text,
    metricsBindAddress: text,
    bindAddressHardFail: choice,
    enableProfiling: choice,
    showHiddenMetricsForVersion: text,
    mode: z.enum(["iptables", "ipvs", "nftables"]).optional(),
    iptables: iptables.optional(),
    ipvs: ipvs.optional(),
    nftables: z.object({ ...masquerading, ...syncing }).optional(),
    winkernel: winkernel.optional(),
    detectLocalMode: z.enum(["ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"]).optional(),
    detectLocal: z.object({ bridgeInterface: text, interfaceNamePrefix: text }).optional(),
    clusterCIDR: text,
    nodePortAddresses: texts,
    oomScoreAdj: count,
    conntrack: conntrack.optional(),
    configSyncPeriod: period.optional(),
    portRange: text,
    windowsRunAsService: choice,
  });
}

/** Of a file, where a period of 0s is one that is not given. */
export const fileSchema = schemaWith(
  duration.transform(milliseconds => (milliseconds === 0 ? undefined : milliseconds)),
);

/** Of flags, where it is what somebody typed. */
export const flagSchema = schemaWith(duration);

export type SettingsSchema = typeof fileSchema;

/** What somebody wrote, with the right types, and nothing else: no defaults, no unknown fields. */
export type Settings = z.infer<SettingsSchema>;

export type ProxyMode = NonNullable<Settings["mode"]>;

/** What kube-proxy on Linux takes an absent `mode` for. */
export const defaultMode: ProxyMode = "iptables";

/** Where the fields of one mode stand: of the sections, only these count. */
export function activeSections({ mode = defaultMode, iptables, ipvs, nftables }: Settings) {
  switch (mode) {
    case "iptables":
      return { masquerading: iptables, syncing: iptables };
    case "ipvs":
      return { masquerading: iptables, syncing: ipvs };
    case "nftables":
      return { masquerading: nftables, syncing: nftables };
  }
}
