/** Socket addresses as the kernel has them, as text and port. */

import { networkInterfaces } from "node:os";
import { readIPv4, readIPv6, writeIPv4, writeIPv6 } from "../../wire/address.ts";
import { address4, address6, linux } from "./linux-layout.ts";

/** `struct sockaddr_in` or `sockaddr_in6`. `address` is an IP address, with an interface (`fe80::1%eth0`) where one is needed. */
export function socketAddress(address: string, port: number): Buffer {
  const isV6 = address.includes(":");
  const octets = Buffer.alloc(isV6 ? address6.sizeBytes : address4.sizeBytes);
  octets.writeUInt16LE(isV6 ? linux.AF_INET6 : linux.AF_INET, 0);
  octets.writeUInt16BE(port, address4.port);
  if (!isV6) writeIPv4(address, octets, address4.host);
  else {
    const [host = "", zone = ""] = address.split("%");
    writeIPv6(host, octets, address6.host);
    octets.writeUInt32LE(scopeOf(zone), address6.scope);
  }
  return octets;
}

/** Of the socket address at `offset`. */
export function hostAt(octets: Buffer, offset: number, family: "IPv4" | "IPv6"): string {
  if (family === "IPv4") return readIPv4(octets, offset + address4.host);
  return address6At(octets, offset + address6.host, octets.readUInt32LE(offset + address6.scope));
}

/** Sixteen octets at `offset`; the interface is named where the address does not say enough (RFC 4007 §11). */
export function address6At(octets: Buffer, offset: number, interfaceNumber: number): string {
  const address = readIPv6(octets, offset);
  const isLinkLocal = (octets.readUInt16BE(offset) & 0xffc0) === 0xfe80;
  return isLinkLocal && interfaceNumber > 0 ? `${address}%${interfaceOf(interfaceNumber)}` : address;
}

export function portAt(octets: Buffer, offset: number): number {
  return octets.readUInt16BE(offset + address4.port);
}

function scopeOf(zone: string): number {
  const addresses = networkInterfaces()[zone] ?? [];
  return addresses.find(({ scopeid = 0 }) => scopeid > 0)?.scopeid ?? Number(zone);
}

function interfaceOf(scope: number): string {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ scopeid }) => scopeid === scope),
  );
  return found?.[0] ?? String(scope);
}
