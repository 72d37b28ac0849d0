import assert from "node:assert/strict";
import { test } from "node:test";
import { announcementOf } from "../../../src/proxy/load-balancer/neighbour-frames.ts";

const hardware = Buffer.from("02005e100001", "hex");

function hex(...parts: readonly string[]): string {
  return parts.join("").replaceAll(" ", "");
}

test("announcementOf an IPv4 address is an ARP Announcement (RFC 5227 §3)", () => {
  const frame = announcementOf("192.0.2.200", "IPv4", hardware);
  const expected = hex(
    "ff ff ff ff ff ff  02 00 5e 10 00 01  08 06",
    "00 01 08 00 06 04  00 01",
    "02 00 5e 10 00 01  c0 00 02 c8",
    "00 00 00 00 00 00  c0 00 02 c8",
  );
  assert.equal(Buffer.from(frame).toString("hex"), expected);
});

test("announcementOf an IPv6 address is an unsolicited advertisement that overrides (RFC 4861 §7.2.6)", () => {
  const frame = announcementOf("fd01::200", "IPv6", hardware);
  const address = "fd 01 00 00 00 00 00 00 00 00 00 00 00 00 02 00";
  const allNodes = "ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 01";
  const expected = hex(
    "33 33 00 00 00 01  02 00 5e 10 00 01  86 dd",
    "60 00 00 00 00 20 3a ff",
    address,
    allNodes,
    "88 00 CHECKSUM 20 00 00 00",
    address,
    "02 01  02 00 5e 10 00 01",
  );
  const text = Buffer.from(frame).toString("hex");
  const at = 2 * (14 + 40 + 2);
  assert.equal(`${text.slice(0, at)}CHECKSUM${text.slice(at + 4)}`, expected);
  assert.equal(onesComplementSum(frame.subarray(14)), 0xffff);
});

/** Of an ICMPv6 packet: with its checksum in it, all ones (RFC 1071 §1). */
function onesComplementSum(packet: Uint8Array): number {
  const message = packet.subarray(40);
  const pseudoHeader = [...packet.subarray(8, 40), 0, 0, 0, message.length, 0, 0, 0, 58];
  const octets = Buffer.from([...pseudoHeader, ...message]);
  let sum = 0;
  for (let index = 0; index < octets.length; index += 2) sum += octets.readUInt16BE(index);
  return (sum & 0xffff) + (sum >>> 16);
}
