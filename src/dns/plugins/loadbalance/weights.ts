/** The text of `loadbalance weighted`'s file: under each name its addresses with their weights. */

import { isIP } from "node:net";
import { formatName, lowerName, parseName } from "../../wire/name.ts";
import { WireError } from "../../wire/wire-error.ts";
import { plainAddress } from "../network.ts";

/** By name (lower case, fully qualified) and canonical address: 1 to 255. */
export type Weights = ReadonlyMap<string, ReadonlyMap<string, number>>;

class WeightFileError extends Error {
  override readonly name = "WeightFileError";
}

/**
 * Reads lines with a name, each followed by `ADDRESS WEIGHT` lines; a line that begins with `#` is a comment. The first
 * weight of an address counts. Throws WeightFileError, which names the line, for anything else.
 */
export function parseWeights(text: string): Weights {
  const weights = new Map<string, Map<string, number>>();
  let ofName: Map<string, number> | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [first = "", weight, ...surplus] = line.trim().split(/\s+/);
    if (first === "" || first.startsWith("#")) continue;
    const at = `line ${index + 1}`;
    if (surplus.length > 0) throw new WeightFileError(`${at}: neither a name nor an address and its weight`);
    if (weight === undefined) {
      const name = nameKey(first, at);
      ofName = weights.get(name) ?? new Map();
      weights.set(name, ofName);
    } else {
      if (ofName === undefined) throw new WeightFileError(`${at}: a name has to come before its addresses`);
      const [address, value] = readWeight(first, weight, at);
      if (!ofName.has(address)) ofName.set(address, value);
    }
  }
  return weights;
}

function readWeight(address: string, weight: string, at: string): [string, number] {
  if (isIP(address) === 0) throw new WeightFileError(`${at}: "${address}" is not an address`);
  const value = /^\d+$/.test(weight) ? Number(weight) : 0;
  if (value >= 1 && value <= 255) return [plainAddress(address), value];
  throw new WeightFileError(`${at}: "${weight}" is not a weight from 1 to 255`);
}

function nameKey(text: string, at: string): string {
  if (isIP(text) !== 0) throw new WeightFileError(`${at}: no weight follows ${text}`);
  try {
    return formatName(lowerName(parseName(text)));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new WeightFileError(`${at}: "${text}" is not a name`);
  }
}
