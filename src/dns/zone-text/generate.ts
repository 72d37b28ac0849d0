/** BIND's `$GENERATE START-STOP[/STEP] TEMPLATE`: the same record many times, with a number in it. */

import { ZoneTextError } from "./zone-text-error.ts";
import type { ZoneEntry, ZoneWord } from "./zone-words.ts";

/** CoreDNS has no limit; a slip of the finger should not fill the memory. */
const maxEntries = 1_000_000;

/**
 * `$` in the template becomes the number, `${OFFSET,WIDTH,BASE}` the same moved, padded with zeros and in base d, o, x
 * or X; `$$` and `\$` are a plain `$`. Throws ZoneTextError.
 */
export function* generateEntries(
  directive: ZoneWord,
  [range, ...template]: readonly ZoneWord[],
): Generator<ZoneEntry> {
  const [first, ...others] = template;
  if (range === undefined || first === undefined) {
    throw new ZoneTextError(
      directive.at,
      "$GENERATE takes a range and a record",
      "write $GENERATE 1-9 host-$ A 10.0.0.$",
    );
  }
  const { start, stop, step } = readRange(range);
  for (let number = start; number <= stop; number += step) {
    yield { words: [fill(first, number), ...others.map(word => fill(word, number))], startsWithBlank: false };
  }
}

function readRange({ text, at }: ZoneWord): { start: number; stop: number; step: number } {
  const [start = 0, stop = 0, step = 1] = (
    /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(text) ?? ["", "1", "0"]
  )
    .slice(1)
    .filter(digits => digits !== undefined)
    .map(Number);
  if (stop < start || step < 1) {
    throw new ZoneTextError(at, `"${text}" is no range`, "write START-STOP or START-STOP/STEP");
  }
  if ((stop - start) / step < maxEntries) return { start, stop, step };
  throw new ZoneTextError(at, `${text} makes over ${maxEntries} records`, "write a smaller range");
}

const place = /\\\$|\\[^$]|\$\$|\$(?:\{([^}]*)\})?/g;

function fill(word: ZoneWord, number: number): ZoneWord {
  const text = word.text.replace(place, (matched: string, modifier?: string) => {
    if (matched === "$$" || matched === "\\$") return "$";
    if (matched.startsWith("\\")) return matched;
    return modifier === undefined ? String(number) : modified(modifier, number, word);
  });
  return { ...word, text };
}

const radixOf: Readonly<Record<string, number>> = { d: 10, o: 8, x: 16, X: 16 };

function modified(modifier: string, number: number, { at }: ZoneWord): string {
  const [, offset = 0, width = 0, base = "d"] = /^(-?\d{1,10})(?:,(\d{1,3}))?(?:,([doxX]))?$/.exec(
    modifier,
  ) ?? [undefined, NaN];
  const value = number + Number(offset);
  const radix = radixOf[base];
  if (Number.isNaN(value) || value < 0 || Number(width) > 255 || radix === undefined) {
    throw new ZoneTextError(
      at,
      `\${${modifier}} is no modifier for ${number}`,
      "write OFFSET,WIDTH,BASE between the braces",
    );
  }
  const digits = value.toString(radix).padStart(Number(width), "0");
  return base === "X" ? digits.toUpperCase() : digits;
}
