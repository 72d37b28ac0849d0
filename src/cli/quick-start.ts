import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";

/** A server that is not there must not leave everything else half as fast for ever. */
const longestStartMs = 10_000;

/**
 * Keeps V8's last compiler, TurboFan, out of a start: on other threads it takes as much time as half of the reading of
 * ten thousand Services with their endpoints, which the API server could use, and what it makes is ready when all is read.
 */
export async function withoutTurboFanUntil(
  isStarted: Promise<unknown>,
  longestMs = longestStartMs,
): Promise<void> {
  // Where V8 must not make machine code at all (`--jitless`), it must not be told to.
  if (!("WebAssembly" in globalThis)) return;
  // What Maglev compiles meanwhile has to go on counting its calls: as the last compiler it would not, and stay for ever.
  setFlagsFromString("--force-emit-interrupt-budget-checks");
  setFlagsFromString("--no-turbofan");
  await Promise.race([isStarted, delay(longestMs, undefined, { ref: false })]);
  setFlagsFromString("--turbofan");
}
