/** What to say of a word that begins a directive and is no plugin of ours. */

import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import { ownerOfOption } from "./misplaced-words.ts";
import { closest } from "./suggestion.ts";
import type { Directive, Word } from "./syntax.ts";

/** Words that mean something elsewhere. */
export type OtherWords = Readonly<
  Record<
    string,
    {
      readonly code: keyof typeof whatOf;
      readonly remedy: string;
    }
  >
>;

const whatOf = {
  COREFILE_NOT_OFFERED: "is not offered here",
  COREFILE_UNKNOWN_PLUGIN: "is a plugin that CoreDNS itself does not have either",
  COREFILE_REMOVED_PLUGIN: "is no plugin of CoreDNS any more",
  COREFILE_UNSAFE_TO_IGNORE: "is not offered here, and decides who may see what",
} as const;

/** `openedAt` is the key of the server block around it. */
export function describeUnknownWord(
  { name, block }: Directive,
  known: readonly string[],
  others: OtherWords,
  openedAt: Word | undefined,
): Finding {
  const { text, at } = name;
  const other = Object.hasOwn(others, text) ? others[text] : undefined;
  if (other !== undefined) return finding(other.code, at, `${text} ${whatOf[other.code]}`, other.remedy);
  const remedy =
    remedyForBlock(text, block !== undefined, openedAt) ??
    remedyForOption(text) ??
    remedyForSlip(text, [...known, ...Object.keys(others)]) ??
    "correct or remove it";
  return finding("COREFILE_UNKNOWN_PLUGIN", at, `there is no plugin "${text}"`, remedy);
}

/** A zone with braces shows that the block before it lacks its closing one. */
function remedyForBlock(text: string, hasBlock: boolean, openedAt: Word | undefined): string | undefined {
  if (/^\(.*\)$/.test(text)) return "snippets stand outside of server blocks";
  if (!hasBlock || !/[.:]/.test(text)) return undefined;
  const open = openedAt === undefined ? "the one before" : `the one of line ${openedAt.at.line}`;
  return `if a server block begins here, close ${open} with } first`;
}

function remedyForOption(text: string): string | undefined {
  const owner = ownerOfOption(text);
  return owner === undefined ? undefined : `it is an option: write it inside the braces of ${owner}`;
}

function remedyForSlip(text: string, words: readonly string[]): string | undefined {
  const meant = closest(text, words);
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}
