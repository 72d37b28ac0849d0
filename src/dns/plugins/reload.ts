/** Corefile word `reload`: look at the Corefile now and then, and use it when it has changed. */

import { definePlugin } from "./plugin.ts";

export interface ReloadConfig {
  readonly intervalMs: number;
  /** The interval is made longer or shorter once, by at most half of this. */
  readonly jitterMs: number;
}

const leastIntervalMs = 2_000;
const leastJitterMs = 1_000;

export const reload = definePlugin<ReloadConfig>({
  name: "reload",

  read(stanzas, reading) {
    const stanza = reading.first(stanzas);
    reading.hasNoOptions(stanza);
    if (!reading.hasArguments(stanza, 0, 2)) return undefined;
    const [interval, jitter] = stanza.args;
    const intervalMs = interval === undefined ? 30_000 : reading.durationMs(interval, leastIntervalMs);
    const jitterMs = jitter === undefined ? 15_000 : reading.durationMs(jitter, leastJitterMs);
    if (intervalMs === undefined || jitterMs === undefined) return undefined;
    return { intervalMs, jitterMs: Math.min(jitterMs, intervalMs / 2) };
  },

  explain: ({ intervalMs }) => [
    `Reads the Corefile again about every ${intervalMs / 1_000} s; one with mistakes changes nothing.`,
  ],
});
