/** `type FROM TO` and `class FROM TO`: the same name is asked for in another type or class. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import { classOfWord, typeOfWord } from "../mnemonics.ts";
import { withQuestion } from "../query.ts";
import type { RuleBody } from "./rule.ts";

const codeOfWord = { type: typeOfWord, class: classOfWord } as const;

export function readQuestionRule(
  part: "type" | "class",
  field: Word,
  args: readonly Word[],
  reading: Reading,
): RuleBody | undefined {
  if (!reading.hasArguments({ name: field, args, block: undefined }, 2)) return undefined;
  const [from, to] = args.map(word => readCode(part, word, reading));
  if (from === undefined || to === undefined) return undefined;
  const [fromText, toText] = args.map(({ text }) => text.toUpperCase());
  return {
    explanation: `asks for ${part} ${toText} when ${part} ${fromText} is asked for`,
    apply(query) {
      if (query.question[part] !== from) return undefined;
      return { query: withQuestion(query, { ...query.question, [part]: to }), replyRules: [] };
    },
  };
}

function readCode(part: "type" | "class", word: Word, reading: Reading): number | undefined {
  const code = codeOfWord[part](word.text.toUpperCase());
  if (code === undefined) {
    const example = part === "type" ? "A, AAAA or ANY" : "IN or CH";
    reading.wrongValue(word, `"${word.text}" is no ${part}`, `write one such as ${example}`);
  }
  return code;
}
