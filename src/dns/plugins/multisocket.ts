/** Corefile word `multisocket`: several sockets on one port; here each is read by a process of its own. */

import type { Place } from "../corefile/syntax.ts";
import { definePlugin } from "./plugin.ts";

export interface MultisocketConfig {
  /** Undefined: one for each processor. */
  readonly count: number | undefined;
  readonly at: Place;
}

export const multisocket = definePlugin<MultisocketConfig>({
  name: "multisocket",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [{ name, args }] = stanzas;
    const [count] = args;
    reading.hasArguments(stanzas[0], 0, 1);
    reading.hasNoBlock(stanzas[0]);
    if (count === undefined) return { count: undefined, at: name.at };
    const value = reading.integer(count, 1, 1024);
    return value === undefined ? undefined : { count: value, at: name.at };
  },

  explain: ({ count }) => [
    `All server blocks are answered by ${
      count === undefined
        ? "one process for each processor"
        : count === 1
          ? "one process"
          : `${count} processes`
    }, which share the ports.`,
  ],
});
