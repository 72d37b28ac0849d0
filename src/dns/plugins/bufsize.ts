/** Corefile word `bufsize`: no UDP message larger than this, whatever the client says it can take. */

import type { Message } from "../wire/message.ts";
import { encodedFor } from "./encoded-for.ts";
import { andThen } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";
import { withMessage } from "./query.ts";

type BufsizeConfig = { readonly sizeBytes: number };

/** What passes nearly everywhere without fragments: an IPv6 packet of 1280 octets. */
const usualSizeBytes = 1232;

export const bufsize = definePlugin<BufsizeConfig>({
  name: "bufsize",

  read(stanzas, reading) {
    const stanza = reading.first(stanzas);
    reading.hasNoOptions(stanza);
    if (!reading.hasArguments(stanza, 0, 1)) return undefined;
    const [size] = stanza.args;
    const sizeBytes = size === undefined ? usualSizeBytes : reading.integer(size, 512, 4096);
    return sizeBytes === undefined ? undefined : { sizeBytes };
  },

  explain: ({ sizeBytes }) => [
    `Sends no UDP message over ${sizeBytes} bytes, and asks upstreams for none, even where the client's EDNS allows more.`,
  ],

  start: ({ sizeBytes }) => {
    const lowered = (message: Message): Message =>
      message.edns === undefined
        ? message
        : { ...message, edns: { ...message.edns, udpPayloadSizeBytes: sizeBytes } };
    return {
      answersAlike: true,
      handle(query, next) {
        const askedBytes = query.message.edns?.udpPayloadSizeBytes ?? 0;
        if (askedBytes <= sizeBytes) return next(query);
        return andThen(next(withMessage(query, lowered(query.message))), outcome => {
          if (outcome.kind !== "reply") return outcome;
          return encodedFor(outcome, lowered, query.client.protocol === "udp" ? sizeBytes : Infinity);
        });
      },
    };
  },
});
