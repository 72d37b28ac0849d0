import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { hostAt, portAt, socketAddress } from "../../../../src/dns/server/datagrams/socket-address.ts";

for (const [address, port, octets] of [
  ["127.0.0.1", 53, "0200 0035 7f000001 0000000000000000"],
  ["0.0.0.0", 0, "0200 0000 00000000 0000000000000000"],
  ["255.254.253.252", 65_535, "0200 ffff fffefdfc 0000000000000000"],
  ["::", 53, "0a00 0035 00000000 00000000000000000000000000000000 00000000"],
  ["2001:db8::53", 1_053, "0a00 041d 00000000 20010db8000000000000000000000053 00000000"],
  ["fe80::1%3", 53, "0a00 0035 00000000 fe800000000000000000000000000001 03000000"],
] as const) {
  test(`socket address of ${address} port ${port} is as the kernel has it`, () => {
    assert.equal(socketAddress(address, port).toString("hex"), octets.replaceAll(" ", ""));
  });
}

for (const address of ["192.0.2.1", "2001:db8::53", "::1"]) {
  test(`socket address of ${address} is read back, wherever it is`, () => {
    const family = address.includes(":") ? "IPv6" : "IPv4";
    const octets = Buffer.concat([Buffer.alloc(64, 0xff), socketAddress(address, 5_353)]);
    assert.deepEqual([hostAt(octets, 64, family), portAt(octets, 64)], [address, 5_353]);
  });
}

const linkLocal = Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
  list.filter(({ scopeid = 0 }) => scopeid > 0).map(({ address, scopeid }) => ({ name, address, scopeid })),
)[0];

test("an address of one link is read and written with its interface", { skip: !linkLocal }, () => {
  const { name = "", address = "", scopeid = 0 } = linkLocal ?? {};
  const octets = socketAddress(`${address}%${name}`, 53);
  assert.equal(octets.readUInt32LE(24), scopeid);
  assert.equal(hostAt(octets, 0, "IPv6"), `${address}%${name}`);
});

test("an interface that is not there is read as its number", () => {
  assert.equal(hostAt(socketAddress("fe80::1%9999", 53), 0, "IPv6"), "fe80::1%9999");
});
