/** Corefile word `chaos`: what server this is, for `dig CH TXT version.bind` and the like (RFC 4892). */

import { hostname } from "node:os";
import manifest from "../../../package.json" with { type: "json" };
import { formatName } from "../wire/name.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import { definePlugin } from "./plugin.ts";
import { replyTo } from "./records-reply.ts";

interface ChaosConfig {
  readonly version: string;
  readonly authors: readonly string[];
}

export const chaos = definePlugin<ChaosConfig>({
  name: "chaos",

  read(stanzas, reading) {
    const stanza = reading.first(stanzas);
    reading.hasNoOptions(stanza);
    const [version = `Frontdesk-${manifest.version}`, ...authors] = stanza.args.map(({ text }) => text);
    return { version, authors: authors.length === 0 ? ["The Frontdesk authors"] : [...new Set(authors)] };
  },

  explain: ({ version }) => [
    `Answers questions of class CH: version.bind and version.server with "${version}", authors.bind, and hostname.bind and id.server with the host's name.`,
  ],

  start: ({ version, authors }) => {
    const host = [hostname()];
    const texts: Readonly<Record<string, readonly string[]>> = {
      "version.bind.": [version],
      "version.server.": [version],
      "authors.bind.": authors,
      "hostname.bind.": host,
      "id.server.": host,
    };
    return {
      answersAlike: true,
      handle(query, next) {
        const { name, type, class: questionClass } = query.question;
        if (questionClass !== classCodes.CH || type !== typeCodes.TXT) return next(query);
        const key = formatName(query.name);
        if (!Object.hasOwn(texts, key)) return next(query);
        const answers = (texts[key] ?? []).map(text => ({
          name,
          class: classCodes.CH,
          ttlSeconds: 0,
          data: { type: "TXT", strings: [characterString(text)] } as const,
        }));
        return replyTo(query.message, { plugin: "chaos", isAuthoritative: false, answers });
      },
    };
  },
});

/** RFC 1035 §3.3: no more than 255 octets. */
function characterString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1").slice(0, 255);
}
