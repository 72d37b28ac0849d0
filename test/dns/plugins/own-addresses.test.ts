import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { test } from "node:test";
import { ownAddresses } from "../../../src/dns/plugins/own-addresses.ts";

const common = { netmask: "", mac: "", cidr: null };
const lo: NetworkInterfaceInfo = { ...common, address: "127.0.0.1", family: "IPv4", internal: true };
const eth0: NetworkInterfaceInfo[] = [
  { ...common, address: "10.244.0.2", family: "IPv4", internal: false },
  { ...common, address: "fe80::1", family: "IPv6", internal: false, scopeid: 2 },
  { ...common, address: "fd00::2", family: "IPv6", internal: false, scopeid: 0 },
];
const interfaces = { lo: [lo], eth0 };

const cases: readonly (readonly [what: string, hosts: string[], except: string[], addresses: string[]])[] = [
  ["nothing", [], [], ["10.244.0.2", "fd00::2"]],
  ["a wildcard", ["0.0.0.0"], [], ["10.244.0.2", "fd00::2"]],
  ["everything but an interface", [], ["eth0"], ["127.0.0.1"]],
  ["an address", ["127.0.0.1"], [], ["127.0.0.1"]],
  ["an interface but for one address", ["eth0"], ["fe80::1"], ["10.244.0.2", "fd00::2"]],
];
for (const [what, hosts, except, addresses] of cases) {
  test(`bound to ${what} the server is reached at ${addresses.join(" and ")}`, () => {
    assert.deepEqual(ownAddresses({ hosts, except }, interfaces), addresses);
  });
}
