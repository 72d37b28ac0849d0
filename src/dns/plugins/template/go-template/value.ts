/** Values of templates. Integers are bigints, of any width and sign; numbers are Go's float64. */

import { TemplateError } from "./template-error.ts";

export type Value =
  | string
  | bigint
  | number
  | boolean
  /** Go's nil. */
  | null
  /** What a map does not hold. */
  | undefined
  | List
  | ValueMap
  | Struct
  | Method;

export type List = readonly Value[];
export type ValueMap = ReadonlyMap<string, Value>;
type Method = (argument: string) => Value;

/** A fixed set of fields, each made when it is read. */
export class Struct {
  readonly fields: Readonly<Record<string, () => Value>>;

  constructor(fields: Readonly<Record<string, () => Value>>) {
    this.fields = fields;
  }
}

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ValueMap {
  return value instanceof Map;
}

/** For messages. */
export function kindOf(value: Value): string {
  if (value === null || value === undefined) return "nil";
  if (isList(value)) return "a list";
  if (isMap(value)) return "a map";
  if (value instanceof Struct) return "a structure";
  switch (typeof value) {
    case "bigint":
      return "an integer";
    case "boolean":
      return "a truth value";
    default:
      return `a ${typeof value}`;
  }
}

/** Zero, empty and nil are false. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  return Boolean(value);
}

/** As Go prints it by default. Throws TemplateError for what has no text here. */
export function print(value: Value): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (isList(value)) return `[${value.map(print).join(" ")}]`;
  if (isMap(value))
    return `map[${sortedEntries(value)
      .map(([key, item]) => `${key}:${print(item)}`)
      .join(" ")}]`;
  if (value instanceof Struct || typeof value === "function") {
    throw new TemplateError("failure", `${kindOf(value)} has no text: name one of its fields`);
  }
  return typeof value === "number" ? printFloat(value) : String(value);
}

/** In the order in which Go goes through a map: by the octets of the keys. */
export function sortedEntries(map: ValueMap): readonly (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Shortest form; with an exponent, of two digits at least, from 1e6 on and below 1e-4. */
function printFloat(value: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}
