/** Corefile word `nsid`: tells clients that ask which server answers (RFC 5001). */

import { hostname } from "node:os";
import { optionCodes } from "../wire/message.ts";
import { andThen } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";

/** What the server calls itself. Undefined: the host's name. */
type NsidConfig = { readonly data: string | undefined };

export const nsid = definePlugin<NsidConfig>({
  name: "nsid",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    reading.hasNoBlock(stanza);
    const words = stanza.args.map(({ text }) => text);
    return { data: words.length === 0 ? undefined : words.join(" ") };
  },

  explain: ({ data }) => [
    `Calls itself ${data === undefined ? "by the host's name" : `"${data}"`} when a client asks which server it is (NSID, RFC 5001).`,
  ],

  start: ({ data }) => {
    const option = { code: optionCodes.NSID, data: Buffer.from(data ?? hostname()) };
    const isNsid = ({ code }: { readonly code: number }) => code === optionCodes.NSID;
    return {
      answersAlike: true,
      handle(query, next) {
        if (query.message.edns?.options.some(isNsid) !== true) return next(query);
        return andThen(next(query), outcome => {
          if (outcome.kind !== "reply") return outcome;
          // An upstream's own is of no use to who asks this server.
          const others = outcome.options.filter(one => !isNsid(one));
          return outcome.with({ options: [...others, option] });
        });
      },
    };
  },
});
