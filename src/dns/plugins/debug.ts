/** Corefile word `debug`: lines of level DEBUG are printed too. */

import { definePlugin } from "./plugin.ts";

export const debug = definePlugin<true>({
  name: "debug",

  read(stanzas, reading) {
    for (const stanza of stanzas) {
      reading.hasArguments(stanza, 0);
      reading.hasNoBlock(stanza);
    }
    return true;
  },

  explain: () => ["Prints debugging lines. Faults in handling a query are still answered SERVFAIL."],
});
