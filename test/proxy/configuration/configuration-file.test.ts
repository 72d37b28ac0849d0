/** What is said of a KubeProxyConfiguration. Which texts are refused was compared with kube-proxy 1.36. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkProxyConfiguration,
  isProxyConfiguration,
} from "../../../src/proxy/configuration/configuration-file.ts";
import { fixture, header, show } from "./configuration-rig.ts";

function check(text: string): readonly string[] {
  return checkProxyConfiguration(text, "config.conf").map(show);
}

for (const name of ["kubeadm", "kind"] as const) {
  test(`file as ${name} writes it has nothing to complain about`, () => {
    assert.deepEqual(check(fixture(name)), []);
  });
}

test("file written by hand gets one note for its mode and one for all fields without effect", () => {
  assert.deepEqual(check(fixture("k3s-like")), [
    "9:7 PROXY_MODE mode ipvs is served by nftables, as every mode is here → nothing: node ports stay where this mode has them",
    "12:14 PROXY_NO_EFFECT without effect here: ipvs.scheduler, ipvs.strictARP → nothing, or remove it",
  ]);
});

for (const [fields, ...expected] of [
  [
    "clusterCidr: 10.0.0.0/8",
    "3:1 PROXY_FIELD_UNKNOWN clusterCidr is not a field, and is ignored → did you mean clusterCIDR?",
  ],
  [
    "iptables:\n  masqeradeAll: true",
    "4:3 PROXY_FIELD_UNKNOWN iptables.masqeradeAll is not a field, and is ignored → did you mean masqueradeAll?",
  ],
  ["replicas: 3", "3:1 PROXY_FIELD_UNKNOWN replicas is not a field, and is ignored → remove it"],
  [
    "oomScoreAdj: 1\noomScoreAdj: 2",
    "4:1 PROXY_FIELD_DUPLICATE oomScoreAdj is given more than once, and only its last value counts → keep one of them",
  ],
  [
    "---\nfoo: bar",
    "3:1 PROXY_DOCUMENTS_IGNORED this document is not read: only the first one of a file is → remove it, or move it to a file of its own",
  ],
  [
    "hostnameOverride: 123",
    "3:19 PROXY_FIELD_TYPE hostnameOverride must be text, not 123 → put the value in quotes",
  ],
  [
    'oomScoreAdj: "1"',
    '3:14 PROXY_FIELD_TYPE oomScoreAdj must be a number, not "1" → write the value without quotes',
  ],
  [
    "iptables: []",
    "3:11 PROXY_FIELD_TYPE iptables must be a mapping, not a list → leave it out to get the default",
  ],
  [
    "nodePortAddresses: primary",
    '3:20 PROXY_FIELD_TYPE nodePortAddresses must be a list, not "primary" → write ["primary"]',
  ],
  [
    "iptables:\n  syncPeriod: 30",
    "4:15 PROXY_FIELD_VALUE iptables.syncPeriod must be a duration such as 30s, 15m or 1h30m, not 30 → write a number and its unit: ms, s, m or h",
  ],
  [
    "mode: IPTables",
    '3:7 PROXY_FIELD_VALUE mode must be one of iptables, ipvs, nftables, not "IPTables" → did you mean iptables?',
  ],
  [
    "detectLocalMode: BridgeInterface",
    "1:1 PROXY_FIELD_MISSING detectLocal.bridgeInterface is missing, and detectLocalMode BridgeInterface needs it → add it, or change the mode",
  ],
  [
    "mode: nftables\nnftables:\n  minSyncPeriod: 60s",
    "5:18 PROXY_FIELD_CONFLICT nftables.minSyncPeriod makes the least period, 60s, longer than the period, 30s → make minSyncPeriod the shorter one",
  ],
  [
    "nodePortAddresses:\n- 10.0.0.0/8\nclusterCIDR: 10.244.0.0/16,fd00::/56",
    "4:1 PROXY_NODE_PORTS_OPEN nodePortAddresses has no IPv6 network, so node ports are open on all IPv6 addresses of the node → add the IPv6 networks that may be used, or write [primary]",
  ],
  [
    "iptables: {masqueradeAll: true}\nmode: nftables",
    "3:27 PROXY_NO_EFFECT without effect here: iptables.masqueradeAll → nothing, or remove it",
  ],
  [
    "mode: kernelspace\nbindAddress: nowhere",
    '3:7 PROXY_FIELD_VALUE mode must be one of iptables, ipvs, nftables, not "kernelspace" → write one of them, or leave it out',
    '4:14 PROXY_FIELD_VALUE bindAddress is not an IP address: nowhere → write one without brackets, such as 0.0.0.0 or "::"',
  ],
] as const) {
  test(`fields ${JSON.stringify(fields)} are judged at their place`, () => {
    assert.deepEqual(check(`${header}${fields}\n`), expected);
  });
}

/** With the place of the finding, which is an error in each. */
for (const [fields, place, code] of [
  ["oomScoreAdj: 1001", "3:14", "PROXY_FIELD_VALUE"],
  ["oomScoreAdj: 99999999999", "3:14", "PROXY_FIELD_VALUE"],
  ["iptables:\n  masqueradeBit: 32", "4:18", "PROXY_FIELD_VALUE"],
  ["iptables:\n  masqueradeBit: 14.5", "4:18", "PROXY_FIELD_TYPE"],
  ["mode: nftables\nnftables:\n  masqueradeBit: -1", "5:18", "PROXY_FIELD_VALUE"],
  ["iptables:\n  syncPeriod: -5s", "4:15", "PROXY_FIELD_VALUE"],
  ["iptables:\n  syncPeriod: 500ms", "4:15", "PROXY_FIELD_CONFLICT"],
  ["configSyncPeriod: -1s", "3:19", "PROXY_FIELD_VALUE"],
  ["clientConnection:\n  burst: -1", "4:10", "PROXY_FIELD_VALUE"],
  ["conntrack:\n  min: -1", "4:8", "PROXY_FIELD_VALUE"],
  ["conntrack:\n  tcpEstablishedTimeout: -1s", "4:26", "PROXY_FIELD_VALUE"],
  ["healthzBindAddress: localhost:10256", "3:21", "PROXY_FIELD_VALUE"],
  ['healthzBindAddress: "[::1]"', "3:21", "PROXY_FIELD_VALUE"],
  ["healthzBindAddress: 10.0.0.1:0", "3:21", "PROXY_FIELD_VALUE"],
  ["metricsBindAddress: 10.0.0.1:65536", "3:21", "PROXY_FIELD_VALUE"],
  ['bindAddress: "[::]"', "3:14", "PROXY_FIELD_VALUE"],
  ['hostnameOverride: " "', "3:19", "PROXY_FIELD_VALUE"],
  ["clusterCIDR: 10.0.0.0/8,10.1.0.0/16", "3:14", "PROXY_FIELD_VALUE"],
  ['clusterCIDR: "10.0.0.0/8, fd00::/8"', "3:14", "PROXY_FIELD_VALUE"],
  ["clusterCIDR: 10.0.0.0/8,", "3:14", "PROXY_FIELD_VALUE"],
  ["nodePortAddresses: [10.0.0.0/33]", "3:21", "PROXY_FIELD_VALUE"],
  ["nodePortAddresses: [0.0.0.0/0, 10.0.0.1]", "3:32", "PROXY_FIELD_VALUE"],
  ["detectLocalMode: InterfaceNamePrefix", "1:1", "PROXY_FIELD_MISSING"],
  ["detectLocalMode: abcd", "3:18", "PROXY_FIELD_VALUE"],
  ["logging:\n  format: xml", "4:11", "PROXY_FIELD_VALUE"],
  ["featureGates:\n  AllAlpha: maybe", "4:13", "PROXY_FIELD_TYPE"],
  ["bindAddress: ::", "3:14", "PROXY_SYNTAX"],
] as const) {
  test(`fields ${JSON.stringify(fields)} are refused`, () => {
    const findings = checkProxyConfiguration(`${header}${fields}\n`, "config.conf");
    const errors = findings.filter(({ severity }) => severity === "error");
    assert.deepEqual(
      errors.map(({ at, code }) => [`${at.line}:${at.column}`, code]),
      [[place, code]],
    );
    assert.ok(errors.every(({ remedy }) => remedy !== ""));
  });
}

