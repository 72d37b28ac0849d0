/** A template of one record, as `answer`, `additional` and `authority` have them. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { parseRecord } from "../../zone-text/parse-record.ts";
import { ZoneTextError } from "../../zone-text/zone-text-error.ts";
import { checkTemplate } from "./go-template/check.ts";
import type { GoTemplate } from "./go-template/go-template.ts";
import { compileTemplate } from "./go-template/go-template.ts";
import { TemplateError } from "./go-template/template-error.ts";
import type { Struct } from "./go-template/value.ts";
import { dataShape } from "./template-data.ts";

/** In the order in which CoreDNS makes them. */
export const sections = ["answer", "additional", "authority"] as const;
export type Section = (typeof sections)[number];

export interface SectionTemplate {
  readonly text: string;
  /** Throws TemplateError: failure, and ZoneTextError when the text that comes out is no record. */
  makeRecord(data: Struct): ResourceRecord;
}

/** Of records that do not say one. */
const defaultTtlSeconds = 3_600;

/** Reports what CoreDNS would not start with and what is not offered (undefined), and what fails when it is run. */
export function readSectionTemplate(
  word: Word,
  groupNames: ReadonlySet<string>,
  reading: Reading,
): SectionTemplate | undefined {
  const { text } = word;
  try {
    const template = compileTemplate(text);
    if (!isFineFor(word, template, groupNames, reading)) return undefined;
    reportConstantMistake(word, template, reading);
    return { text, makeRecord: data => parse(template.run(data)) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    if (error.kind === "syntax") {
      reading.wrongValue(word, `"${text}" is not a template: ${error.message}`, "correct it");
      return undefined;
    }
    return isTolerable(word, error, reading) ? failingTemplate(text, error) : undefined;
  }
}

function parse(text: string): ResourceRecord {
  return parseRecord(text, [], defaultTtlSeconds);
}

function isFineFor(
  word: Word,
  { nodes }: GoTemplate,
  groupNames: ReadonlySet<string>,
  reading: Reading,
): boolean {
  try {
    checkTemplate(nodes, dataShape(groupNames));
    return true;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return isTolerable(word, error, reading);
  }
}

/** Reports what CoreDNS starts with all the same; false when it cannot be run here. */
function isTolerable(word: Word, { kind, message }: TemplateError, reading: Reading): boolean {
  if (kind === "failure") {
    reportFailure(word, message, reading);
    return true;
  }
  reading.report(
    "COREFILE_NOT_OFFERED",
    word.at,
    `${message}, so this template is left out: "${word.text}"`,
    "say it in another way",
  );
  return false;
}

function failingTemplate(text: string, error: TemplateError): SectionTemplate {
  return {
    text,
    makeRecord() {
      throw error;
    },
  };
}

function reportFailure(word: Word, why: string, reading: Reading): void {
  const what = `${why}, so queries may be answered SERVFAIL because of "${word.text}"`;
  reading.report("COREFILE_RISKY", word.at, what, "correct it");
}

/** A record that is the same for all queries can be looked at now. */
function reportConstantMistake(word: Word, { nodes, text }: GoTemplate, reading: Reading): void {
  if (nodes.some(({ kind }) => kind !== "text")) return;
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof ZoneTextError)) throw error;
    reportFailure(word, `this is no record: ${error.what}`, reading);
  }
}
