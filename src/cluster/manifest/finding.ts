/**
 * What is wrong, odd or worth knowing in a set of manifests: one closed table of codes, one shape.
 *
 * An error keeps its whole file from being used (the last good state of that file stays). A warning or a note
 * leaves every object in use.
 */

type Severity = "error" | "warning" | "note";

/** A spot in a file; line and column count from 1, and are 0 where a file or folder is meant as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Code → severity. Codes are never reused. */
const findingSeverities = {
  MANIFEST_PATH_MISSING: "error",
  MANIFEST_UNREADABLE: "error",
  MANIFEST_SYNTAX: "error",
  MANIFEST_NOT_AN_OBJECT: "error",
  MANIFEST_FIELD_MISSING: "error",
  MANIFEST_FIELD_TYPE: "error",
  MANIFEST_FIELD_VALUE: "error",
  MANIFEST_NAME: "error",
  MANIFEST_PORT: "error",
  MANIFEST_PORT_NAME: "error",
  MANIFEST_ADDRESS: "error",
  MANIFEST_KIND_VERSION: "error",
  MANIFEST_LAST_GOOD_KEPT: "warning",
  MANIFEST_FILE_UNUSED: "warning",
  MANIFEST_FIELD_UNKNOWN: "warning",
  MANIFEST_DUPLICATE_OBJECT: "warning",
  MANIFEST_DUPLICATE_CLUSTER_IP: "warning",
  MANIFEST_DUPLICATE_NODE_PORT: "warning",
  MANIFEST_POOL_EXHAUSTED: "warning",
  MANIFEST_SELECTOR_MATCHES_NOTHING: "warning",
  MANIFEST_TARGET_PORT_UNKNOWN: "warning",
  MANIFEST_NO_ENDPOINTS: "warning",
  MANIFEST_KINDS_SKIPPED: "note",
  MANIFEST_FILES_SKIPPED: "note",
  MANIFEST_COMPUTED_ENDPOINTS_IGNORED: "note",
} as const satisfies Record<string, Severity>;

export type FindingCode = keyof typeof findingSeverities;

export interface Finding extends Place {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What is the matter, with the object's and the field's name. */
  readonly message: string;
  /** What to do about it; "" when nothing needs doing. */
  readonly remedy: string;
}

/** The place of findings about the manifests as a whole: no file, line and column 0. */
export const nowhere: Place = { file: "", line: 0, column: 0 };

/** Makes a finding; its severity follows from the code. */
export function finding(code: FindingCode, place: Place, message: string, remedy: string): Finding {
  const { file, line, column } = place;
  return { code, severity: findingSeverities[code], file, line, column, message, remedy };
}

/** `file:line:column`, as compilers print it; the file alone when that is meant as a whole. */
export function formatPlace(place: Place): string {
  return place.line === 0 ? place.file : `${place.file}:${place.line}:${place.column}`;
}
