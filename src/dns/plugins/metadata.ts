/** Corefile word `metadata`: what plugins know of a query, for those who log it, rewrite it or answer from it. */

import type { Name } from "../wire/name.ts";
import { formatName, isSubdomain } from "../wire/name.ts";
import type { Layer } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";
import type { Metadata } from "./query.ts";

export interface MetadataConfig {
  readonly zones: readonly Name[];
}

export const metadata = definePlugin<MetadataConfig>({
  name: "metadata",

  read(stanzas, reading, block) {
    reading.isOnce(stanzas);
    reading.hasNoOptions(stanzas[0]);
    const ownZones = block.keys.map(({ zone }) => zone);
    return { zones: reading.zonesOr(stanzas[0].args, ownZones) };
  },

  explain: ({ zones }) => [
    `Lets plugins note what they know of queries for names in ${zones.map(formatName).join(", ")}, for log, rewrite and template.`,
  ],

  start: ({ zones }) => collect(zones),
});

function collect(zones: readonly Name[]): Layer {
  let tellers: readonly Required<Pick<Layer, "describe">>[] = [];
  return {
    connect({ members }) {
      tellers = members.map(({ layer }) => layer).filter(layer => tells(layer));
    },
    handle(query, next) {
      // The server makes it with the query, since the log reads it when the reply is on its way.
      const known: Metadata = query.metadata ?? new Map();
      const described = known === query.metadata ? query : { ...query, metadata: known };
      // About names outside of the zones plugins are not asked; they may note what they find out by themselves.
      if (zones.some(zone => isSubdomain(query.name, zone))) {
        for (const teller of tellers) teller.describe(described, known);
      }
      return next(described);
    },
  };
}

function tells(layer: Layer): layer is Layer & Required<Pick<Layer, "describe">> {
  return layer.describe !== undefined;
}
