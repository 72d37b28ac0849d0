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
  | "endpoints-disabled"
  | "no-endpoint-in-zone"
  | "empty-service"
  | "no-such-address"
  | "no-external-address"
  | "pods-disabled"
  | "no-pod-address"
  | "no-such-pod"
  | "external-name-unusable"
  | "external-name-unresolved"
  | "no-such-family"
  | "no-such-type"
  | "no-hosts-entry"
  | "blocked-by-acl"
  | "filtered-by-acl"
  | "transfer-refused"
  | "zone-not-served"
  | "no-reachable-upstream"
  | "upstream-failed"
  | "upstream-loop"
  | "too-many-queries"
  | "stale-answer"
  | "stale-nxdomain"
  | "cached-error";

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

/**
 * "Stale Answer", "Cached Error", "Stale NXDOMAIN Answer",
 * "Not Ready", "Blocked", "Filtered", "Prohibited", "Not Authoritative", "No Reachable Authority", "Network Error".
 */
const registeredCodes: { readonly [Code in ReasonCode]?: number } = {
  "stale-answer": 3,
  "cached-error": 13,
  "not-synced": 14,
  "blocked-by-acl": 15,
  "filtered-by-acl": 17,
  "transfer-refused": 18,
  "stale-nxdomain": 19,
  "zone-not-served": 20,
  "no-reachable-upstream": 22,
  "upstream-failed": 23,
  "upstream-loop": 22,
};
