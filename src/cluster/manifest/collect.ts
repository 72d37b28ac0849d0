/** The objects of all files together: one of each name, and one line about the kinds that are of no use. */

import { type Desired, identify } from "./desired.ts";
import { type Finding, finding, formatPlace, nowhere } from "./finding.ts";
import type { ParsedManifest } from "./parse-manifest.ts";
import type { ManifestFiles } from "./read-manifests.ts";

export interface Collected {
  readonly desired: readonly Desired[];
  readonly findings: readonly Finding[];
}

/** Names of files in one note; more are only counted. */
const mostNames = 10;

/** One line about all files that hold something else than Kubernetes objects. */
export function foreignNote(files: ManifestFiles): Finding[] {
  const paths = [...files].flatMap(([path, { good }]) => (good?.isForeign ? [path] : []));
  if (paths.length === 0) return [];
  const rest = paths.length > mostNames ? ` and ${paths.length - mostNames} more` : "";
  const noun = paths.length === 1 ? "file that holds" : "files that hold";
  const names = paths.slice(0, mostNames).join(", ");
  const message = `skipped ${paths.length} ${noun} no Kubernetes objects: ${names}${rest}`;
  return [finding("MANIFEST_FILES_SKIPPED", nowhere, message, "")];
}

/** Where two files, or two places of one, have the same object, the later one is used. */
export function collect(files: Iterable<ParsedManifest>): Collected {
  const byIdentity = new Map<string, Desired>();
  const findings: Finding[] = [];
  const skipped = new Map<string, number>();
  for (const file of files) {
    for (const object of file.desired) {
      const identity = identify(object);
      const earlier = byIdentity.get(identity);
      if (earlier !== undefined) findings.push(duplicateOf(object, earlier));
      byIdentity.delete(identity);
      byIdentity.set(identity, object);
    }
    for (const kind of file.skippedKinds) skipped.set(kind, (skipped.get(kind) ?? 0) + 1);
  }
  if (skipped.size > 0) findings.push(skippedNote(skipped));
  return { desired: [...byIdentity.values()], findings };
}

function duplicateOf(object: Desired, earlier: Desired): Finding {
  const place = formatPlace(earlier.locate([]));
  return finding(
    "MANIFEST_DUPLICATE_OBJECT",
    object.locate([]),
    `${identify(object)} is written twice; this one is used, not the one at ${place}`,
    "remove one of the two",
  );
}

function skippedNote(skipped: ReadonlyMap<string, number>): Finding {
  const counts = [...skipped].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const kinds = counts.map(([kind, count]) => `${kind} ${count}`).join(", ");
  const noun = total === 1 ? "object" : "objects";
  const message = `skipped ${total} ${noun} of kinds this needs nothing of: ${kinds}`;
  return finding("MANIFEST_KINDS_SKIPPED", nowhere, message, "");
}
