/** Networks in CIDR notation, and whether an address is in one. */

import { BlockList, isIP, isIPv4 } from "node:net";
import { addressToBytes, bytesToAddress } from "../wire/address.ts";

export interface Network {
  readonly address: string;
  readonly prefixLength: number;
}

/**
 * `10.0.0.0/8` or `fd00::/8`; undefined for anything else. Bits behind the prefix do not matter. IPv4 written as IPv6,
 * `::ffff:10.0.0.0/104`, is IPv4.
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", prefix = "", ...surplus] = text.split("/");
  const version = address.includes("%") ? 0 : isIP(address);
  if (version === 0 || surplus.length > 0 || !/^\d{1,3}$/.test(prefix)) return undefined;
  const prefixLength = Number(prefix);
  if (prefixLength > (version === 4 ? 32 : 128)) return undefined;
  const plain = plainAddress(address);
  if (version === 4 || !isIPv4(plain)) return { address: plain, prefixLength };
  return prefixLength < mappedPrefixLength
    ? { address, prefixLength }
    : { address: plain, prefixLength: prefixLength - mappedPrefixLength };
}

/** RFC 4291 §2.5.5.2: `::ffff:0:0/96` holds the IPv4 addresses. */
const mappedPrefixLength = 96;

/** Canonical text without a zone (`%eth0`); IPv4 in IPv6 is IPv4. Throws WireError BAD_ADDRESS. */
export function plainAddress(address: string): string {
  const canonical = bytesToAddress(addressToBytes(address.replace(/%.*$/s, "")));
  return canonical.includes(".") ? canonical.replace(/^::ffff:/, "") : canonical;
}

/** Whether an address, as sockets or records tell it, is in one of the networks. */
export function matcherOf(networks: readonly Network[]): (address: string) => boolean {
  // One list for each family: in a list of both, ::/0 would hold all of IPv4 as well.
  const [lists4, lists6] = [new BlockList(), new BlockList()];
  for (const { address, prefixLength } of networks) {
    if (isIPv4(address)) lists4.addSubnet(address, prefixLength, "ipv4");
    else lists6.addSubnet(address, prefixLength, "ipv6");
  }
  return address => {
    const plain = isIPv4(address) ? address : plainAddress(address);
    return isIPv4(plain) ? lists4.check(plain, "ipv4") : lists6.check(plain, "ipv6");
  };
}
