/** Corefile word `header`: sets and clears flags of queries on their way in and of replies on their way out. */

import type { Reading } from "../corefile/reading.ts";
import type { Directive } from "../corefile/syntax.ts";
import type { Message } from "../wire/message.ts";
import { encodedFor } from "./encoded-for.ts";
import type { Reply } from "./outcome.ts";
import { andThen } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";
import { withMessage } from "./query.ts";

const fieldsOfFlags = {
  aa: "isAuthoritative",
  ra: "recursionAvailable",
  rd: "recursionDesired",
} as const;

type FlagWord = keyof typeof fieldsOfFlags;
type Flags = { [Field in (typeof fieldsOfFlags)[FlagWord]]?: boolean };

/** What is set (true) or cleared (false); the rest is left as it is. */
interface HeaderConfig {
  readonly query: Readonly<Flags>;
  readonly response: Readonly<Flags>;
}

export const header = definePlugin<HeaderConfig>({
  name: "header",

  read(stanzas, reading) {
    const stanza = reading.first(stanzas);
    reading.ignores(stanza.args, stanza.name);
    const config = { query: {} as Flags, response: {} as Flags };
    if ((stanza.block ?? []).length === 0) {
      reading.report(
        "COREFILE_MISSING",
        stanza.name.at,
        "header changes nothing",
        "write lines such as `response set ra` in its block",
      );
    }
    const readInto = (flags: Flags) => (option: Directive) => readFlags(option, flags, reading);
    reading.options(
      { ...stanza, block: stanza.block?.map(inLowerCase) },
      { query: readInto(config.query), response: readInto(config.response) },
      { set: "write response set …", clear: "write response clear …" },
    );
    return config;
  },

  explain: ({ query, response }) => [...explainFlags("queries", query), ...explainFlags("replies", response)],

  start: ({ query: inward, response: outward }) => ({
    answersAlike: true,
    handle(query, next) {
      const changed =
        Object.keys(inward).length === 0 ? query : withMessage(query, { ...query.message, ...inward });
      return andThen(next(changed), outcome =>
        outcome.kind === "reply" ? flagged(outcome, outward) : outcome,
      );
    },
  }),
});

function inLowerCase(option: Directive): Directive {
  return { ...option, name: { ...option.name, text: option.name.text.toLowerCase() } };
}

function readFlags(option: Directive, flags: Flags, reading: Reading): void {
  if (!reading.hasArguments(option, 2, Infinity)) return;
  const [action, ...words] = option.args.map(word => ({ ...word, text: word.text.toLowerCase() }));
  const state = action && reading.choice(action, ["set", "clear"]);
  for (const word of words) {
    const flag = reading.choice(word, Object.keys(fieldsOfFlags) as FlagWord[]);
    if (flag !== undefined) flags[fieldsOfFlags[flag]] = state === "set";
  }
}

function flagged(reply: Reply, { recursionDesired, ...flags }: Readonly<Flags>): Reply {
  const changed = Object.keys(flags).length === 0 ? reply : reply.with(flags);
  if (recursionDesired === undefined) return changed;
  return encodedFor(changed, (query: Message) => ({ ...query, recursionDesired }));
}

function explainFlags(what: string, flags: Readonly<Flags>): readonly string[] {
  const words = Object.entries(fieldsOfFlags).flatMap(([word, field]) => {
    const state = flags[field];
    return state === undefined ? [] : [`${state ? "sets" : "clears"} ${word.toUpperCase()}`];
  });
  return words.length === 0 ? [] : [`In ${what}, ${words.join(" and ")}.`];
}
