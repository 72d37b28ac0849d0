/** What one file contributes: its newest good state, and what is wrong with the newest text. */

import { hash } from "node:crypto";
import { type Finding, finding } from "./finding.ts";
import { type ParsedManifest, parseManifest } from "./parse-manifest.ts";

export interface ManifestFile {
  /** Of the text that was read last, good or not. */
  readonly digest: string;
  /** Undefined while the file has never been good. */
  readonly good: ParsedManifest | undefined;
  readonly findings: readonly Finding[];
}

/** The same text again gives `before` itself. */
export function readVersion(
  path: string,
  content: Uint8Array,
  before: ManifestFile | undefined,
): ManifestFile {
  const digest = hash("sha256", content);
  if (digest === before?.digest) return before;
  const parsed = parseManifest(Buffer.from(content).toString("utf8"), path);
  if (parsed.findings.length === 0) return { digest, good: parsed, findings: [] };
  return keepGood(path, digest, parsed.findings, before);
}

/** The file is there but cannot be read. */
export function readFailure(path: string, error: unknown, before: ManifestFile | undefined): ManifestFile {
  const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  const place = { file: path, line: 0, column: 0 };
  const remedy = "check the file's permissions";
  return keepGood(path, "", [finding("MANIFEST_UNREADABLE", place, message, remedy)], before);
}

function keepGood(
  path: string,
  digest: string,
  errors: readonly Finding[],
  before: ManifestFile | undefined,
): ManifestFile {
  if (before?.good === undefined) return { digest, good: undefined, findings: errors };
  const count = before.good.desired.length;
  const message = `the last good state of this file stays in use (${count} ${count === 1 ? "object" : "objects"})`;
  const place = { file: path, line: 1, column: 1 };
  const kept = finding(
    "MANIFEST_LAST_GOOD_KEPT",
    place,
    message,
    "mend the errors of this file and save it again",
  );
  return { digest, good: before.good, findings: [...errors, kept] };
}
