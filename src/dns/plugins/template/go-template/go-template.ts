/**
 * Go's text/template language, as far as one template makes one line of text: fields, functions, pipelines, variables,
 * if, with, range, comments and trim markers. Left out: templates of templates, complex numbers, `call`.
 */

import { evaluate } from "./evaluate.ts";
import { parseTemplate } from "./parse.ts";
import type { TemplateNode } from "./syntax.ts";
import type { Struct } from "./value.ts";

export interface GoTemplate {
  /** As written. */
  readonly text: string;
  readonly nodes: readonly TemplateNode[];
  /** Throws TemplateError: failure. */
  run(data: Struct): string;
}

/** Throws TemplateError; a failure is a template that cannot be run on anything. */
export function compileTemplate(text: string): GoTemplate {
  const nodes = parseTemplate(text);
  return { text, nodes, run: data => evaluate(nodes, data) };
}