for (const fields of [
  "clusterCIDR: nonsense\ndetectLocalMode: NodeCIDR",
  "ipvs:\n  syncPeriod: 10ms\n  minSyncPeriod: 20ms",
  "clientConnection:\n  qps: 1.5\n  burst: 3\n  contentType: application/json",
  "configSyncPeriod: 1h\nconntrack: null\nmode: nftables",
  "nodePortAddresses: [primary, localhost, 10.0.0.0/8]",
  "bindAddressHardFail: yes\nbindAddress: 010.0.0.1",
]) {
  test(`fields ${JSON.stringify(fields)} are fine`, () => {
    const findings = check(`${header}${fields}\n`).filter(line => !line.includes("PROXY_NO_EFFECT"));
    assert.deepEqual(findings, []);
  });
}

test("JSON is read as YAML is", () => {
  const text = JSON.stringify(
    { kind: "KubeProxyConfiguration", apiVersion: "kubeproxy.config.k8s.io/v1alpha1", mod: "ipvs" },
    null,
    "\t",
  );
  assert.deepEqual(check(text), [
    "4:2 PROXY_FIELD_UNKNOWN mod is not a field, and is ignored → did you mean mode?",
  ]);
});

for (const [text, expected] of [
  ["", "1:1 PROXY_KIND this is not an object with a kind, not a KubeProxyConfiguration"],
  ["- a", "1:1 PROXY_KIND this is not an object with a kind, not a KubeProxyConfiguration"],
  ["kind: Service\napiVersion: v1\n", "1:7 PROXY_KIND this is a Service, not a KubeProxyConfiguration"],
  [
    "apiVersion: kubeproxy.config.k8s.io/v1\nkind: KubeProxyConfiguration\n",
    "1:13 PROXY_KIND there is no KubeProxyConfiguration but in kubeproxy.config.k8s.io/v1alpha1",
  ],
] as const) {
  test(`text ${JSON.stringify(text)} is said to be something else`, () => {
    const remedy = "begin with apiVersion: kubeproxy.config.k8s.io/v1alpha1 and kind: KubeProxyConfiguration";
    assert.deepEqual(check(text), [`${expected} → ${remedy}`]);
  });
}

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: kube-proxy
data:
  config.conf: |-

    # as kubeadm writes it
