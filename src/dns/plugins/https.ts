/** Corefile word `https`: limits of DNS over HTTPS. */

import type { Directive } from "../corefile/syntax.ts";
import { definePlugin } from "./plugin.ts";

export interface HttpsConfig {
  readonly maxConnections: number;
}

/** CoreDNS's. */
export const defaultMaxHttpsConnections = 200;

export const https = definePlugin<HttpsConfig>({
  name: "https",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    reading.hasArguments(stanza, 0);
    let maxConnections = defaultMaxHttpsConnections;
    reading.options(stanza, {
      max_connections(option: Directive) {
        const [word] = option.args;
        if (!reading.hasArguments(option, 1) || word === undefined) return;
        const value = reading.integer(word, 0, 1_000_000) ?? maxConnections;
        // CoreDNS: 0 is no limit.
        maxConnections = value === 0 ? Infinity : value;
      },
    });
    return { maxConnections };
  },

  explain: ({ maxConnections }) => [
    maxConnections === Infinity
      ? "Takes any number of connections for DNS over HTTPS."
      : `Takes at most ${maxConnections} connections for DNS over HTTPS at a time.`,
  ],
});
