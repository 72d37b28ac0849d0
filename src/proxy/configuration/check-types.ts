/** A plain value becomes settings, as far as its fields are known and have the right types. */

import * as z from "zod";
import { closest } from "../../dns/corefile/suggestion.ts";
import type { FieldPath } from "./field-places.ts";
import type { FindingCode } from "./finding.ts";
import type { Settings, SettingsSchema } from "./settings.ts";

/** Something to say of a field. */
export interface Problem {
  readonly code: FindingCode;
  readonly path: FieldPath;
  /** Follows the name of the field: "must be a number". */
  readonly problem: string;
  readonly remedy: string;
}

export interface CheckedTypes {
  /** Without the fields that have problems. */
  readonly settings: Settings;
  readonly problems: readonly Problem[];
}

type Mapping = Readonly<Record<string, unknown>>;

export function checkTypes(value: Mapping, schema: SettingsSchema): CheckedTypes {
  const given = withoutUnset(value) as Mapping;
  const issues = schema.safeParse(given).error?.issues ?? [];
  const refused = new Set(issues.map(({ path }) => JSON.stringify(path)));
  return {
    settings: schema.parse(without(given, refused, [])),
    problems: [
      ...unknownFields(given, schema, []),
      ...issues.map(issue => problemOf(issue, valueAt(given, issue.path as FieldPath))),
    ],
  };
}

/** `null` and "" are what kubeadm writes for fields that it leaves alone. */
function withoutUnset(value: unknown): unknown {
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== "");
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUnset(inner)]));
}

/** Without the fields at these paths, and without lists that have one of them. */
function without(value: unknown, refused: ReadonlySet<string>, path: FieldPath): unknown {
  if (!isMapping(value)) return value;
  const isRefused = (at: FieldPath) => refused.has(JSON.stringify(at));
  const entries = Object.entries(value).filter(([key, inner]) => {
    const items = Array.isArray(inner) ? [...inner.keys()] : [];
    return !isRefused([...path, key]) && !items.some(index => isRefused([...path, key, index]));
  });
  return Object.fromEntries(entries.map(([key, inner]) => [key, without(inner, refused, [...path, key])]));
}

function unknownFields(value: Mapping, schema: z.ZodType, path: FieldPath): readonly Problem[] {
  const shape = shapeOf(schema);
  if (shape === undefined) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (field === undefined) return [unknownField([...path, key], Object.keys(shape))];
    return isMapping(inner) ? unknownFields(inner, field, [...path, key]) : [];
  });
}

function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  const inner: unknown = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function unknownField(path: FieldPath, known: readonly string[]): Problem {
  const meant = nearest(String(path.at(-1)), known);
  const remedy = meant === undefined ? "remove it" : `did you mean ${meant}?`;
  return { code: "PROXY_FIELD_UNKNOWN", path, problem: "is not a field, and is ignored", remedy };
}

function nearest(word: string, known: readonly string[]): string | undefined {
  const meant = closest(
    word,
    known.map(candidate => candidate.toLowerCase()),
  );
  return known.find(candidate => candidate.toLowerCase() === meant);
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): Problem {
  const path = issue.path as FieldPath;
  if (issue.code === "invalid_value") {
    const words = issue.values.map(String);
    const meant = typeof value === "string" ? nearest(value, words) : undefined;
    const remedy = meant === undefined ? "write one of them, or leave it out" : `did you mean ${meant}?`;
    const problem = `must be one of ${words.join(", ")}, not ${describe(value)}`;
    return { code: "PROXY_FIELD_VALUE", path, problem, remedy };
  }
  if (issue.code === "invalid_type") {
    const problem = `must be ${typeNames[issue.expected] ?? issue.expected}, not ${describe(value)}`;
    return { code: "PROXY_FIELD_TYPE", path, problem, remedy: typeRemedy(issue.expected, value) };
  }
  if (issue.code === "custom") {
    const remedy = "write a number and its unit: ms, s, m or h";
    return { code: "PROXY_FIELD_VALUE", path, problem: `${issue.message}, not ${describe(value)}`, remedy };
  }
  const problem = `is out of range: ${describe(value)}`;
  return { code: "PROXY_FIELD_VALUE", path, problem, remedy: "write a number of 32 bits" };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  number: "a number",
};

/** Quotes forgotten or put in vain are the usual mistake. */
function typeRemedy(expected: string, value: unknown): string {
  if (expected === "array" && typeof value === "string") return `write [${JSON.stringify(value)}]`;
  if (expected === "string" && typeof value !== "object") return "put the value in quotes";
  if (expected !== "string" && typeof value === "string") return "write the value without quotes";
  return "leave it out to get the default";
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  return String(JSON.stringify(value)).slice(0, 80);
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((at, key) => (at as Mapping | undefined)?.[key], value);
}
