/** Corefile word `bind`: the addresses and interfaces to listen on. */

import { isIP } from "node:net";
import type { Directive, Word } from "../corefile/syntax.ts";
import { definePlugin } from "./plugin.ts";

export interface BindConfig {
  readonly stanzas: readonly BindStanza[];
}

interface BindStanza {
  /** IP addresses or interface names, at least one. */
  readonly targets: readonly Word[];
  readonly except: readonly Word[];
}

export const bind = definePlugin<BindConfig>({
  name: "bind",

  read(stanzas, reading) {
    return {
      stanzas: stanzas.map(stanza => {
        reading.hasArguments(stanza, 1, Infinity);
        const except: Word[] = [];
        reading.options(stanza, {
          except(option: Directive) {
            if (reading.hasArguments(option, 1, Infinity)) except.push(...option.args);
          },
        });
        return { targets: stanza.args, except };
      }),
    };
  },

  explain: ({ stanzas }) => [
    `Listens only on ${stanzas.flatMap(({ targets }) => targets.map(nameOf)).join(", ")}.`,
  ],
});

function nameOf({ text }: Word): string {
  return isIP(text) === 0 ? `the addresses of interface ${text}` : text;
}
