/** Corefile word `minimal`: positive replies without authority and additional records. */

import { rcodes } from "../wire/message.ts";
import { typeCodes } from "../wire/record.ts";
import { andThen } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";
import { withReplyMessage } from "./records-reply.ts";

export const minimal = definePlugin<true>({
  name: "minimal",

  read(stanzas, reading) {
    const stanza = reading.first(stanzas);
    reading.hasArguments(stanza, 0);
    reading.hasNoBlock(stanza);
    return true;
  },

  explain: () => ["Positive replies carry their answer only, no authority and no additional records."],

  start: () => ({
    answersAlike: true,
    handle: (query, next) =>
      andThen(next(query), outcome => {
        if (outcome.kind !== "reply" || isTransfer(query.question.type)) return outcome;
        const { message } = outcome;
        const { rcode, answers, authorities, additionals } = message;
        if (rcode !== rcodes.NOERROR || authorities.length + additionals.length === 0) return outcome;
        // Without an answer the authority section is the answer: a denial's SOA, a delegation's NS.
        const isTold = authorities.some(({ data }) => data.type === "SOA" || data.type === "NS");
        if (answers.length === 0 && isTold) return outcome;
        return withReplyMessage(outcome, { ...message, authorities: [], additionals: [] });
      }),
  }),
});

function isTransfer(type: number): boolean {
  return type === typeCodes.AXFR || type === typeCodes.IXFR;
}
