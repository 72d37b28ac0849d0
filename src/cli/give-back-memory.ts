import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects what the first lists have left, and gives the room back to the system: V8 and the C library would keep it for
 * as long as there is memory on the machine. V8's part takes about as long as a millisecond per mebibyte that stays;
 * nothing else runs meanwhile.
 */
export async function giveBackMemory(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: object) => void;
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
  await trimAllocator().catch(() => {});
}

/** glibc's `malloc_trim`; rejects where there is no koffi, or another C library. */
async function trimAllocator(): Promise<void> {
  const koffi = await import("koffi");
  koffi.load(null).func("int malloc_trim(size_t pad)")(0);
}
