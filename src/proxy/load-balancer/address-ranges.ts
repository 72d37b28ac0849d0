/** The addresses that may be given to Services: `192.0.2.128/25,fd00:1b::/112,198.51.100.10-198.51.100.19`. */

import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import { canonicalAddress } from "../plan/canonical-address.ts";
import type { Network } from "../plan/network.ts";
import { formatNetwork, parseNetwork, singleAddress } from "../plan/network.ts";

/** What `--load-balancer-pool` says: addresses of their own for Services, or those of the nodes. */
export type LoadBalancerPoolSetting = AddressRanges | "node";

/** The text is no pool. */
export class PoolSyntaxError extends Error {
  override readonly name = "PoolSyntaxError";
  readonly what: string;
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(`${what}: ${remedy}`);
    this.what = what;
    this.remedy = remedy;
  }
}

/** `node`, or networks and ranges `first-last`, separated by commas. Throws PoolSyntaxError. */
export function parsePool(text: string): LoadBalancerPoolSetting {
  if (text.trim() === "node") return "node";
  const entries = text.split(",").map(entry => entry.trim());
  return new AddressRanges(text, entries.map(parseEntry));
}

interface Range {
  readonly family: IPFamily;
  readonly first: bigint;
  /** Belongs to the range. */
  readonly last: bigint;
}

const bitsOf: Readonly<Record<IPFamily, bigint>> = { IPv4: 32n, IPv6: 128n };

export class AddressRanges {
  readonly #text: string;
  readonly #ranges: Readonly<Record<IPFamily, readonly Range[]>>;

  /** `text` is how users know it. */
  constructor(text: string, ranges: readonly Range[]) {
    this.#text = text;
    this.#ranges = { IPv4: merged(ranges, "IPv4"), IPv6: merged(ranges, "IPv6") };
  }

  toString(): string {
    return this.#text;
  }

  hasFamily(family: IPFamily): boolean {
    return this.#ranges[family].length > 0;
  }

  /** The address in any spelling; false for what is no address. */
  holds(address: string): boolean {
    const family = familyOf(address);
    if (family === undefined) return false;
    const number = addressNumber(address, family);
    return this.#ranges[family].some(({ first, last }) => first <= number && number <= last);
  }

  /** All of them as networks, as few as can be. */
  networks(): readonly string[] {
    return [...this.#ranges.IPv4, ...this.#ranges.IPv6].flatMap(networksOfRange);
  }

  /** How many addresses of a family there are. */
  size(family: IPFamily): bigint {
    return this.#ranges[family].reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  }

  /** `slot` counts from 0 to `size - 1`, in ascending order of the addresses. */
  at(family: IPFamily, slot: bigint): string {
    let rest = slot;
    for (const { first, last } of this.#ranges[family]) {
      const size = last - first + 1n;
      if (rest < size) return addressOf(first + rest, family);
      rest -= size;
    }
    throw new RangeError(`the pool has no ${family} address number ${slot}`);
  }
}

const remedy =
  'name networks or ranges that nothing else uses, such as "192.0.2.128/25,fd00:1b::/112" or "192.0.2.200-192.0.2.220", or "node"';

function parseEntry(text: string): Range {
  const [, firstText, lastText] = /^([^-\s]+)\s*-\s*([^-\s]+)$/.exec(text) ?? [];
  const range =
    firstText === undefined || lastText === undefined
      ? rangeOfNetwork(text)
      : rangeBetween(firstText, lastText);
  if (range === undefined) {
    throw new PoolSyntaxError(`"${text}" is neither a network nor a range of addresses`, remedy);
  }
  const special = specialNetworks.find(([network]) => overlaps(range, network));
  if (special !== undefined) throw new PoolSyntaxError(`"${text}" holds ${special[1]} addresses`, remedy);
  return range;
}

/** Without the network's own address and the broadcast address, where there are such (IPv4, RFC 3021). */
function rangeOfNetwork(text: string): Range | undefined {
  const network = parseNetwork(text);
  if (network === undefined) return undefined;
  const { family, first, last } = boundsOf(network);
  const hasBoth = family === "IPv4" && network.prefixLength < 31;
  // RFC 4291 §2.6.1: the first address of an IPv6 subnet is the anycast address of its routers.
  const isSubnet = family === "IPv6" && network.prefixLength < 127;
  return { family, first: hasBoth || isSubnet ? first + 1n : first, last: hasBoth ? last - 1n : last };
}

function rangeBetween(firstText: string, lastText: string): Range | undefined {
  const family = firstText.includes(":") ? "IPv6" : "IPv4";
  const [firstAddress, lastAddress] = [firstText, lastText].map(text => canonicalAddress(text, family));
  if (firstAddress === undefined || lastAddress === undefined) return undefined;
  const [first, last] = [addressNumber(firstAddress, family), addressNumber(lastAddress, family)];
  return first <= last ? { family, first, last } : undefined;
}

/** Addresses that no host on a link can be reached at by others. */
const specialNetworks = [
  ["0.0.0.0/8", "unspecified"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["224.0.0.0/3", "multicast or reserved"],
  ["::/127", "unspecified or loopback"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
].map(([text = "", what]) => [boundsOf(parseNetwork(text) as Network), what] as const);

function boundsOf({ family, first, prefixLength }: Network): Range {
  return { family, first, last: first + (1n << (bitsOf[family] - BigInt(prefixLength))) - 1n };
}

function networksOfRange({ family, first, last }: Range): readonly string[] {
  const networks: string[] = [];
  for (let start = first; start <= last; ) {
    let hostBits = 0n;
    while (start % (2n << hostBits) === 0n && start + (2n << hostBits) - 1n <= last) hostBits++;
    networks.push(formatNetwork({ family, first: start, prefixLength: Number(bitsOf[family] - hostBits) }));
    start += 1n << hostBits;
  }
  return networks;
}

function overlaps(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** Of one family, in ascending order, no address twice. */
function merged(ranges: readonly Range[], family: IPFamily): readonly Range[] {
  const sorted = ranges
    .filter(range => range.family === family)
    .toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const apart: Range[] = [];
  for (const range of sorted) {
    const before = apart.at(-1);
    if (before === undefined || range.first > before.last + 1n) apart.push(range);
    else if (range.last > before.last) apart[apart.length - 1] = { ...before, last: range.last };
  }
  return apart;
}

/** An address in any spelling as a number. */
export function addressNumber(address: string, family: IPFamily): bigint {
  return singleAddress(address, family).first;
}

function addressOf(number: bigint, family: IPFamily): string {
  const [address = ""] = formatNetwork({ family, first: number, prefixLength: Number(bitsOf[family]) }).split(
    "/",
  );
  return address;
}
