import { setFlagsFromString } from "node:v8";

/** Where V8 has three thousand. More, times the octets of a large function, would be no number of 32 bits. */
const callsForTurboFan = 100_000;

/**
 * Leaves V8's last compiler, TurboFan, to what runs for long. Ten thousand Services with their endpoints are read by what
 * runs ten thousand times and more: compiling that takes as much time, on other threads, as half of the reading, and the
 * code is ready when all is read. Under load it is a matter of seconds.
 */
export function startQuickly(): void {
  setFlagsFromString(`--invocation-count-for-turbofan=${callsForTurboFan}`);
}
