/** Addresses of the node: the cases of kube-proxy's own tables, and the words that came later. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeAddressesOf } from "../../src/proxy/node-addresses.ts";

const usual = { bindAddress: undefined, nodePortAddresses: ["primary"], localhostNodePorts: false };

function node(internalIPs: readonly string[], externalIPs: readonly string[] = []) {
  return { internalIPs, externalIPs };
}

for (const [what, known, bindAddress, primaryFamily, IPv4, IPv6] of [
  ["no Node, IPv4 bind address", undefined, "10.0.0.1", "IPv4", "10.0.0.1", "::1"],
  ["no Node, IPv6 bind address", undefined, "fd00:4321::2", "IPv6", "127.0.0.1", "fd00:4321::2"],
  ["no Node, no bind address", undefined, undefined, "IPv4", "127.0.0.1", "::1"],
  ["a Node without addresses", node([]), undefined, "IPv4", "127.0.0.1", "::1"],
  ["an IPv4 Node", node(["192.168.1.1"]), undefined, "IPv4", "192.168.1.1", "::1"],
  ["an IPv6 Node", node(["fd00:1234::1"]), undefined, "IPv6", "127.0.0.1", "fd00:1234::1"],
  ["both, IPv4 first", node(["90.90.90.90", "2001:db8::2"]), undefined, "IPv4", "90.90.90.90", "2001:db8::2"],
  ["both, IPv6 first", node(["2001:db8::2", "90.90.90.90"]), undefined, "IPv6", "90.90.90.90", "2001:db8::2"],
  [
    "both, IPv4 bound",
    node(["2001:db8::2", "90.90.90.90"]),
    "80.80.80.80",
    "IPv4",
    "80.80.80.80",
    "2001:db8::2",
  ],
  [
    "both, IPv6 bound",
    node(["90.90.90.90", "2001:db8::2"]),
    "2001:db8::555",
    "IPv6",
    "90.90.90.90",
    "2001:db8::555",
  ],
  [
    "both, IPv4 loopback bound",
    node(["2001:db8::2", "90.90.90.90"]),
    "127.0.0.1",
    "IPv4",
    "127.0.0.1",
    "2001:db8::2",
  ],
  ["both, IPv6 loopback bound", node(["90.90.90.90", "2001:db8::2"]), "::1", "IPv6", "90.90.90.90", "::1"],
  ["several of a family", node(["10.0.0.1", "10.0.0.2"]), undefined, "IPv4", "10.0.0.1", "::1"],
  ["an external address only", node([], ["203.0.113.1"]), undefined, "IPv4", "203.0.113.1", "::1"],
  [
    "an external address of the other family",
    node(["10.0.0.1"], ["2001:db8::1"]),
    undefined,
    "IPv4",
    "10.0.0.1",
    "2001:db8::1",
  ],
  ["odd spellings", node(["010.0.0.1", "FD00:0::1", ""]), undefined, "IPv4", "10.0.0.1", "fd00::1"],
] as const) {
  test(`node addresses with ${what}`, () => {
    const found = nodeAddressesOf(known, [], { ...usual, bindAddress });
    assert.deepEqual([found.primaryFamily, found.nodeIPs], [primaryFamily, { IPv4, IPv6 }]);
  });
}

const local = ["127.0.0.1", "::1", "10.20.30.51", "100.200.201.1", "2001:db8::1", "fe80::1"].map(address => ({
  address,
}));
const here = node(["10.20.30.51", "2001:db8::1"]);
const all = "all-local";

for (const [entries, IPv4, IPv6, localhost = []] of [
  [["10.20.30.0/24"], ["10.20.30.51"], all],
  [["10.20.30.0/24", "100.200.201.0/24"], ["10.20.30.51", "100.200.201.1"], all],
  [["10.20.31.0/24", "192.168.0.0/16"], [], all],
  [["0.0.0.0/0"], all, all],
  [["1.2.3.0/24", "0.0.0.0/0"], all, all],
  [["2001:db8::/64", "::1/128"], all, ["2001:db8::1"], ["IPv6"]],
  [["::/0"], all, all],
  [["::/0", "10.20.30.0/24", "2001:db8::1/128"], ["10.20.30.51"], all],
  [["0.0.0.0/0", "10.20.30.0/24", "2001:db8::1/128"], all, ["2001:db8::1"]],
  [["127.0.0.1/32"], [], all, ["IPv4"]],
  [["127.0.0.0/8"], [], all, ["IPv4"]],
  [["64.0.0.0/2"], ["100.200.201.1"], all],
  [["primary"], ["10.20.30.51"], ["2001:db8::1"]],
  [["primary", "100.200.201.0/24"], ["10.20.30.51", "100.200.201.1"], ["2001:db8::1"]],
  [["primary", "localhost"], ["10.20.30.51"], ["2001:db8::1"], ["IPv4", "IPv6"]],
  [["localhost"], [], [], ["IPv4", "IPv6"]],
  [["all"], all, all],
  [["all", "localhost"], all, all, ["IPv4", "IPv6"]],
] as const) {
  test(`node ports at ${entries.join(" ")} are on these addresses and no others`, () => {
    const found = nodeAddressesOf(here, local, { ...usual, nodePortAddresses: entries });
    assert.deepEqual(found.nodePortAddresses, { IPv4, IPv6 });
    const families: readonly string[] = localhost;
    assert.deepEqual(found.servesLocalhost, {
      IPv4: families.includes("IPv4"),
      IPv6: families.includes("IPv6"),
    });
  });
}

for (const [what, known, IPv4, IPv6] of [
  ["an IPv4 Node", node(["10.20.30.51"]), ["10.20.30.51"], all],
  ["an address that no interface has", node(["203.0.113.1", "2001:db8::1"]), [], ["2001:db8::1"]],
  ["no Node", undefined, all, all],
] as const) {
  test(`node ports at primary with ${what} are where kube-proxy has them`, () => {
    assert.deepEqual(nodeAddressesOf(known, local, usual).nodePortAddresses, { IPv4, IPv6 });
  });
}

/** Upstream's table of `ContainsIPv4Loopback`: what decides in mode iptables. */
for (const [entries, expected] of [
  [["all"], true],
  [["224.0.0.0/24", "192.168.0.0/16", "fd00:1:d::/64", "0.0.0.0/0"], true],
  [["224.0.0.0/24", "192.168.0.0/16", "fd00:1:d::/64", "::/0"], false],
  [["224.0.0.0/24", "fd00:1:d::/64", "127.0.0.0/8"], true],
  [["224.0.0.0/24", "fd00:1:d::/64", "127.0.2.0/28"], true],
  [["224.0.0.0/24", "fd00:1:d::/64", "64.0.0.0/2"], true],
  [["128.0.2.0/28", "224.0.0.0/24", "fd00:1:d::/64"], false],
  [["primary"], false],
] as const) {
  test(`mode iptables with node ports at ${entries.join(" ")} ${expected ? "has" : "has not"} them on 127.0.0.1`, () => {
    const found = nodeAddressesOf(here, local, {
      ...usual,
      nodePortAddresses: entries,
      localhostNodePorts: true,
    });
    assert.deepEqual(found.servesLocalhost, { IPv4: expected, IPv6: false });
  });
}
