/** What `--write-config-to` writes: kube-proxy's file, and the same configuration when it is read again. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { formatConfiguration } from "../../../src/proxy/configuration/format-configuration.ts";
import type { FixtureName } from "./configuration-rig.ts";
import { configure, fixture, header } from "./configuration-rig.ts";

type FlagValues = Readonly<Record<string, string | boolean>>;

function written(text: string | undefined, values: FlagValues = {}): string {
  const { settings, findings } = configure(text, values);
  if (settings === undefined) throw new Error(findings.map(({ what }) => what).join("; "));
  return formatConfiguration(settings);
}

/** To the letter what kube-proxy 1.36 writes without any other flag. */
const defaultFile = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 10
  contentType: application/vnd.kubernetes.protobuf
  kubeconfig: ""
  qps: 5
clusterCIDR: ""
configSyncPeriod: 15m0s
conntrack:
  maxPerCore: 32768
  min: 131072
  tcpBeLiberal: false
  tcpCloseWaitTimeout: 1h0m0s
  tcpEstablishedTimeout: 24h0m0s
  udpStreamTimeout: 0s
  udpTimeout: 0s
detectLocal:
  bridgeInterface: ""
  interfaceNamePrefix: ""
detectLocalMode: ClusterCIDR
enableProfiling: false
healthzBindAddress: 0.0.0.0:10256
hostnameOverride: ""
iptables:
  localhostNodePorts: true
  masqueradeAll: false
  masqueradeBit: 14
  minSyncPeriod: 1s
  syncPeriod: 30s
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  strictARP: false
  syncPeriod: 0s
  tcpFinTimeout: 0s
  tcpTimeout: 0s
  udpTimeout: 0s
kind: KubeProxyConfiguration
logging:
  flushFrequency: 5s
  format: text
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
metricsBindAddress: 127.0.0.1:10249
mode: iptables
nftables:
  masqueradeAll: false
  masqueradeBit: 14
  minSyncPeriod: 0s
  syncPeriod: 0s
nodePortAddresses: null
oomScoreAdj: -999
portRange: ""
showHiddenMetricsForVersion: ""
winkernel:
  enableDSR: false
  forwardHealthCheckVip: false
  networkName: ""
  rootHnsEndpointName: ""
  sourceVip: ""
`;

test("nothing said is written as every default", () => {
  assert.equal(written(undefined), defaultFile);
});

const flagSets: readonly FlagValues[] = [
  {},
  { "proxy-mode": "nftables", "masquerade-all": true, "iptables-sync-period": "36s" },
  {
    "proxy-mode": "nftables",
    "iptables-min-sync-period": "2s",
    "iptables-masquerade-bit": "3",
    "hostname-override": " BAR ",
    "healthz-bind-address": "[fd00::1]:99",
    "feature-gates": "AllAlpha=false",
    "log-flush-frequency": "1m30s",
    v: "2",
    vmodule: "a=3,b=4",
  },
  {
    "proxy-mode": "ipvs",
    "ipvs-sync-period": "1m30s",
    "ipvs-min-sync-period": "1500ms",
    "ipvs-exclude-cidrs": "1.2.3.0/24,fd00::/64",
    "ipvs-scheduler": "wrr",
    "ipvs-strict-arp": true,
    "ipvs-udp-timeout": "250ms",
    "masquerade-all": true,
  },
  {
    "cluster-cidr": "10.244.0.0/16,fd00:1::/56",
    kubeconfig: "/etc/kube config",
    "kube-api-qps": "7.5",
    "oom-score-adj": "-5",
    "conntrack-tcp-timeout-established": "0",
    "conntrack-udp-timeout": "1h3m0.5s",
    "conntrack-udp-timeout-stream": "1.001s",
    "detect-local-mode": "BridgeInterface",
    "pod-bridge-interface": "0x10",
    "iptables-localhost-nodeports": false,
    "nodeport-addresses": "10.0.0.0/8,192.168.0.0/16",
    "bind-address-hard-fail": true,
    profiling: true,
  },
];

const realProxy = process.env.KUBE_PROXY;

for (const values of flagSets) {
  const title = JSON.stringify(values);

  test(`flags ${title} written and read again mean the same`, () => {
    const read = configure(written(undefined, values));
    assert.deepEqual(read.configuration, configure(undefined, values).configuration);
  });

  test(`flags ${title} are written as kube-proxy writes them`, { skip: missingProxy() }, () => {
    assert.deepEqual(parse(written(undefined, values)), parse(writtenByKubeProxy(values)));
  });
}

function missingProxy(): string | false {
  return realProxy === undefined ? "KUBE_PROXY names no kube-proxy" : false;
}

function writtenByKubeProxy(values: FlagValues): string {
  const folder = mkdtempSync(join(tmpdir(), "frontdesk-write-config-"));
  try {
    const file = join(folder, "config.conf");
    const flags = Object.entries(values).map(
      ([name, value]) => `${name.length > 1 ? "--" : "-"}${name}=${value}`,
    );
    execFileSync(realProxy ?? "", [`--write-config-to=${file}`, ...flags], { stdio: "ignore" });
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const name of ["kubeadm", "kind", "kind-rootless"] satisfies FixtureName[]) {
  test(`the file of ${name} written out and read again means the same`, () => {
    assert.deepEqual(configure(written(fixture(name))).configuration, configure(fixture(name)).configuration);
  });
}

test("a written file is read without findings, but for a mode that is not nftables", () => {
  assert.deepEqual(configure(written(undefined, { "proxy-mode": "nftables" })).findings, []);
  const codes = configure(defaultFile).findings.map(({ code }) => code);
  assert.deepEqual(codes, ["PROXY_MODE"]);
});

test("a file that is written out and read again is written as before", () => {
  const once = written(`${header}mode: nftables\nlogging: {verbosity: 3}\nwindowsRunAsService: true\n`);
  assert.equal(written(once), once);
});

test("text stays text, however much it looks like something else in YAML", () => {
  const awkward = fc.constantFrom(
    "0x10",
    "on",
    "~",
    "null",
    "1_000",
    "12:30",
    "1e3",
    "=",
    "<<",
    "- a",
    "a: b",
    "#",
  );
  const any = fc.string({ minLength: 1 }).filter(text => text.trim() === text);
  fc.assert(
    fc.property(fc.oneof(awkward, any), name => {
      const values = { "detect-local-mode": "InterfaceNamePrefix", "pod-interface-name-prefix": name };
      assert.deepEqual(configure(written(undefined, values)).settings?.detectLocal, {
        interfaceNamePrefix: name,
      });
    }),
  );
});
