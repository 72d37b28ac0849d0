/** One `template CLASS TYPE [ZONE…] { … }` of a Corefile. */

import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import { rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { classOfWord, rcodeOfWord, typeOfWord } from "../mnemonics.ts";
import type { Pattern } from "../regular-expression.ts";
import { compilePattern, readPattern } from "../regular-expression.ts";
import type { Section, SectionTemplate } from "./section-template.ts";
import { readSectionTemplate, sections } from "./section-template.ts";

export interface Stanza {
  readonly type: number;
  readonly class: number;
  readonly zones: readonly Name[];
  /** The first that matches counts. */
  readonly patterns: readonly Pattern[];
  readonly templates: Readonly<Record<Section, readonly SectionTemplate[]>>;
  readonly rcode: number;
  /** RFC 8914. */
  readonly extendedError: { readonly infoCode: number; readonly text: string } | undefined;
  /** Zones whose names go on to the next stanza when no pattern matches. */
  readonly fallthroughZones: readonly Name[];
}

/** Undefined when CoreDNS would not start with it, or when it says something that is not offered here: it is left out. */
export function readStanza(
  stanza: Directive,
  ownZones: readonly Name[],
  reading: Reading,
): Stanza | undefined {
  const [classWord, typeWord, ...zoneWords] = stanza.args;
  if (!reading.hasArguments(stanza, 2, Infinity) || classWord === undefined || typeWord === undefined) {
    return undefined;
  }
  const questionClass = readMnemonic(classWord, classOfWord, "class, such as IN or ANY", reading);
  const type = readMnemonic(typeWord, typeOfWord, "type, such as A or ANY", reading);
  const zones = reading.zonesOr(zoneWords, ownZones);
  const options = readOptions(stanza, reading);
  const patterns = options.patterns.length > 0 ? options.patterns : [compilePattern(".*")];
  const { words, ...rest } = options;
  const groupNames = new Set(patterns.flatMap(namesOfGroups));
  const templates = readTemplates(words, groupNames, reading);
  if (questionClass === undefined || type === undefined || templates === undefined || options.isLeftOut) {
    return undefined;
  }
  return { ...rest, type, class: questionClass, zones, patterns, templates };
}

interface Options extends Omit<Stanza, "type" | "class" | "zones" | "templates"> {
  readonly words: Readonly<Record<Section, readonly Word[]>>;
  readonly isLeftOut: boolean;
}

function readOptions(stanza: Directive, reading: Reading): Options {
  const patterns: Pattern[] = [];
  const fallthroughZones: Name[] = [];
  const words: Record<Section, Word[]> = { answer: [], additional: [], authority: [] };
  let rcode: number = rcodes.NOERROR;
  let extendedError: Stanza["extendedError"];
  let isLeftOut = false;
  const leaveOut = (option: Directive) => {
    isLeftOut = true;
    reportExpression(option, reading);
  };
  const collect = (section: Section) => (option: Directive) => {
    if (reading.hasArguments(option, 1, Infinity)) words[section].push(...option.args);
  };
  reading.options(stanza, {
    match(option) {
      if (!reading.hasArguments(option, 1, Infinity)) return;
      patterns.push(...option.args.flatMap(word => readPattern(word, reading) ?? []));
    },
    answer: collect("answer"),
    additional: collect("additional"),
    authority: collect("authority"),
    rcode(option) {
      const [word] = option.args;
      if (!reading.hasArguments(option, 1) || word === undefined) return;
      rcode = readMnemonic(word, rcodeOfWord, "response code, such as NXDOMAIN", reading) ?? rcode;
    },
    ederror(option) {
      extendedError = readExtendedError(option, reading);
    },
    fallthrough: option => void fallthroughZones.splice(0, Infinity, ...reading.zonesOr(option.args, [[]])),
    var: leaveOut,
    expr: leaveOut,
    upstream: ({ name }) =>
      reading.report("COREFILE_NO_EFFECT", name.at, "upstream does nothing any more", "remove it"),
  });
  return { patterns, fallthroughZones, words, rcode, extendedError, isLeftOut };
}

function readMnemonic(
  word: Word,
  codeOf: (text: string) => number | undefined,
  wanted: string,
  reading: Reading,
): number | undefined {
  const code = codeOf(word.text);
  if (code === undefined) {
    reading.wrongValue(word, `"${word.text}" is not known here`, `write a ${wanted}, in capitals`);
  }
  return code;
}

function readExtendedError(option: Directive, reading: Reading): Stanza["extendedError"] {
  const [codeWord, textWord] = option.args;
  if (!reading.hasArguments(option, 1, 2) || codeWord === undefined) return undefined;
  const infoCode = reading.integer(codeWord, 0, 0xffff);
  return infoCode === undefined ? undefined : { infoCode, text: textWord?.text ?? "" };
}

/** Their language is Expr's, of which nothing but CoreDNS's own engine is at hand. */
function reportExpression({ name }: Directive, reading: Reading): void {
  reading.report(
    "COREFILE_NOT_OFFERED",
    name.at,
    `${name.text} is not offered here, so this template is left out`,
    "say with match which names are meant",
  );
}

function namesOfGroups({ groupCount, groupNumbers }: Pattern): readonly string[] {
  return [...groupNumbers.keys(), ...Array.from({ length: groupCount + 1 }, (_, number) => String(number))];
}

function readTemplates(
  words: Options["words"],
  groupNames: ReadonlySet<string>,
  reading: Reading,
): Stanza["templates"] | undefined {
  const templates: Record<Section, SectionTemplate[]> = { answer: [], additional: [], authority: [] };
  let isComplete = true;
  for (const section of sections) {
    for (const word of words[section]) {
      const template = readSectionTemplate(word, groupNames, reading);
      if (template === undefined) isComplete = false;
      else templates[section].push(template);
    }
  }
  return isComplete ? templates : undefined;
}
