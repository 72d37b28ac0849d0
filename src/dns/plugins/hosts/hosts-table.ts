/** The entries of a hosts file (hosts(5)), both ways: names to addresses and addresses to names. */

import { isIP } from "node:net";
import type { Name } from "../../wire/name.ts";
import { formatName, isSubdomain, lowerName, parseName } from "../../wire/name.ts";
import { WireError } from "../../wire/wire-error.ts";
import { plainAddress } from "../network.ts";

export interface HostsTable {
  /** By name in lower case, fully qualified; `*.example.org.` stands for names with one label more. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** By canonical address; without wildcards. */
  readonly names: ReadonlyMap<string, readonly Name[]>;
  /** Pairs of name and address, those for the way back included. */
  readonly entryCount: number;
}

export interface HostsOptions {
  /** Names outside of these are left out. */
  readonly zones: readonly Name[];
  /** Addresses lead back to names. */
  readonly hasReverse: boolean;
}

export const emptyHosts: HostsTable = { addresses: new Map(), names: new Map(), entryCount: 0 };

/**
 * Reads `ADDRESS NAME…` lines; `#` begins a comment, an IPv6 zone (`%eth0`) is dropped. Lines and names that make no
 * sense are left out: one of them in a long list must not cost the others.
 */
export function parseHosts(text: string, { zones, hasReverse }: HostsOptions): HostsTable {
  const addresses = new Map<string, string[]>();
  const names = new Map<string, Name[]>();
  let entryCount = 0;
  for (const line of text.split("\n")) {
    const { address, names: namesOfLine } = parseEntry(line) ?? noEntry;
    for (const name of namesOfLine) {
      if (!zones.some(zone => isSubdomain(name, zone))) continue;
      valuesOf(addresses, formatName(name)).push(address);
      entryCount += 1;
      if (!hasReverse || name[0] === wildcard) continue;
      valuesOf(names, address).push(name);
      entryCount += 1;
    }
  }
  return { addresses, names, entryCount };
}

export interface HostsEntry {
  readonly address: string;
  /** Lower case. */
  readonly names: readonly Name[];
}

const noEntry: HostsEntry = { address: "", names: [] };

/** One line; undefined when it holds no entry. */
export function parseEntry(line: string): HostsEntry | undefined {
  const [address = "", ...names] = line.replace(/#.*/s, "").trim().split(/\s+/);
  if (isIP(address) === 0) return undefined;
  return { address: plainAddress(address), names: names.flatMap(parseHostName) };
}

/** Addresses of both families; a wildcard counts only where no entry has the name itself (RFC 4592 §2.2.1). */
export function addressesOf(tables: readonly HostsTable[], name: Name): readonly string[] {
  const exact = unionOf(tables, formatName(name));
  if (exact.length > 0 || name.length === 0) return exact;
  return unionOf(tables, formatName([wildcard, ...name.slice(1)]));
}

/** No more names than a reply can hold: in lists of what to block one address has hundreds of thousands. */
export function namesOf(tables: readonly HostsTable[], address: string): readonly Name[] {
  const names = tables.flatMap(table => table.names.get(address)?.slice(0, maxPointers) ?? []);
  if (names.length < 2) return names;
  return [...new Map(names.map(name => [formatName(name), name])).values()];
}

/** A message of 65535 octets has no room for more PTR records: 12 octets each, and a name of 2 at least. */
const maxPointers = 65535 / (12 + 2);

const wildcard = "*";

function unionOf(tables: readonly HostsTable[], key: string): readonly string[] {
  const found = tables.flatMap(({ addresses }) => addresses.get(key) ?? []);
  // RFC 2181 §5: a set of records holds none twice.
  return found.length < 2 ? found : [...new Set(found)];
}

function parseHostName(text: string): readonly Name[] {
  try {
    return [lowerName(parseName(text))];
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}

function valuesOf<Value>(map: Map<string, Value[]>, key: string): Value[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const values: Value[] = [];
  map.set(key, values);
  return values;
}
