/** What is wrong, odd or worth knowing in a KubeProxyConfiguration or in flags: one closed table of codes, one shape. */

/**
 * `error`: the configuration is not used. `warning`: it is, but does not do what it seems to say. `note`: it is used,
 * in another way than kube-proxy would.
 */
type Severity = "error" | "warning" | "note";

/** Code → severity. Codes are never reused. */
const findingSeverities = {
  PROXY_SYNTAX: "error",
  PROXY_KIND: "error",
  PROXY_FIELD_TYPE: "error",
  PROXY_FIELD_VALUE: "error",
  PROXY_FIELD_MISSING: "error",
  PROXY_FIELD_CONFLICT: "error",
  PROXY_FIELD_UNKNOWN: "warning",
  PROXY_FIELD_DUPLICATE: "warning",
  PROXY_DOCUMENTS_IGNORED: "warning",
  PROXY_NODE_PORTS_OPEN: "warning",
  PROXY_CONFIG_MAP: "note",
  PROXY_MODE: "note",
  PROXY_NO_EFFECT: "note",
  PROXY_FLAGS_IGNORED: "note",
} as const satisfies Record<string, Severity>;

export type FindingCode = keyof typeof findingSeverities;

/** A spot in a file; line and column count from 1. Of a flag, `file` is its name, and line and column are 0. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly at: Place;
  readonly what: string;
  /** "" when nothing needs doing. */
  readonly remedy: string;
}

/** Makes a finding; its severity follows from the code. */
export function finding(code: FindingCode, at: Place, what: string, remedy: string): Finding {
  return { code, severity: findingSeverities[code], at, what, remedy };
}
