/** Corefile word `ready`: an HTTP page that says whether the server can answer what it should, and what it waits for. */

import type { Directive } from "../corefile/syntax.ts";
import { readListenAddress } from "./listen-address.ts";
import { definePlugin } from "./plugin.ts";

const monitors = ["until-ready", "continuously"] as const;

export interface ReadyConfig {
  readonly address: string;
  /** until-ready: what was ready once is not asked again. */
  readonly monitor: (typeof monitors)[number];
}

export const ready = definePlugin<ReadyConfig>({
  name: "ready",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    let monitor: ReadyConfig["monitor"] = "until-ready";
    reading.options(stanza, {
      monitor(option: Directive) {
        const [word] = option.args;
        if (!reading.hasArguments(option, 1) || word === undefined) return;
        monitor = reading.choice(word, monitors) ?? monitor;
      },
    });
    const address = readListenAddress(stanza, reading, ":8181");
    return address === undefined ? undefined : { address, monitor };
  },

  explain: ({ address, monitor }) => [
    `Says on http://${address}/ready whether everything is loaded${
      monitor === "continuously" ? ", and whether it still is" : ""
    }.`,
  ],
});
