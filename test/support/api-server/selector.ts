/** Label and field selectors in the syntax of list and watch queries. */

import type { RawObject } from "../../../src/cluster/trim.ts";
import { StatusError } from "./status.ts";

export type Selector = (object: RawObject) => boolean;

/** Reads `labelSelector` and `fieldSelector`; throws a 400 for an expression it does not know. */
export function parseSelector(query: URLSearchParams): Selector {
  const requirements = [
    ...splitExpression(query.get("labelSelector") ?? "").map(parseLabelRequirement),
    ...splitExpression(query.get("fieldSelector") ?? "").map(parseFieldRequirement),
  ];
  return object => requirements.every(holds => holds(object));
}

/** Splits at commas that are not inside parentheses. */
function splitExpression(expression: string): string[] {
  return expression
    .split(/,(?![^(]*\))/)
    .map(part => part.trim())
    .filter(part => part !== "");
}

function parseLabelRequirement(text: string): Selector {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map(value => value.trim());
    return object => values.includes(labelOf(object, key) ?? "\0") === (operator === "in");
  }
  const comparison = /^([^\s!=]+)\s*(==|=|!=)\s*([^\s!=]*)$/.exec(text);
  if (comparison !== null) {
    const [, key = "", operator, value = ""] = comparison;
    return object => (labelOf(object, key) === value) === (operator !== "!=");
  }
  const existence = /^(!?)\s*([^\s!=]+)$/.exec(text);
  if (existence === null) throw new StatusError(400, "BadRequest", `unable to parse requirement: ${text}`);
  const [, negation, key = ""] = existence;
  return object => (labelOf(object, key) === undefined) === (negation === "!");
}

function parseFieldRequirement(text: string): Selector {
  const comparison = /^([^\s!=]+)(==|=|!=)(.*)$/.exec(text);
  if (comparison === null) throw new StatusError(400, "BadRequest", `invalid selector: '${text}'`);
  const [, path = "", operator, value = ""] = comparison;
  return object => (fieldOf(object, path) === value) === (operator !== "!=");
}

function labelOf(object: RawObject, key: string): string | undefined {
  return object.metadata?.labels?.[key];
}

/** Absent fields compare as "", as in the API. */
function fieldOf(object: RawObject, path: string): string {
  let value: unknown = object;
  for (const step of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[step];
  return value === undefined || value === null ? "" : String(value);
}
