/** What one file contributes: its newest good state, and what is wrong with the newest text. */

import { hash } from "node:crypto";
import { type Finding, finding, type Place } from "./finding.ts";
import { type ParsedManifest, type ParseOptions, parseManifest } from "./parse-manifest.ts";

export interface ManifestFile {
  /** Of the text that was read last, good or not. */
  readonly digest: string;
  /** Undefined while the file has never been good. */
  readonly good: ParsedManifest | undefined;
  /** What `good` was read from. */
  readonly goodContent: Uint8Array | undefined;
  readonly findings: readonly Finding[];
}

/** The same text again gives `before` itself. */
export function readVersion(
  path: string,
  content: Uint8Array,
  before: ManifestFile | undefined,
  options: ParseOptions = {},
): ManifestFile {
  const digest = digestOf(content);
  if (digest === before?.digest) return before;
  const hadObjects = (before?.good?.objectCount ?? 0) > 0;
  const mayBeForeign = options.mayBeForeign === true && !hadObjects;
  const parsed = parseManifest(Buffer.from(content).toString("utf8"), path, { mayBeForeign });
  const { findings, warnings, objectCount } = parsed;
  if (findings.length === 0) return { digest, good: parsed, goodContent: content, findings: warnings };
  const errors = [...findings, ...warnings];
  if (before?.good !== undefined) return keepGood(path, digest, errors, before);
  const all = [...errors, unused(path, objectCount)];
  return { digest, good: undefined, goodContent: undefined, findings: all };
}

/** The file is there but cannot be read. */
export function readFailure(path: string, error: unknown, before: ManifestFile | undefined): ManifestFile {
  const found = unreadable(path, error);
  if (before?.digest === "" && before.findings[0]?.message === found.message) return before;
  if (before?.good !== undefined) return keepGood(path, "", [found], before);
  return { digest: "", good: undefined, goodContent: undefined, findings: [found] };
}

/** Anything that is there and cannot be read, by what the system said. */
export function unreadable(path: string, error: unknown, addition = ""): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy =
    remedies[(error as NodeJS.ErrnoException).code ?? ""] ?? "check the disk and the file system";
  return finding("MANIFEST_UNREADABLE", wholeOf(path), `cannot be read: ${reason}${addition}`, remedy);
}

const remedies: Readonly<Record<string, string>> = {
  EACCES: "check its permissions",
  EPERM: "check its permissions",
  EMFILE: "raise the limit of open files (ulimit -n)",
  ENFILE: "raise the system's limit of open files",
  ELOOP: "check where its links lead",
};

/** A file that is cut off somewhere in its last good text, or empty: it may be on the way to being written. */
export function isCutShort(content: Uint8Array, { good, goodContent }: ManifestFile): boolean {
  if (goodContent === undefined || good?.objectCount === 0 || content.length >= goodContent.length)
    return false;
  return Buffer.from(goodContent.buffer, goodContent.byteOffset, content.length).equals(content);
}

export function digestOf(content: Uint8Array): string {
  return hash("sha256", content);
}

export function hasErrors({ findings }: ManifestFile): boolean {
  return findings.some(({ severity }) => severity === "error");
}

function keepGood(
  path: string,
  digest: string,
  errors: readonly Finding[],
  { good, goodContent }: ManifestFile,
): ManifestFile {
  const objects = countObjects(good?.desired.length ?? 0);
  const message = `the last good state of this file stays in use (${objects})`;
  const remedy = "mend the errors of this file and save it again";
  const kept = finding("MANIFEST_LAST_GOOD_KEPT", wholeOf(path), message, remedy);
  return { digest, good, goodContent, findings: [...errors, kept] };
}

function unused(path: string, objectCount: number): Finding {
  const objects = objectCount === 0 ? "" : ` (${countObjects(objectCount)})`;
  const message = `nothing of this file is used${objects} until it is mended`;
  return finding("MANIFEST_FILE_UNUSED", wholeOf(path), message, "mend the errors of this file");
}

function countObjects(count: number): string {
  return `${count} ${count === 1 ? "object" : "objects"}`;
}

function wholeOf(path: string): Place {
  return { file: path, line: 0, column: 0 };
}
