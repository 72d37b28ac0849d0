/** Orders of addresses that are not all alike. */

import { formatName, lowerName } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { matcherOf, type Network, plainAddress } from "../network.ts";
import type { Weights } from "./weights.ts";

/** Swaps an address, drawn by weight, to the front; those without a weight have 1. `random` gives numbers in [0, 1). */
export function heaviestFirst(
  records: readonly ResourceRecord[],
  weights: Weights,
  random: () => number,
): readonly ResourceRecord[] {
  const shares = records.map(record => weightOf(record, weights));
  let drawn = random() * shares.reduce((sum, share) => sum + share, 0);
  const chosen = shares.findIndex(share => {
    drawn -= share;
    return drawn < 0;
  });
  const [first, top] = [records[0], records[chosen]];
  return first === undefined || top === undefined ? records : records.with(chosen, first).with(0, top);
}

function weightOf({ name, data }: ResourceRecord, weights: Weights): number {
  const ofName = weights.get(formatName(lowerName(name)));
  if (ofName === undefined || !("address" in data)) return 1;
  return ofName.get(plainAddress(data.address)) ?? 1;
}

/** Sorts addresses by the first network that holds them; those of none come last, and equals keep their order. */
export function preferring(
  networks: readonly Network[],
): (records: readonly ResourceRecord[]) => readonly ResourceRecord[] {
  const matchers = networks.map(network => matcherOf([network]));
  const rank = ({ data }: ResourceRecord) => {
    const found = "address" in data ? matchers.findIndex(matches => matches(data.address)) : -1;
    return found === -1 ? matchers.length : found;
  };
  return records => records.toSorted((a, b) => rank(a) - rank(b));
}
