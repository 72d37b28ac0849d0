/**
 * One file's text becomes checked objects that know where they stand.
 *
 * YAML 1.1, because that is what the Kubernetes tools read (`yes` is a boolean); but, like those tools, without
 * its timestamps and base-60 numbers. JSON goes through the same parser.
 */

import { type Document, isNode, LineCounter, parseAllDocuments, type Tags } from "yaml";
import { checkObject } from "./check-object.ts";
import type { Desired, FieldPath } from "./desired.ts";
import { type Finding, finding, type Place } from "./finding.ts";

export interface ParsedManifest {
  readonly desired: readonly Desired[];
  /** Kinds of the objects that are of no use here, one entry per object. */
  readonly skippedKinds: readonly string[];
  /** Errors only. With any, the objects are incomplete and should not be used. */
  readonly findings: readonly Finding[];
}

/** Never throws: whatever is wrong with the text is in the findings. `file` only names it there. */
export function parseManifest(text: string, file: string): ParsedManifest {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: "1.1",
    customTags: withoutTimes,
    lineCounter,
    prettyErrors: false,
  });
  const desired: Desired[] = [];
  const skippedKinds: string[] = [];
  const findings: Finding[] = [];
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line, column: col };
  };
  for (const document of documents) {
    const { value, errors } = readDocument(document, placeAt);
    findings.push(...errors);
    for (const { object, path } of objectsIn(value, [])) {
      const checked = checkObject(object, field => placeAt(offsetOf(document, [...path, ...field])));
      if ("desired" in checked) desired.push(checked.desired);
      else if ("skippedKind" in checked) skippedKinds.push(checked.skippedKind);
      else findings.push(...checked.findings);
    }
  }
  return { desired, skippedKinds, findings };
}

function withoutTimes(tags: Tags): Tags {
  return tags.filter(
    tag => typeof tag === "string" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp"),
  );
}

/** `value` is undefined for an empty document and for one with errors. */
function readDocument(document: Document.Parsed, placeAt: (offset: number) => Place) {
  const errors = document.errors.map(error =>
    finding("MANIFEST_SYNTAX", placeAt(error.pos[0]), error.message, "mend the YAML at this place"),
  );
  if (errors.length > 0) return { value: undefined, errors };
  try {
    return { value: document.toJS({ reviver: withoutNull }) as unknown, errors };
  } catch (error) {
    // Aliases that would grow without bounds are found only while they are resolved.
    const message = error instanceof Error ? error.message : String(error);
    const place = placeAt(offsetOf(document, []));
    return { value: undefined, errors: [finding("MANIFEST_SYNTAX", place, message, "use fewer aliases")] };
  }
}

/** `labels:` with nothing behind it is an absent field to the API server. */
function withoutNull(_key: unknown, value: unknown): unknown {
  return value ?? undefined;
}

/** The objects of a document, those of lists one by one, and their paths in it. */
function* objectsIn(value: unknown, path: FieldPath): Generator<{ object: unknown; path: FieldPath }> {
  if (value === undefined) return;
  const { kind, apiVersion, items } = (value ?? {}) as {
    kind?: unknown;
    apiVersion?: unknown;
    items?: unknown;
  };
  if (typeof kind !== "string" || !kind.endsWith("List") || !(Array.isArray(items) || kind === "List")) {
    yield { object: value, path };
    return;
  }
  // Items of a typed list (`ServiceList`) need not repeat what the list says.
  const inherited = kind === "List" ? {} : { kind: kind.slice(0, -"List".length), apiVersion };
  for (const [index, item] of (Array.isArray(items) ? items : []).entries()) {
    const isMapping = typeof item === "object" && item !== null && !Array.isArray(item);
    yield* objectsIn(isMapping ? { ...inherited, ...item } : (item ?? null), [...path, "items", index]);
  }
}

/** Where the field at `path` begins, or the nearest parent that is written out. */
function offsetOf(document: Document.Parsed, path: FieldPath): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.range[0];
}
