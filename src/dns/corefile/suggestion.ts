/** "Did you mean …": the known word that a mistyped one is closest to. */

import { distance } from "fastest-levenshtein";

/** Undefined when nothing is close enough to be meant: one slip in short words, two in longer ones. */
export function closest(word: string, known: Iterable<string>): string | undefined {
  const mistyped = word.toLowerCase();
  let best: string | undefined;
  let least = mistyped.length <= 4 ? 2 : 3;
  for (const candidate of known) {
    if (Math.abs(candidate.length - mistyped.length) >= least) continue;
    const slips = distance(mistyped, candidate);
    if (slips >= least) continue;
    best = candidate;
    least = slips;
  }
  return best;
}
