/** Corefile word `multisocket`: several sockets on one port. One event loop serves all queries here, so one is enough. */

import { definePlugin } from "./plugin.ts";

export const multisocket = definePlugin<true>({
  name: "multisocket",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    const [count] = stanza.args;
    reading.hasArguments(stanza, 0, 1);
    reading.hasNoBlock(stanza);
    if (count !== undefined) reading.integer(count, 1, 1024);
    reading.report(
      "COREFILE_NO_EFFECT",
      stanza.name.at,
      "multisocket has no effect: one process listens with one socket per address",
      "remove it; more replicas use more cores",
    );
    return true;
  },

  explain: () => [],
});
