import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineAddresses } from "../../../src/proxy/userspace/machine-addresses.ts";

const held = new Set(["10.96.0.1", "192.0.2.200"]);
const machine = new MachineAddresses(
  [
    { address: "127.0.0.1", cidr: "127.0.0.1/8", internal: true },
    { address: "::1", cidr: "::1/128", internal: true },
    { address: "10.96.0.1", cidr: "10.96.0.1/32", internal: true },
    { address: "192.0.2.200", cidr: "192.0.2.200/32", internal: true },
    { address: "192.0.2.1", cidr: "192.0.2.1/24", internal: false },
    { address: "fd01::1", cidr: "fd01::1/64", internal: false },
    { address: "fe80::1", cidr: "fe80::1/64", internal: false },
  ],
  held,
);

test("own addresses are those of interfaces, those of Services and all of 127.0.0.0/8", () => {
  const addresses = [
    "127.9.9.9",
    "::1",
    "::2",
    "10.96.0.1",
    "10.96.0.2",
    "192.0.2.1",
    "192.0.2.2",
    "fd01::1",
  ];
  const own = addresses.filter(address => machine.isOwn(address));
  assert.deepEqual(own, ["127.9.9.9", "::1", "10.96.0.1", "192.0.2.1", "fd01::1"]);
});

test("node addresses are neither of Services nor of loopback, nor do they need a zone", () => {
  assert.deepEqual(machine.nodeAddresses.IPv4, ["192.0.2.1"]);
  assert.deepEqual(machine.nodeAddresses.IPv6, ["fd01::1"]);
});

test("next door are addresses in the networks of interfaces that the machine has not got of itself", () => {
  const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.200", "192.0.3.1", "fd01::2", "fd02::1", "127.9.9.9"];
  const nextDoor = addresses.filter(address => machine.isNextDoor(address));
  assert.deepEqual(nextDoor, ["192.0.2.2", "192.0.2.200", "fd01::2"]);
});