${header.replaceAll(/^/gm, "    ").trimEnd()}
    oomScoreAdj: 5000
    iptables:
      masqueradeBot: 1
  kubeconfig.conf: |-
    apiVersion: v1
`;

test("ConfigMap around a configuration is read, with places of the file", () => {
  assert.deepEqual(check(configMap), [
    "6:16 PROXY_CONFIG_MAP this is a ConfigMap; the configuration in its key config.conf is read → ",
    "11:18 PROXY_FIELD_VALUE oomScoreAdj must be from -1000 to 1000, not 5000 → leave it out to get the default",
    "13:7 PROXY_FIELD_UNKNOWN iptables.masqueradeBot is not a field, and is ignored → did you mean masqueradeBit?",
  ]);
});

test("ConfigMap with the configuration in quotes has all findings at its value", () => {
  const quoted = JSON.stringify(`${header}mode: x\n`);
  const text = `kind: ConfigMap\napiVersion: v1\ndata:\n  config.conf: ${quoted}\n`;
  const places = checkProxyConfiguration(text, "cm.yaml").map(({ at, code }) => [at.line, at.column, code]);
  assert.deepEqual(places, [
    [4, 16, "PROXY_CONFIG_MAP"],
    [4, 16, "PROXY_FIELD_VALUE"],
  ]);
});

for (const [text, expected] of [
  [fixture("kubeadm"), true],
  [fixture("k3s-like"), true],
  [configMap, true],
  [`# a comment\n---\n${header}`, true],
  [`{"kind":"KubeProxyConfiguration","apiVersion":"kubeproxy.config.k8s.io/v1alpha1"}`, true],
  ["apiVersion: kubeproxy.config.k8s.io/v1alpha1\n", true],
  [`kind: Service\n---\n${header}`, false],
  [". {\n    errors # kind: KubeProxyConfiguration\n}\n", false],
  ["", false],
] as const) {
  test(`text ${JSON.stringify(text.slice(0, 40))} ${expected ? "is" : "is not"} taken for a configuration`, () => {
    assert.equal(isProxyConfiguration(text), expected);
  });
}
