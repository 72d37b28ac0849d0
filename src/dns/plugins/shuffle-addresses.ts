/** Corefile word `loadbalance`, policy round_robin: addresses in an order of their own in every reply. */

import type { ResourceRecord } from "../wire/record.ts";

/** Below this many records there is nothing to reorder. */
const least = 2;

/**
 * The same records with A and AAAA in random order, every order equally likely (Fisher–Yates): a rotation would
 * send a failed address's share to its neighbour. Other records keep their places.
 */
export function shuffleAddresses(
  records: readonly ResourceRecord[],
  random: () => number = Math.random,
): readonly ResourceRecord[] {
  if (records.length < least) return records;
  const shuffled = [...records];
  const places = records.flatMap(({ data }, place) =>
    data.type === "A" || data.type === "AAAA" ? [place] : [],
  );
  for (let last = places.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1));
    const [to, from] = [places[last], places[chosen]] as [number, number];
    [shuffled[to], shuffled[from]] = [shuffled[from], shuffled[to]] as [ResourceRecord, ResourceRecord];
  }
  return shuffled;
}
