/** One file's text becomes checked objects that know where they stand. */

import { checkObject, isForeign, refuseForeign } from "./check-object.ts";
import { generateName } from "./control-plane/generated-name.ts";
import type { Desired, FieldPath } from "./desired.ts";
import type { Finding, Place } from "./finding.ts";
import { misspelledFields } from "./misspelled-fields.ts";
import { readDocuments } from "./read-documents.ts";

export interface ParsedManifest {
  readonly desired: readonly Desired[];
  /** Kinds of the objects that are of no use here, one entry per object. */
  readonly skippedKinds: readonly string[];
  /** Errors only. With any, the objects are incomplete and should not be used. */
  readonly findings: readonly Finding[];
  /** What looks like a mistake and is used as it stands. */
  readonly warnings: readonly Finding[];
  /** Objects of the kinds that are read, refused ones too. */
  readonly objectCount: number;
  /** The file has documents, and none of them is a Kubernetes object: a values.yaml, a package.json. */
  readonly isForeign: boolean;
}

/** How much is expected of a file. */
export interface ParseOptions {
  /** Files of other programs, which lie in many folders, are no error. */
  readonly mayBeForeign?: boolean;
}

/** Never throws: whatever is wrong with the text is in the findings. `file` only names it there. */
export function parseManifest(
  text: string,
  file: string,
  { mayBeForeign = false }: ParseOptions = {},
): ParsedManifest {
  const { documents, errors } = readDocuments(text, file);
  const objects = documents.flatMap(({ value, locate }) =>
    [...objectsIn(value, [])].map(({ object, path }) => ({
      object,
      isDocument: path.length === 0,
      locate: (field: FieldPath) => locate([...path, ...field]),
    })),
  );
  const isAllForeign = objects.length > 0 && objects.every(placed => placed.isDocument && isForeign(placed));
  if (mayBeForeign && errors.length === 0 && isAllForeign) return { ...nothing, isForeign: true };
  return checkAll(objects, errors, file);
}

const nothing: ParsedManifest = {
  desired: [],
  skippedKinds: [],
  findings: [],
  warnings: [],
  objectCount: 0,
  isForeign: false,
};

interface PlacedObject {
  readonly object: unknown;
  /** A whole document, not an item of a List. */
  readonly isDocument: boolean;
  locate(field: FieldPath): Place;
}

function checkAll(
  objects: readonly PlacedObject[],
  errors: readonly Finding[],
  file: string,
): ParsedManifest {
  const desired: Desired[] = [];
  const skippedKinds: string[] = [];
  const findings: Finding[] = [...errors];
  const warnings: Finding[] = [];
  const takenNames = new Set<string>();
  for (const placed of objects) {
    const { locate } = placed;
    const object = withName(placed.object, file, takenNames);
    const checked = isForeign(placed) ? { findings: [refuseForeign(locate)] } : checkObject(object, locate);
    if ("skippedKind" in checked) skippedKinds.push(checked.skippedKind);
    else warnings.push(...misspelledFields(object, locate));
    if ("desired" in checked) desired.push(checked.desired);
    if ("findings" in checked) findings.push(...checked.findings);
  }
  const objectCount = objects.length - skippedKinds.length;
  return { desired, skippedKinds, findings, warnings, objectCount, isForeign: false };
}

/** A Pod that leaves its name to the API server gets one that depends on its file and its place among its like. */
function withName(object: unknown, file: string, takenNames: Set<string>): unknown {
  const { kind, metadata } = (object ?? {}) as { readonly kind?: unknown; readonly metadata?: Unnamed };
  const { name, generateName: base, namespace = "default" } = metadata ?? {};
  if (kind !== "Pod" || typeof base !== "string" || (name !== undefined && name !== "")) return object;
  const invented = generateName(base, `${file}/${namespace}/${base}`, takenNames);
  return { ...(object as object), metadata: { ...metadata, name: invented } };
}

interface Unnamed {
  readonly name?: unknown;
  readonly generateName?: unknown;
  readonly namespace?: unknown;
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
