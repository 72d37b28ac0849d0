/** What a file makes of the defaults. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, configured, defaults, fixture, header } from "./configuration-rig.ts";

/** What kubeadm fills in. */
const kubeadm = {
  ...defaults,
  kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
  localDetection: { mode: "ClusterCIDR", clusterCIDRs: { IPv4: "10.244.0.0/16" } },
} as const;

test("neither file nor flags give kube-proxy's defaults", () => {
  assert.deepEqual(configured(undefined), defaults);
  assert.deepEqual(configured(header), defaults);
});

test("file as kubeadm writes it is defaults but for the kubeconfig and the Pod network", () => {
  assert.deepEqual(configured(fixture("kubeadm")), kubeadm);
});

test("file as kind writes it leaves conntrack alone and has node ports on primary addresses", () => {
  assert.deepEqual(configured(fixture("kind")), {
    ...kubeadm,
    mode: "nftables",
    localDetection: {
      mode: "ClusterCIDR",
      clusterCIDRs: { IPv4: "10.244.0.0/16", IPv6: "fd00:10:244::/56" },
    },
    nodePortAddresses: ["primary"],
    localhostNodePorts: false,
    conntrack: { ...kubeadm.conntrack, maxPerCore: 0 },
  });
});

test("file as rootless kind writes it leaves the TCP timeouts alone too", () => {
  assert.deepEqual(configured(fixture("kind-rootless")), {
    ...kubeadm,
    conntrack: { ...kubeadm.conntrack, maxPerCore: 0, tcpEstablishedTimeoutMs: 0, tcpCloseWaitTimeoutMs: 0 },
  });
});

test("file written by hand keeps what it says and gets the defaults of its mode", () => {
  const { nodeName, healthzBindAddress, minSyncPeriodMs, nodePortAddresses, localhostNodePorts } = configured(
    fixture("k3s-like"),
  );
  assert.deepEqual(
    { nodeName, healthzBindAddress, minSyncPeriodMs, nodePortAddresses, localhostNodePorts },
    {
      nodeName: "server-0",
      healthzBindAddress: { address: "127.0.0.1", port: 10256 },
      minSyncPeriodMs: 0,
      nodePortAddresses: ["192.168.010.0/24", "localhost"],
      localhostNodePorts: false,
    },
  );
});

const sections = `iptables: {masqueradeBit: 1, masqueradeAll: true, syncPeriod: 11s, minSyncPeriod: 1500ms}
ipvs: {syncPeriod: 22s, minSyncPeriod: 2s}
nftables: {masqueradeBit: 3, syncPeriod: 33s, minSyncPeriod: 3s}
`;

for (const [mode, masqueradeBit, masqueradeAll, syncPeriodMs, minSyncPeriodMs] of [
  ["iptables", 1, true, 11_000, 1_500],
  ["ipvs", 1, true, 22_000, 2_000],
  ["nftables", 3, false, 33_000, 3_000],
] as const) {
  test(`mode ${mode} has its values from its own sections`, () => {
    const read = configured(`${header}${sections}mode: ${mode}\n`);
    assert.deepEqual(
      [read.masqueradeBit, read.masqueradeAll, read.syncPeriodMs, read.minSyncPeriodMs],
      [masqueradeBit, masqueradeAll, syncPeriodMs, minSyncPeriodMs],
    );
  });
}

for (const [fields, expected] of [
  [
    'bindAddress: "::"',
    {
      bindAddress: undefined,
      healthzBindAddress: { address: "::", port: 10256 },
      metricsBindAddress: { address: "::1", port: 10249 },
    },
  ],
  ["bindAddress: 010.1.2.3", { bindAddress: "10.1.2.3" }],
  ['healthzBindAddress: "FD00::0:1"', { healthzBindAddress: { address: "fd00::1", port: 10256 } }],
  ['metricsBindAddress: "[::]:9999"', { metricsBindAddress: { address: "::", port: 9999 } }],
  ['hostnameOverride: " Worker-1 "', { nodeName: "worker-1" }],
  ["iptables: {localhostNodePorts: false}", { localhostNodePorts: false }],
  ["detectLocalMode: NodeCIDR", { localDetection: { mode: "NodeCIDR" } }],
  [
    "detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}",
    { localDetection: { mode: "BridgeInterface", name: "cni0" } },
  ],
  [
    "detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: veth}",
    { localDetection: { mode: "InterfaceNamePrefix", prefix: "veth" } },
  ],
  ["logging: {format: json, verbosity: 4}", { logging: { format: "json", verbosity: 4 } }],
  [
    "conntrack: {maxPerCore: null, min: 0, tcpCloseWaitTimeout: 0s, udpTimeout: 1m30s}",
    { conntrack: { ...defaults.conntrack, min: 0, tcpCloseWaitTimeoutMs: 0, udpTimeoutMs: 90_000 } },
  ],
  [
    "oomScoreAdj: 0\nbindAddressHardFail: true\nconfigSyncPeriod: 1h",
    { oomScoreAdj: 0, bindAddressHardFail: true, configSyncPeriodMs: 3_600_000 },
  ],
] as const) {
  test(`fields ${JSON.stringify(fields)} change what they name and nothing else`, () => {
    assert.deepEqual(configured(`${header}${fields}\n`), { ...defaults, ...expected });
  });
}

test("file with an error gives no configuration", () => {
  const { configuration, findings } = configure(`${header}mode: x\n`);
  assert.equal(configuration, undefined);
  assert.equal(findings.length, 1);
});
