import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  addressOfReverseName,
  addressToBytes,
  bytesToAddress,
  reverseName,
} from "../../../src/dns/wire/address.ts";
import { formatName, parseName } from "../../../src/dns/wire/name.ts";

/** Text, octets, and canonical text where it differs. */
const addresses: readonly (readonly [text: string, hex: string, canonical?: string])[] = [
  ["0.0.0.0", "00000000"],
  ["10.96.0.10", "0a60000a"],
  ["255.255.255.255", "ffffffff"],
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["1::", "00010000000000000000000000000000"],
  ["fd00:10:96::a", "fd00001000960000000000000000000a"],
  ["FD00:0010:96:0:0:0:0:A", "fd00001000960000000000000000000a", "fd00:10:96::a"],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "00000002000300040005000600070008", "0:2:3:4:5:6:7:8"],
  ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
  ["2001:0:0:1::1", "20010000000000010000000000000001"],
  ["2001:db8::1:0:0:1", "20010db8000000000001000000000001"],
  ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
  ["::ffff:a00:1", "00000000000000000000ffff0a000001", "::ffff:10.0.0.1"],
  ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221", "64:ff9b::c000:221"],
  ["1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304", "1:2:3:4:5:6:102:304"],
];

suite("addressToBytes and bytesToAddress", () => {
  for (const [text, hex, canonical] of addresses) {
    test(`addressToBytes ${text} gives ${hex}`, () => {
      assert.equal(Buffer.from(addressToBytes(text)).toString("hex"), hex);
    });
    test(`bytesToAddress ${hex} gives ${canonical ?? text}`, () => {
      assert.equal(bytesToAddress(Buffer.from(hex, "hex")), canonical ?? text);
    });
  }

  const rejected = [
    ..."|1.2.3|1.2.3.4.5|1.2.3.256|01.2.3.4|1.2.3.4 |1.2..3|localhost|0x1.2.3.4".split("|"),
    ...":|:::|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1:2:3:4:5:6:7:8::|::1:2:3:4:5:6:7:8|1::2::3|12345::|g::".split(
      "|",
    ),
    ...":1::|1::2:|::1%eth0|fe80::1%1|::1.2.3|::1.2.3.4:5|1:2:3:4:5:6:7:1.2.3.4|::1 |1.2.3.4::|::1:2:3:4:5:6:7:1.2.3.4".split(
      "|",
    ),
  ];
  for (const text of rejected) {
    test(`addressToBytes "${text}" throws BAD_ADDRESS`, () =>
      assert.throws(() => addressToBytes(text), { name: "WireError", code: "BAD_ADDRESS" }));
  }

  for (const length of [0, 3, 5, 15, 17]) {
    test(`bytesToAddress of ${length} octets throws BAD_ADDRESS`, () =>
      assert.throws(() => bytesToAddress(new Uint8Array(length)), {
        name: "WireError",
        code: "BAD_ADDRESS",
      }));
  }
});

const ip6Name = "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.";

suite("reverse names", () => {
  test("reverseName of an IPv4 address has its octets backwards", () =>
    assert.equal(formatName(reverseName("10.96.0.7")), "7.0.96.10.in-addr.arpa."));
  test("reverseName of an IPv6 address has its nibbles backwards", () =>
    assert.equal(formatName(reverseName("fd00:10:96::a")), ip6Name));
  test("reverseName of no address throws BAD_ADDRESS", () =>
    assert.throws(() => reverseName("web"), { name: "WireError", code: "BAD_ADDRESS" }));

  const names: readonly (readonly [name: string, address: string | undefined])[] = [
    ["7.0.96.10.in-addr.arpa", "10.96.0.7"],
    ["7.0.96.10.IN-ADDR.Arpa", "10.96.0.7"],
    [ip6Name, "fd00:10:96::a"],
    [ip6Name.toUpperCase(), "fd00:10:96::a"],
    ["0.96.10.in-addr.arpa", undefined],
    ["1.7.0.96.10.in-addr.arpa", undefined],
    ["07.0.96.10.in-addr.arpa", undefined],
    ["256.0.96.10.in-addr.arpa", undefined],
    ["x.0.96.10.in-addr.arpa", undefined],
    ["1\\.2.3.4.5.in-addr.arpa", undefined],
    ["7.0.96.10.in-addr.example", undefined],
    ["in-addr.arpa", undefined],
    [".", undefined],
    [ip6Name.slice(2), undefined],
    [`0.${ip6Name}`, undefined],
    [`g${ip6Name.slice(1)}`, undefined],
    [`00${ip6Name.slice(1)}`, undefined],
    ["7.0.96.10.ip6.arpa", undefined],
  ];
  for (const [name, address] of names) {
    test(`addressOfReverseName ${name} gives ${address}`, () =>
      assert.equal(addressOfReverseName(parseName(name)), address));
  }
});
