/** Corefile word `any`: questions for ANY get one small record (RFC 8482 §4.2). */

import { classCodes, typeCodes } from "../wire/record.ts";
import { definePlugin } from "./plugin.ts";
import { replyTo } from "./records-reply.ts";

export const any = definePlugin<true>({
  name: "any",

  read(stanzas, reading) {
    const { name, args, block = [] } = reading.first(stanzas);
    reading.ignores([...args, ...block.map(option => option.name)], name);
    return true;
  },

  explain: () => ["Answers questions for ANY with one HINFO record instead of all there is (RFC 8482)."],

  start: () => ({
    answersAlike: true,
    handle(query, next) {
      const { name, type, class: questionClass } = query.question;
      if (type !== typeCodes.ANY || questionClass !== classCodes.IN) return next(query);
      const hostInfo = { name, class: classCodes.IN, ttlSeconds: 8482, data: obsoleted };
      return replyTo(query.message, { plugin: "any", isAuthoritative: false, answers: [hostInfo] });
    },
  }),
});

/** RFC 1035 §3.3.2: two character strings, CPU and OS. */
const obsoleted = {
  type: "unknown",
  code: typeCodes.HINFO,
  bytes: Buffer.concat(
    ["ANY obsoleted", "See RFC 8482"].flatMap(text => [Buffer.of(text.length), Buffer.from(text)]),
  ),
} as const;
