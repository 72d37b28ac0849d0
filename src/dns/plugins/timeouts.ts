/** Corefile word `timeouts`: how long connections (TCP, TLS, HTTPS) may keep the server waiting. */

import type { Reading } from "../corefile/reading.ts";
import type { Directive } from "../corefile/syntax.ts";
import { definePlugin } from "./plugin.ts";

/** What is not set keeps the server's own value. */
export interface TimeoutsConfig {
  readonly firstQueryMs?: number;
  readonly writeMs?: number;
  readonly idleMs?: number;
  readonly maxQueries?: number;
}

const leastMs = 1_000;
const mostMs = 24 * 3_600_000;

export const timeouts = definePlugin<TimeoutsConfig>({
  name: "timeouts",

  read(stanzas, reading) {
    const config: { -readonly [Key in keyof TimeoutsConfig]: number } = {};
    for (const stanza of stanzas) {
      reading.hasArguments(stanza, 0);
      reading.options(stanza, {
        read: option => set("firstQueryMs", readTime(option, reading)),
        write: option => set("writeMs", readTime(option, reading)),
        idle: option => set("idleMs", readTime(option, reading)),
        maxtcpqueries: option => set("maxQueries", readCount(option, reading)),
      });
      if ((stanza.block ?? []).length === 0) {
        reading.report(
          "COREFILE_ARGUMENTS",
          stanza.name.at,
          "timeouts sets nothing",
          "write read, write or idle in a block",
        );
      }
    }
    return config;

    function set(key: keyof TimeoutsConfig, value: number | undefined): void {
      if (value !== undefined) config[key] = value;
    }
  },

  explain({ firstQueryMs, idleMs, writeMs, maxQueries }) {
    const times = [
      ...(firstQueryMs === undefined ? [] : [`bring no first query within ${firstQueryMs / 1_000} s`]),
      ...(idleMs === undefined ? [] : [`bring no further one within ${idleMs / 1_000} s`]),
      ...(writeMs === undefined ? [] : [`take no answer within ${writeMs / 1_000} s`]),
    ];
    return [
      ...(times.length === 0 ? [] : [`Ends connections that ${times.join(", or ")}.`]),
      ...(maxQueries === undefined
        ? []
        : [`Answers ${maxQueries} queries of a TCP or TLS connection, then ends it.`]),
    ];
  },
});

/** A number without a unit counts seconds. */
function readTime(option: Directive, reading: Reading): number | undefined {
  const [word] = option.args;
  if (!reading.hasArguments(option, 1) || word === undefined) return undefined;
  const text = /^\d+$/.test(word.text) ? `${word.text}s` : word.text;
  return reading.durationMs({ text, at: word.at }, leastMs, mostMs);
}

function readCount(option: Directive, reading: Reading): number | undefined {
  const [word] = option.args;
  if (!reading.hasArguments(option, 1) || word === undefined) return undefined;
  return reading.integer(word, 1, 1_000_000_000);
}
