/** How Pods are told from others: the cases of kube-proxy's own table, and what its file forms give. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { localDetectorOf } from "../../src/proxy/local-detector.ts";
import type { LocalTrafficDetector } from "../../src/proxy/plan/proxy-settings.ts";
import { configure, configured, header } from "./configuration/configuration-rig.ts";

const none: LocalTrafficDetector = { kind: "none" };

function networks(...list: readonly string[]): LocalTrafficDetector {
  return { kind: "networks", networks: list };
}

const [cluster4, cluster6] = ["10.0.0.0/14", "2002:0:0:1234::/64"];
const canonical6 = "2002:0:0:1234::/64";
const [node4, node6] = ["10.0.0.0/24", "2002::1234:abcd:ffff:0:0/96"];

/** Upstream has the cases of one network once more for a cluster of the other family, where the same comes out. */
for (const [what, fields, podCIDRs, expected] of [
  ["ClusterCIDR, IPv4", `clusterCIDR: ${cluster4}`, [], networks(cluster4)],
  ["ClusterCIDR, IPv6", `clusterCIDR: ${cluster6}`, [], networks(canonical6)],
  ["ClusterCIDR, both", `clusterCIDR: "${cluster4},${cluster6}"`, [], networks(cluster4, canonical6)],
  ["ClusterCIDR, IPv6 first", `clusterCIDR: "${cluster6},${cluster4}"`, [], networks(cluster4, canonical6)],
  ["ClusterCIDR, none given", 'clusterCIDR: ""', [], none],
  ["ClusterCIDR, with Pod networks", 'clusterCIDR: ""', [node4, node6], none],
  ["ClusterCIDR, with bits behind the prefix", "clusterCIDR: 10.1.2.3/8", [], networks("10.0.0.0/8")],
  ["NodeCIDR, IPv4", `clusterCIDR: ${cluster4}`, [node4], networks(node4)],
  ["NodeCIDR, IPv6", `clusterCIDR: ${cluster6}`, [node6], networks(node6)],
  ["NodeCIDR, IPv6 of the node, IPv4 of the cluster", `clusterCIDR: ${cluster4}`, [node6], networks(node6)],
  ["NodeCIDR, IPv4 of the node, IPv6 of the cluster", `clusterCIDR: ${cluster6}`, [node4], networks(node4)],
  ["NodeCIDR, both", `clusterCIDR: "${cluster4},${cluster6}"`, [node4, node6], networks(node4, node6)],
  ["NodeCIDR, IPv6 first", `clusterCIDR: "${cluster6},${cluster4}"`, [node6, node4], networks(node4, node6)],
  ["NodeCIDR, several of a family", 'clusterCIDR: ""', [node4, "10.9.0.0/24"], networks(node4)],
  ["NodeCIDR, no Pod networks", 'clusterCIDR: ""', [], none],
  ["BridgeInterface", "detectLocal: {bridgeInterface: eth}", [node4], { kind: "interface", name: "eth" }],
  [
    "BridgeInterface, a name that is no interface's",
    'detectLocal: {bridgeInterface: "1234567890123456789"}',
    [],
    { kind: "interface", name: "1234567890123456789" },
  ],
  [
    "InterfaceNamePrefix",
    "detectLocal: {interfaceNamePrefix: eth}",
    [node4],
    { kind: "interface-prefix", prefix: "eth" },
  ],
  [
    "InterfaceNamePrefix, a name that is no interface's",
    'detectLocal: {interfaceNamePrefix: "1234567890123456789"}',
    [],
    { kind: "interface-prefix", prefix: "1234567890123456789" },
  ],
] as const) {
  test(`detector for ${what}`, () => {
    const [mode] = what.split(",");
    const { localDetection } = configured(`${header}detectLocalMode: ${mode}\n${fields}\n`);
    assert.deepEqual(localDetectorOf(localDetection, podCIDRs), expected);
  });
}

test("detector without a mode is that of ClusterCIDR", () => {
  const { localDetection } = configured(`${header}clusterCIDR: ${cluster4}\n`);
  assert.deepEqual(localDetectorOf(localDetection, [node6]), networks(cluster4));
});

test("detector of an unknown mode is refused before it is made", () => {
  assert.equal(configure(`${header}detectLocalMode: abcd\n`).configuration, undefined);
});
