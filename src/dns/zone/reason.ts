/**
 * Why there is no answer. Every negative reply carries exactly one of these reasons; the wire (RFC 8914 extended
 * error), the log and the tools all show the same one, so that a user can search for what they see.
 */

/** Closed list; a code is never renamed or reused. */
export type ReasonCode =
  | "not-synced"
  | "unknown-name"
  | "search-path-miss"
  | "no-such-namespace"
  | "no-such-service"
  | "no-such-port"
  | "no-such-endpoint"
  | "no-ready-endpoints"
  | "endpoint-not-ready"
  | "empty-service"
  | "no-such-address"
  | "pods-disabled"
  | "no-pod-address"
  | "no-such-pod"
  | "external-name-unusable"
  | "external-name-unresolved"
  | "no-such-family"
  | "no-such-type"
  | "transfer-refused"
  | "zone-not-served";

export interface Reason {
  readonly code: ReasonCode;
  /** One short sentence about this very name, for people; names in it are in presentation form. */
  readonly text: string;
}

export function because(code: ReasonCode, text: string): Reason {
  return { code, text };
}

/** RFC 8914 §4: what is particular to a cluster has no code of its own and has to be "Other", 0. */
export function extendedErrorCodeOf(reason: Reason): number {
  return registeredCodes[reason.code] ?? 0;
}

/** "Not Ready", "Prohibited", "Not Authoritative". */
const registeredCodes: { readonly [Code in ReasonCode]?: number } = {
  "not-synced": 14,
  "transfer-refused": 18,
  "zone-not-served": 20,
};
