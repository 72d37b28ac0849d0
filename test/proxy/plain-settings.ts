import type { ProxySettings } from "../../src/proxy/plan/proxy-settings.ts";

/** Nobody is masqueraded without need, Pods are not told from others, node ports are on all addresses but loopback ones. */
export const plainSettings: ProxySettings = {
  masqueradeBit: 14,
  masqueradeAll: false,
  localTraffic: { kind: "none" },
  nodePortAddresses: { IPv4: "all-local", IPv6: "all-local" },
  localhostNodePorts: { IPv4: false, IPv6: false },
  loadBalancerPool: [],
  serviceCIDRs: [],
};
