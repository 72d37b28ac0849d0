/** Corefile word `local`: localhost and its reverse zones are answered here and never leave the house (RFC 6303, RFC 6761 §6.3). */

import { rcodes } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { formatName, isSameName, isSubdomain, parseName } from "../wire/name.ts";
import type { RecordData, ResourceRecord } from "../wire/record.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import type { Reply } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";
import type { Query } from "./query.ts";
import { replyTo } from "./records-reply.ts";

interface LocalConfig {
  /** `localhost.<any domain>` counts as localhost too: what resolvers make of it with their search list. */
  readonly takesPrefix: boolean;
}

export const local = definePlugin<LocalConfig>({
  name: "local",

  read(stanzas, reading) {
    let takesPrefix = true;
    for (const stanza of stanzas) {
      reading.ignores(stanza.args, stanza.name);
      reading.options(stanza, {
        localhost_prefix(option) {
          const [word] = option.args;
          if (!reading.hasArguments(option, 1) || word === undefined) return;
          takesPrefix = reading.choice(word, ["on", "off"]) !== "off";
        },
      });
    }
    return { takesPrefix };
  },

  explain: ({ takesPrefix }) => [
    `Answers localhost${takesPrefix ? ", localhost.<any domain>" : ""} and names below localhost with 127.0.0.1 and ::1, and the reverse zones of 0.0.0.0/8, 127.0.0.0/8 and 255.0.0.0/8.`,
  ],

  start({ takesPrefix }, { instruments, log }) {
    const requests = instruments.counter(
      "coredns_local_localhost_requests_total",
      "Queries for localhost with a search domain appended.",
      [],
    );
    const isAlias = ({ name }: Query) =>
      name.length > 1 && (name.at(-1) === "localhost" || (takesPrefix && name[0] === "localhost"));
    return {
      answersAlike: true,
      handle(query, next) {
        if (query.question.class !== classCodes.IN) return next(query);
        if (isAlias(query)) {
          query.provenance?.isForThisQueryOnly();
          requests.inc({});
          log.debug({ name: formatName(query.name), client: query.client.address }, "localhost query");
          return answerLocalhost(query);
        }
        const zone = zones.find(one => isSubdomain(query.name, one));
        return zone === undefined ? next(query) : answerZone(query, zone);
      },
    };
  },
});

const localhost: Name = ["localhost"];
const zones: readonly Name[] = [
  localhost,
  ...["0.in-addr.arpa", "127.in-addr.arpa", "255.in-addr.arpa"].map(parseName),
];
const loopback = parseName("1.0.0.127.in-addr.arpa");

function answerLocalhost(query: Query): Reply {
  switch (query.question.type) {
    case typeCodes.A:
      return answer(query, { type: "A", address: "127.0.0.1" });
    case typeCodes.AAAA:
      return answer(query, { type: "AAAA", address: "::1" });
    default:
      return deny(query, query.question.name, rcodes.NOERROR);
  }
}

function answerZone(query: Query, zone: Name): Reply {
  const { name, type } = query.question;
  // In the client's letter case.
  const apex = name.slice(name.length - zone.length);
  if (isSameName(name, loopback) && type === typeCodes.PTR)
    return answer(query, { type: "PTR", target: localhost });
  if (apex.length < name.length) {
    // RFC 8020 §2: names on the way to another exist.
    return deny(query, apex, isSubdomain(loopback, name) ? rcodes.NOERROR : rcodes.NXDOMAIN);
  }
  switch (type) {
    case typeCodes.SOA:
      return answer(query, startOfAuthority);
    case typeCodes.NS:
      return answer(query, { type: "NS", target: localhost });
    default:
      return zone === localhost ? answerLocalhost(query) : deny(query, apex, rcodes.NOERROR);
  }
}

const ttlSeconds = 604_800;
const startOfAuthority: RecordData = {
  type: "SOA",
  primary: localhost,
  mailbox: ["root", "localhost"],
  serial: 1,
  refreshSeconds: 0,
  retrySeconds: 0,
  expireSeconds: 0,
  minimumSeconds: ttlSeconds,
};

function answer(query: Query, data: RecordData): Reply {
  const answers = [record(query.question.name, data)];
  return replyTo(query.message, { plugin: "local", isAuthoritative: false, answers });
}

function deny(query: Query, apex: Name, rcode: number): Reply {
  const authorities = [record(apex, startOfAuthority)];
  return replyTo(query.message, { plugin: "local", isAuthoritative: false, rcode, authorities });
}

function record(name: Name, data: RecordData): ResourceRecord {
  return { name, class: classCodes.IN, ttlSeconds, data };
}
