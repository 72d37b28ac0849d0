/** Networks in CIDR notation, read as tolerantly as addresses are. */

import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import { addressToBytes, bytesToAddress } from "../../dns/wire/address.ts";
import { canonicalAddress } from "./canonical-address.ts";

export interface Network {
  readonly family: IPFamily;
  /** The first address as a number. */
  readonly first: bigint;
  readonly prefixLength: number;
}

const bitsOf: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 };

/** `10.0.0.0/8` or `fd00::/8`; bits behind the prefix do not matter. Undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [, host = "", prefix = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = host.includes(":") ? "IPv6" : "IPv4";
  const address = canonicalAddress(host, family);
  const prefixLength = Number(prefix);
  if (address === undefined || prefixLength > bitsOf[family]) return undefined;
  return networkOf(address, family, prefixLength);
}

/** The network of one address, in canonical spelling. */
export function singleAddress(address: string, family: IPFamily): Network {
  return networkOf(address, family, bitsOf[family]);
}

export function formatNetwork({ family, first, prefixLength }: Network): string {
  const digits = first.toString(16).padStart(bitsOf[family] / 4, "0");
  return `${bytesToAddress(Buffer.from(digits, "hex"))}/${prefixLength}`;
}

/** Whether `outer` holds all of `inner`. */
export function holds(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.prefixLength > inner.prefixLength) return false;
  const hostBits = BigInt(bitsOf[outer.family] - outer.prefixLength);
  return outer.first >> hostBits === inner.first >> hostBits;
}

/** Whether an address is in one of the networks, which are given in CIDR notation. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const family = familyOf(address);
  if (family === undefined) return false;
  const single = singleAddress(address, family);
  return networks.some(text => {
    const network = parseNetwork(text);
    return network !== undefined && holds(network, single);
  });
}

/** The same addresses without a network that lies in another, in ascending order. All are of one family. */
export function withoutNested(networks: readonly Network[]): readonly Network[] {
  const outermost: Network[] = [];
  for (const network of networks.toSorted(byFirstThenSize)) {
    const last = outermost.at(-1);
    if (last === undefined || !holds(last, network)) outermost.push(network);
  }
  return outermost;
}

/** Of two that begin at the same address the larger comes first. */
function byFirstThenSize(a: Network, b: Network): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.prefixLength - b.prefixLength;
}

function networkOf(address: string, family: IPFamily, prefixLength: number): Network {
  const hostBits = BigInt(bitsOf[family] - prefixLength);
  const number = BigInt(`0x${Buffer.from(addressToBytes(address)).toString("hex")}`);
  return { family, first: (number >> hostBits) << hostBits, prefixLength };
}
