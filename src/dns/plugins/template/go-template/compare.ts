/** Equality and order of basic values; values of different kinds cannot be compared. */

import { TemplateError } from "./template-error.ts";
import type { Value } from "./value.ts";
import { kindOf } from "./value.ts";

/** Throws TemplateError: failure. */
export function areEqual(a: Value, b: Value): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  if (typeof a !== typeof b || !isBasic(a) || !isBasic(b)) throw incomparable(a, b);
  return a === b;
}

/** Negative when `a` comes first, zero when they are equal. Throws TemplateError: failure. */
export function compare(a: Value, b: Value): number {
  if (typeof a !== typeof b || !isOrdered(a) || !isOrdered(b)) throw incomparable(a, b);
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function isOrdered(value: Value): value is string | bigint | number {
  return typeof value === "string" || typeof value === "bigint" || typeof value === "number";
}

function isBasic(value: Value): boolean {
  return isOrdered(value) || typeof value === "boolean";
}

function incomparable(a: Value, b: Value): TemplateError {
  return new TemplateError("failure", `${kindOf(a)} and ${kindOf(b)} cannot be compared`);
}
