/** Corefile word `minimal`: positive replies without authority and additional records. */

import { rcodes } from "../wire/message.ts";
import { andThen } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";
import { withReplyMessage } from "./records-reply.ts";

export const minimal = definePlugin<true>({
  name: "minimal",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    for (const stanza of stanzas) {
      reading.hasArguments(stanza, 0);
      reading.hasNoBlock(stanza);
    }
    return true;
  },

  explain: () => ["Positive replies carry their answer only, no authority and no additional records."],

  start: () => ({
    handle: (query, next) =>
      andThen(next(query), outcome => {
        if (outcome.kind !== "reply") return outcome;
        const { message } = outcome;
        // Without an answer the authority section is the answer: a denial's SOA, a delegation's NS.
        if (message.rcode !== rcodes.NOERROR || message.answers.length === 0) return outcome;
        if (message.authorities.length + message.additionals.length === 0) return outcome;
        return withReplyMessage(outcome, { ...message, authorities: [], additionals: [] });
      }),
  }),
});
