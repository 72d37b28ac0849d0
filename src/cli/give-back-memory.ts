import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** mallopt(3). */
const mallocOptions = { mmapThreshold: -3, arenaMax: -8 };
/** What is larger has pages of its own, which go back to the system with it. */
const largeBytes = 128 * 1024;

/**
 * V8 collects when old objects have become so many percent more; where no limit makes it, it lets them double or more,
 * and keeps that. The first lists would take a quarter longer so.
 */
const heapGrowingPercent = 25;

/**
 * Has the C library keep one heap for all threads, and no large blocks: each thread's own would keep what was needed
 * once, for compiling or for the first lists. Called before these. No environment variable can say the same where the
 * program file has capabilities: the C library does not read them then.
 */
export async function saveMemory(): Promise<void> {
  const mallopt = await libraryFunction("int mallopt(int option, int value)");
  mallopt?.(mallocOptions.arenaMax, 1);
  mallopt?.(mallocOptions.mmapThreshold, largeBytes);
}

/**
 * Collects what the first lists have left, and gives the room back to the system: V8 and the C library would keep it for
 * as long as there is memory on the machine. V8's part takes about as long as a millisecond per mebibyte that stays, and
 * three times as long with `last-resort`, which leaves a quarter less; nothing else runs meanwhile. From then on V8
 * collects sooner.
 */
export async function giveBackMemory(flavor: "regular" | "last-resort"): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: object) => void;
  collect({ type: "major", execution: "sync", flavor });
  const trim = await libraryFunction("int malloc_trim(size_t pad)");
  trim?.(0);
}

/** Undefined where there is no koffi, or a C library that has no such function. */
async function libraryFunction(prototype: string): Promise<((...values: number[]) => number) | undefined> {
  try {
    const koffi = await import("koffi");
    return koffi.load(null).func(prototype);
  } catch {
    return undefined;
  }
}
