/** Corefile word `root`: the folder that relative file names of the block start from. */

import { definePlugin } from "./plugin.ts";

export interface RootConfig {
  readonly directory: string;
}

export const root = definePlugin<RootConfig>({
  name: "root",

  read(stanzas, reading) {
    for (const stanza of stanzas) {
      reading.hasArguments(stanza, 1);
      reading.hasNoBlock(stanza);
    }
    const directory = stanzas.at(-1)?.args[0]?.text;
    return directory === undefined ? undefined : { directory };
  },

  explain: ({ directory }) => [`Relative file names start from ${directory}.`],
});
