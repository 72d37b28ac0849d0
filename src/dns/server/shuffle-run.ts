/**
 * Addresses in random order, in the octets of a reply: draws and order are those of `Reply.shuffled`, so that the same
 * random numbers give the same octets.
 */

import { dataLengthOffset, dataOffset, type MessageLayout, uint16At } from "../wire/message-layout.ts";
import { addressSets } from "../wire/patch-message.ts";
import { typeCodes } from "../wire/record.ts";

/** Pieces of the same size at equal distances, which change places with each other. */
export interface ShuffleRun {
  /** From the reply's start. */
  readonly start: number;
  readonly count: number;
  readonly strideBytes: number;
  /** Of each piece: a record as a whole, or its data. */
  readonly sizeBytes: number;
}

/** Fisher–Yates in each run, one after the other. `random` gives numbers in [0, 1). */
export function shuffleRuns(
  octets: Uint8Array,
  start: number,
  runs: readonly ShuffleRun[],
  random: () => number,
): void {
  for (let index = 0; index < runs.length; index++) {
    const run = runs[index] as ShuffleRun;
    const { strideBytes, sizeBytes } = run;
    const first = start + run.start;
    for (let last = run.count - 1; last > 0; last--) {
      const chosen = Math.floor(random() * (last + 1));
      if (chosen === last) continue;
      let a = first + last * strideBytes;
      let b = first + chosen * strideBytes;
      for (const end = a + sizeBytes; a < end; a++, b++) {
        const moved = octets[a] as number;
        octets[a] = octets[b] as number;
        octets[b] = moved;
      }
    }
  }
}

/**
 * What changes places in a reply whose `shuffles` is given. Undefined where that cannot be done by exchanging octets:
 * addresses are not at equal distances, or names would have to be compressed anew.
 */
export function shuffleRunsOf(
  octets: Uint8Array,
  layout: MessageLayout,
  shuffles: "records" | "data",
): readonly ShuffleRun[] | undefined {
  return shuffles === "data" ? runsOfData(octets, layout) : runsOfRecords(octets, layout);
}

const addressTypes: readonly number[] = [typeCodes.A, typeCodes.AAAA];
/** An owner that is one pointer, as nearly every record has it. */
const pointerBytes = 2;

/** All records of a type in a section. */
function runsOfRecords(octets: Uint8Array, layout: MessageLayout): readonly ShuffleRun[] | undefined {
  const { answersEnd, authoritiesEnd, typesAt } = layout;
  const runs: ShuffleRun[] = [];
  for (const [from, to] of [
    [0, answersEnd],
    [authoritiesEnd, typesAt.length],
  ] as const) {
    const section = typesAt.slice(from, to);
    if (hasAliasBehindAddress(octets, section)) return undefined;
    for (const type of addressTypes) {
      const places = section.filter(typeAt => uint16At(octets, typeAt) === type);
      if (places.length < 2) continue;
      const run = runOfRecords(octets, layout, places);
      if (run === undefined) return undefined;
      runs.push(run);
    }
  }
  return runs;
}

/** `shuffled` puts aliases first. */
function hasAliasBehindAddress(octets: Uint8Array, places: readonly number[]): boolean {
  const types = places.map(typeAt => uint16At(octets, typeAt));
  const firstAddress = types.findIndex(type => addressTypes.includes(type));
  return firstAddress !== -1 && types.includes(typeCodes.CNAME, firstAddress);
}

function runOfRecords(
  octets: Uint8Array,
  layout: MessageLayout,
  places: readonly number[],
): ShuffleRun | undefined {
  const [first = 0] = places;
  const head = (typeAt: number) => octets.subarray(typeAt - pointerBytes, typeAt + dataOffset);
  const starts = recordStarts(octets, layout);
  if (places.some(typeAt => !starts.has(typeAt - pointerBytes))) return undefined;
  if (places.every(typeAt => Buffer.compare(head(typeAt), head(first)) === 0))
    return runOfData(octets, places);
  // Owners have no letters of their own, so nothing points into these records, and they point to what is before them.
  const ofData = runOfData(octets, places);
  if (ofData === undefined) return undefined;
  const headBytes = pointerBytes + dataOffset;
  return { ...ofData, start: ofData.start - headBytes, sizeBytes: ofData.sizeBytes + headBytes };
}

function recordStarts(octets: Uint8Array, { questionEnd, typesAt }: MessageLayout): ReadonlySet<number> {
  return new Set([questionEnd, ...typesAt.map(typeAt => endOfRecord(octets, typeAt))]);
}

function endOfRecord(octets: Uint8Array, typeAt: number): number {
  return typeAt + dataOffset + uint16At(octets, typeAt + dataLengthOffset);
}

/** Records that stand next to each other and are alike but for their data. */
function runsOfData(octets: Uint8Array, layout: MessageLayout): readonly ShuffleRun[] | undefined {
  const runs: ShuffleRun[] = [];
  for (const [first, end] of addressSets(octets, layout)) {
    const run = runOfData(octets, layout.typesAt.slice(first, end));
    if (run === undefined) return undefined;
    runs.push(run);
  }
  return runs;
}

/** Two places at least; undefined when the distances between them are not the same. */
function runOfData(octets: Uint8Array, places: readonly number[]): ShuffleRun | undefined {
  const [first = 0, second = 0] = places;
  const strideBytes = second - first;
  if (places.some((typeAt, index) => typeAt !== first + index * strideBytes)) return undefined;
  const sizeBytes = uint16At(octets, first + dataLengthOffset);
  return { start: first + dataOffset, count: places.length, strideBytes, sizeBytes };
}
