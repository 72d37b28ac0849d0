/**
 * Ethernet frames that tell everybody on a link where an address is now: an ARP Announcement (RFC 5227 §3) and an
 * unsolicited Neighbor Advertisement (RFC 4861 §7.2.6).
 */

import type { IPFamily } from "../../cluster/objects.ts";
import { addressNumber } from "./address-ranges.ts";

/** Of an Ethernet interface, six octets. */
export type HardwareAddress = Uint8Array;

const broadcast = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
/** RFC 2464 §7, for all nodes (ff02::1). */
const allNodesHardware = [0x33, 0x33, 0, 0, 0, 1];
const allNodes = Uint8Array.from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/** The frame for an address in any spelling. */
export function announcementOf(address: string, family: IPFamily, hardware: HardwareAddress): Uint8Array {
  return family === "IPv4" ? arpAnnouncement(address, hardware) : neighbourAdvertisement(address, hardware);
}

/** A request, not a reply: the form that all receivers take notice of (RFC 5227 §3). */
function arpAnnouncement(address: string, hardware: HardwareAddress): Uint8Array {
  const octets = octetsOf(address, "IPv4");
  return Uint8Array.from([
    ...[...broadcast, ...hardware, 0x08, 0x06],
    // Ethernet, IPv4, their lengths, request.
    ...[0, 1, 0x08, 0x00, 6, 4, 0, 1],
    ...[...hardware, ...octets],
    ...[0, 0, 0, 0, 0, 0, ...octets],
  ]);
}

function neighbourAdvertisement(address: string, hardware: HardwareAddress): Uint8Array {
  const source = octetsOf(address, "IPv6");
  const overrideFlag = 0x20;
  const message = Uint8Array.from([
    ...[136, 0, 0, 0, overrideFlag, 0, 0, 0],
    ...source,
    // Target link-layer address, in units of eight octets.
    ...[2, 1, ...hardware],
  ]);
  const checksum = checksumOf(source, allNodes, message);
  message[2] = checksum >>> 8;
  message[3] = checksum & 0xff;
  return Uint8Array.from([
    ...[...allNodesHardware, ...hardware, 0x86, 0xdd],
    // Version 6, length, ICMPv6, and the hop limit that shows that no router was passed (RFC 4861 §7.1.2).
    ...[0x60, 0, 0, 0, 0, message.length, 58, 255],
    ...[...source, ...allNodes, ...message],
  ]);
}

/** RFC 4443 §2.3: over a pseudo-header and the message with a checksum of zero. */
function checksumOf(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  const octets = [...source, ...destination, 0, 0, 0, message.length, 0, 0, 0, 58, ...message];
  let sum = 0;
  for (let index = 0; index < octets.length; index += 2) {
    sum += ((octets[index] ?? 0) << 8) | (octets[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function octetsOf(address: string, family: IPFamily): Uint8Array {
  const digits = addressNumber(address, family).toString(16);
  return Uint8Array.from(Buffer.from(digits.padStart(family === "IPv4" ? 8 : 32, "0"), "hex"));
}
