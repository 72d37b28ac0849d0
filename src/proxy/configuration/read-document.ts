/** Text becomes a plain value that knows where its fields stand: YAML or JSON, the bare object or in its ConfigMap. */

import type { Document, Scalar } from "yaml";
import { isMap, isScalar, parseAllDocuments } from "yaml";
import { goTags } from "../../cluster/manifest/scalar-tags.ts";
import type { FieldPath } from "./field-places.ts";
import { FieldPlaces } from "./field-places.ts";
import type { Finding, Place } from "./finding.ts";
import { finding } from "./finding.ts";
import { TextLines } from "./text-lines.ts";

export interface ConfigurationDocument {
  /** Undefined without any object, and with syntax errors. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** Where the value of a field begins, or its nearest parent that is written out. */
  placeOf(path: FieldPath): Place;
  /** Where the name of a field begins, likewise. */
  placeOfName(path: FieldPath): Place;
}

/** Key of the ConfigMap that kubeadm keeps the configuration in. */
const configMapKey = "config.conf";

/** More say nothing new: one slip makes the parser stumble over all that follows. */
const mostSyntaxErrors = 3;

type PlaceAt = (offset: number) => Place;

/** Never throws. Of several documents the first counts, as for kube-proxy. */
export function readDocument(text: string, file: string): ConfigurationDocument {
  const lines = new TextLines(text);
  const placeAt: PlaceAt = offset => ({ file, ...lines.at(offset) });
  const documents = parse(text);
  const inner = configMapText(documents[0]);
  if (inner === undefined) return readFirst(documents, placeAt);
  const innerPlaceAt = placesInside(inner, text, placeAt);
  const what = `this is a ConfigMap; the configuration in its key ${configMapKey} is read`;
  const note = finding("PROXY_CONFIG_MAP", placeAt(inner.range[0]), what, "");
  const read = readFirst(parse(inner.value), innerPlaceAt);
  return { ...read, findings: [note, ...read.findings] };
}

function parse(text: string): readonly Document.Parsed[] {
  return [
    ...parseAllDocuments(text, {
      // As the Kubernetes tools read it, where the last of two fields with one name counts.
      version: "1.1",
      customTags: goTags,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
    }),
  ];
}

function readFirst([first, surplus]: readonly Document.Parsed[], placeAt: PlaceAt): ConfigurationDocument {
  const start = placeAt(0);
  if (first === undefined) return unread(start, []);
  if (first.errors.length > 0) return unread(start, syntaxErrors(first, placeAt));
  try {
    const value = (first.toJS() as unknown) ?? undefined;
    const fields = new FieldPlaces(first);
    return {
      value,
      findings: [...ignoredDocuments(surplus, placeAt), ...repeatedFields(fields, placeAt)],
      placeOf: path => placeAt(fields.nearest(path).value),
      placeOfName: path => placeAt(fields.nearest(path).name),
    };
  } catch (error) {
    // Aliases that would grow without bounds are found only while they are resolved.
    const message = error instanceof Error ? error.message : String(error);
    return unread(start, [finding("PROXY_SYNTAX", start, message, "use fewer aliases")]);
  }
}

function unread(start: Place, findings: readonly Finding[]): ConfigurationDocument {
  return { value: undefined, findings, placeOf: () => start, placeOfName: () => start };
}

function syntaxErrors({ errors }: Document.Parsed, placeAt: PlaceAt): readonly Finding[] {
  return errors
    .slice(0, mostSyntaxErrors)
    .map(({ pos, message }) =>
      finding("PROXY_SYNTAX", placeAt(pos[0]), message, "mend the YAML at this place"),
    );
}

function ignoredDocuments(surplus: Document.Parsed | undefined, placeAt: PlaceAt): readonly Finding[] {
  if (surplus === undefined) return [];
  const what = "this document is not read: only the first one of a file is";
  const at = placeAt(surplus.range[0]);
  return [finding("PROXY_DOCUMENTS_IGNORED", at, what, "remove it, or move it to a file of its own")];
}

function repeatedFields({ repeated }: FieldPlaces, placeAt: PlaceAt): readonly Finding[] {
  return repeated.map(({ path, offset }) => {
    const what = `${path.join(".")} is given more than once, and only its last value counts`;
    return finding("PROXY_FIELD_DUPLICATE", placeAt(offset), what, "keep one of them");
  });
}

interface TextNode extends Scalar.Parsed {
  readonly value: string;
}

/** What holds the configuration in a ConfigMap as `kubectl get configmap -o yaml` prints it. */
function configMapText(document: Document.Parsed | undefined): TextNode | undefined {
  const contents: unknown = document?.contents;
  if (document?.errors.length !== 0 || !isMap(contents) || contents.get("kind") !== "ConfigMap")
    return undefined;
  const node: unknown = document.getIn(["data", configMapKey], true);
  return isScalar(node) && typeof node.value === "string" ? (node as TextNode) : undefined;
}

/** A literal block (`|`) keeps its lines, so places in it are places of the file; other forms have one place only. */
function placesInside({ type, value, range }: TextNode, text: string, placeAt: PlaceAt): PlaceAt {
  const start = placeAt(range[0]);
  if (type !== "BLOCK_LITERAL") return () => start;
  const outerLines = new TextLines(text);
  const innerLines = new TextLines(value);
  const block = text.slice(range[0], range[1]);
  const indent = /\n( *)\S/.exec(block)?.[1]?.length ?? 0;
  return offset => {
    const { line, column } = innerLines.at(offset);
    return { ...start, ...outerLines.within(start.line + line, column + indent) };
  };
}
