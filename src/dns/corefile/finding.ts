/** What is wrong or odd in a Corefile: one closed table of codes, one shape. */

import type { Place } from "./syntax.ts";

/**
 * `error`: CoreDNS would not start with it. `warning`: it would, but the file does not do what it seems to say.
 * `isTolerated`: this server goes on without the word; anything else keeps the file from being used as a whole.
 */
const findingKinds = {
  COREFILE_SYNTAX: { severity: "error", isTolerated: false },
  COREFILE_IMPORT: { severity: "error", isTolerated: false },
  COREFILE_KEY: { severity: "error", isTolerated: false },
  COREFILE_ARGUMENTS: { severity: "error", isTolerated: false },
  COREFILE_VALUE: { severity: "error", isTolerated: false },
  COREFILE_CONFLICT: { severity: "error", isTolerated: false },
  COREFILE_MISSING: { severity: "error", isTolerated: false },
  COREFILE_DUPLICATE: { severity: "error", isTolerated: false },
  COREFILE_UNKNOWN_PLUGIN: { severity: "error", isTolerated: true },
  COREFILE_UNKNOWN_OPTION: { severity: "error", isTolerated: true },
  COREFILE_REMOVED_PLUGIN: { severity: "error", isTolerated: true },
  COREFILE_REMOVED_OPTION: { severity: "error", isTolerated: true },
  /** Left out, it would show something to somebody who must not see it, or hide it from nobody. */
  COREFILE_UNSAFE_TO_IGNORE: { severity: "error", isTolerated: false },
  COREFILE_NOT_OFFERED: { severity: "warning", isTolerated: true },
  COREFILE_NO_EFFECT: { severity: "warning", isTolerated: true },
  COREFILE_RISKY: { severity: "warning", isTolerated: true },
} as const satisfies Record<string, { severity: "error" | "warning"; isTolerated: boolean }>;

export type FindingCode = keyof typeof findingKinds;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: "error" | "warning";
  /** The server starts all the same, without this word. */
  readonly isTolerated: boolean;
  readonly at: Place;
  readonly what: string;
  readonly remedy: string;
}

export function finding(code: FindingCode, at: Place, what: string, remedy: string): Finding {
  return { code, ...findingKinds[code], at, what, remedy };
}
