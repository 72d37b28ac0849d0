/** `cname [KIND] FROM TO`: a CNAME in a reply leads elsewhere, and what is there is asked for. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import { formatName, lowerName, parseName } from "../../wire/name.ts";
import { qualify, readMatcher, readMatchKind } from "./name-matcher.ts";
import type { ReplyRule, RuleBody } from "./rule.ts";

export function readCnameRule(field: Word, args: readonly Word[], reading: Reading): RuleBody | undefined {
  if (!reading.hasArguments({ name: field, args, block: undefined }, 2, 3)) return undefined;
  const [from, to] = args.slice(-2) as [Word, Word];
  const kind = args.length === 2 ? "exact" : readMatchKind(args[0] as Word, reading);
  if (kind === undefined) return undefined;
  const literal = kind === "exact" ? qualify(from.text) : from.text.toLowerCase();
  // CoreDNS compares targets as they come with the words in lower case, patterns too, where \S becomes \s.
  const matcher = readMatcher(kind, from, reading, { literal, ignoresCase: true });
  if (matcher === undefined) return undefined;
  const toText = kind === "exact" ? qualify(to.text) : to.text.toLowerCase();
  const replyRules: readonly ReplyRule[] = [
    {
      kind: "cname",
      retarget(target) {
        const text = matcher.replace(formatName(lowerName(target)), toText);
        return text === undefined ? undefined : parseName(text);
      },
    },
  ];
  return {
    explanation: `lets CNAMEs lead to ${toText} when their target ${matcher.description}`,
    apply: query => ({ query, replyRules }),
  };
}
