/** What flags make of the defaults, alone and beside a file. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, configured, defaults, header, show } from "./configuration-rig.ts";

for (const [values, expected] of [
  [
    { "proxy-mode": "nftables", "masquerade-all": true, "iptables-sync-period": "36s" },
    {
      mode: "nftables",
      masqueradeAll: true,
      syncPeriodMs: 36_000,
      nodePortAddresses: ["primary"],
      localhostNodePorts: false,
    },
  ],
  [
    {
      "iptables-sync-period": "36s",
      "iptables-min-sync-period": "3s",
      "ipvs-sync-period": "16s",
      "ipvs-min-sync-period": "7s",
    },
    { syncPeriodMs: 36_000, minSyncPeriodMs: 3_000 },
  ],
  [
    {
      "iptables-sync-period": "36s",
      "ipvs-sync-period": "16s",
      "ipvs-min-sync-period": "7s",
      "proxy-mode": "ipvs",
    },
    { mode: "ipvs", syncPeriodMs: 16_000, minSyncPeriodMs: 7_000, localhostNodePorts: false },
  ],
  [{ "iptables-min-sync-period": "0" }, { minSyncPeriodMs: 0 }],
  [
    { "iptables-localhost-nodeports": false, "iptables-masquerade-bit": "3" },
    { localhostNodePorts: false, masqueradeBit: 3 },
  ],
  [
    { "cluster-cidr": "2002:0:0:1234::/64,10.0.0.0/14" },
    {
      localDetection: {
        mode: "ClusterCIDR",
        clusterCIDRs: { IPv4: "10.0.0.0/14", IPv6: "2002:0:0:1234::/64" },
      },
    },
  ],
  [
    { "detect-local-mode": "InterfaceNamePrefix", "pod-interface-name-prefix": "veth" },
    { localDetection: { mode: "InterfaceNamePrefix", prefix: "veth" } },
  ],
  [{ "nodeport-addresses": "primary,10.0.0.0/8" }, { nodePortAddresses: ["primary", "10.0.0.0/8"] }],
  [
    {
      "conntrack-max-per-core": "0",
      "conntrack-min": "0",
      "conntrack-tcp-timeout-established": "0",
      "conntrack-tcp-timeout-close-wait": "0",
    },
    {
      conntrack: {
        ...defaults.conntrack,
        maxPerCore: 0,
        min: 0,
        tcpEstablishedTimeoutMs: 0,
        tcpCloseWaitTimeoutMs: 0,
      },
    },
  ],
  [
    { kubeconfig: "/k", master: "https://api:6443", "hostname-override": "  Bar " },
    { kubeconfig: "/k", master: "https://api:6443", nodeName: "bar" },
  ],
  [
    {
      "healthz-bind-address": "1.2.3.4",
      "healthz-port": "12345",
      "metrics-bind-address": "2.3.4.5:12345",
      "metrics-port": "23456",
    },
    {
      healthzBindAddress: { address: "1.2.3.4", port: 12345 },
      metricsBindAddress: { address: "2.3.4.5", port: 12345 },
    },
  ],
  [
    { "healthz-port": "0", "metrics-port": "0" },
    { healthzBindAddress: undefined, metricsBindAddress: undefined },
  ],
  [
    { "oom-score-adj": "-5", v: "7", "logging-format": "json" },
    { oomScoreAdj: -5, logging: { format: "json", verbosity: 7 } },
  ],
] as const) {
  test(`flags ${JSON.stringify(values)} change what they name and nothing else`, () => {
    assert.deepEqual(configured(undefined, values), { ...defaults, ...expected });
  });
}

test("file wins over all flags but the node's name, the API server and logging, and says which", () => {
  const values = {
    config: "config.conf",
    "hostname-override": "NODE-9",
    master: "https://api:6443",
    v: "5",
    "cluster-cidr": "10.0.0.0/8",
    "healthz-port": "0",
  };
  const { configuration, findings } = configure(
    `${header}hostnameOverride: other\nlogging: {format: json}\n`,
    values,
  );
  const logging = { format: "json", verbosity: 5 } as const;
  assert.deepEqual(configuration, { ...defaults, nodeName: "node-9", master: "https://api:6443", logging });
  assert.deepEqual(findings.map(show), [
    "0:0 PROXY_FLAGS_IGNORED without effect beside --config: --healthz-port, --cluster-cidr → write their fields into the file, or leave them out",
  ]);
});

for (const [values, expected] of [
  [{ "oom-score-adj": "5000" }, "--oom-score-adj: --oom-score-adj must be from -1000 to 1000, not 5000"],
  [{ "conntrack-min": "many" }, '--conntrack-min: --conntrack-min must be a number, not "many"'],
  [
    { "proxy-mode": "userspace" },
    '--proxy-mode: --proxy-mode must be one of iptables, ipvs, nftables, not "userspace"',
  ],
  [{ "iptables-sync-period": "0s" }, "--iptables-sync-period: --iptables-sync-period must be more than 0"],
  [
    { "proxy-mode": "nftables", "iptables-sync-period": "-1s" },
    "--iptables-sync-period: --iptables-sync-period must be more than 0",
  ],
  [
    { "nodeport-addresses": "10.0.0.0/8,x" },
    "--nodeport-addresses: --nodeport-addresses is not a network: x",
  ],
  [{ "hostname-override": "  " }, "--hostname-override: --hostname-override has only blanks in it"],
  [
    { "detect-local-mode": "BridgeInterface" },
    "--pod-bridge-interface: --pod-bridge-interface is missing, and detectLocalMode BridgeInterface needs it",
  ],
  [
    { "metrics-port": "65536" },
    '--metrics-port: --metrics-port must be a number from 0 to 65535, not "65536"',
  ],
] as const) {
  test(`flags ${JSON.stringify(values)} are refused by name`, () => {
    const { configuration, findings } = configure(undefined, values);
    const errors = findings.filter(({ severity }) => severity === "error");
    assert.equal(configuration, undefined);
    assert.deepEqual(
      errors.map(({ at, what }) => `${at.file}: ${what}`),
      [expected],
    );
  });
}
