/** What Corefile word `loadbalance` does to a section by default: addresses in an order of their own in every reply. */

import type { ResourceRecord } from "../wire/record.ts";

/** Below this many records there is nothing to reorder. */
const least = 2;

/**
 * The same records with every A among the As and every AAAA among the AAAAs in random order, each order equally likely
 * (Fisher–Yates): a rotation would send a failed address's share to its neighbour. `random` gives numbers in [0, 1).
 * Aliases come before addresses; other records keep their places. The same array when nothing changes.
 *
 * CoreDNS shuffles MX records too; who sends mail does that for records of equal preference (RFC 5321 §5.1).
 */
export function shuffleAddresses(
  records: readonly ResourceRecord[],
  random: () => number,
): readonly ResourceRecord[] {
  if (records.length < least) return records;
  return shuffleType(shuffleType(aliasesFirst(records), "A", random), "AAAA", random);
}

/**
 * CNAME records in front if one of them follows an address: glibc and others stop reading at the first address. The
 * same array when none does.
 */
export function aliasesFirst(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const lastAlias = records.findLastIndex(isAlias);
  if (lastAlias <= 0 || !records.slice(0, lastAlias).some(isAddress)) return records;
  return [...records.filter(isAlias), ...records.filter(record => !isAlias(record))];
}

/** The same records, with the addresses in the order that `sort` gives them among their places. */
export function sortAddresses(
  records: readonly ResourceRecord[],
  sort: (addresses: readonly ResourceRecord[]) => readonly ResourceRecord[],
): readonly ResourceRecord[] {
  const sorted = sort(records.filter(isAddress)).values();
  return records.map(record => (isAddress(record) ? (sorted.next().value ?? record) : record));
}

function isAlias({ data }: ResourceRecord): boolean {
  return data.type === "CNAME";
}

function isAddress({ data }: ResourceRecord): boolean {
  return data.type === "A" || data.type === "AAAA";
}

function shuffleType(
  records: readonly ResourceRecord[],
  type: "A" | "AAAA",
  random: () => number,
): readonly ResourceRecord[] {
  const places: number[] = [];
  for (const [place, { data }] of records.entries()) if (data.type === type) places.push(place);
  if (places.length < least) return records;
  const shuffled = [...records];
  for (let last = places.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1));
    const [to, from] = [places[last], places[chosen]] as [number, number];
    [shuffled[to], shuffled[from]] = [shuffled[from], shuffled[to]] as [ResourceRecord, ResourceRecord];
  }
  return shuffled;
}
