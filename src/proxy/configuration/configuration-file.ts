/** A KubeProxyConfiguration as text: what it says, and what is wrong with it. */

import type { FieldNames } from "./check-settings.ts";
import { settingsFindings } from "./check-settings.ts";
import { checkTypes, isMapping } from "./check-types.ts";
import type { FieldPath } from "./field-places.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import type { ConfigurationDocument } from "./read-document.ts";
import { readDocument } from "./read-document.ts";
import type { Settings } from "./settings.ts";
import { fileSchema } from "./settings.ts";

const apiGroup = "kubeproxy.config.k8s.io";
const apiVersion = `${apiGroup}/v1alpha1`;
const kind = "KubeProxyConfiguration";

export interface ConfigurationFile {
  /** As far as they are fine; undefined when the text is no KubeProxyConfiguration at all. */
  readonly settings: Settings | undefined;
  readonly findings: readonly Finding[];
}

/** Never throws: whatever is wrong with the text is in the findings. `file` only names it there. */
export function readConfigurationFile(text: string, file: string): ConfigurationFile {
  const document = readDocument(text, file);
  const { value, findings } = document;
  if (findings.some(({ severity }) => severity === "error")) return { settings: undefined, findings };
  const foreign = foreignObject(document);
  if (foreign !== undefined || !isMapping(value)) {
    return { settings: undefined, findings: [...findings, ...(foreign === undefined ? [] : [foreign])] };
  }
  const checked = checkTypes(value, fileSchema);
  const all = [...findings, ...settingsFindings(checked, namesIn(document))];
  return { settings: checked.settings, findings: all.sort(byPlace) };
}

/** What is wrong with the text; empty for a fine one. */
export function checkProxyConfiguration(text: string, file: string): readonly Finding[] {
  return readConfigurationFile(text, file).findings;
}

/** Whether a text, which may be a Corefile or anything else, is meant to be one, or the ConfigMap around one. */
export function isProxyConfiguration(text: string): boolean {
  const [first = ""] = text.replace(documentStart, "").split(/^---/m);
  return ownLine.test(first) || (first.trimStart().startsWith("{") && first.includes(`"${kind}"`));
}

const documentStart = /^(?:[ \t]*(?:#.*)?\r?\n)*---.*\n/;

/** The line that says so, in YAML or in JSON with one field a line. */
const ownLine = new RegExp(
  `^[ \\t]*["']?(?:kind["']?:[ \\t]*["']?${kind}|apiVersion["']?:[ \\t]*["']?${apiGroup})`,
  "m",
);

function foreignObject({ value, placeOf }: ConfigurationDocument): Finding | undefined {
  const fields = isMapping(value) ? value : {};
  const remedy = `begin with apiVersion: ${apiVersion} and kind: ${kind}`;
  if (fields.kind !== kind) {
    const is = typeof fields.kind === "string" ? `a ${fields.kind}` : "not an object with a kind";
    return finding("PROXY_KIND", placeOf(["kind"]), `this is ${is}, not a ${kind}`, remedy);
  }
  if (fields.apiVersion === apiVersion) return undefined;
  const what = `there is no ${kind} but in ${apiVersion}`;
  return finding("PROXY_KIND", placeOf(["apiVersion"]), what, remedy);
}

function namesIn(document: ConfigurationDocument): FieldNames {
  return {
    nameOf: formatPath,
    placeOf: (path, code) =>
      code === "PROXY_FIELD_UNKNOWN" ? document.placeOfName(path) : document.placeOf(path),
  };
}

function formatPath(path: FieldPath): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${key}`))
    .join("");
}

function byPlace({ at: a }: Finding, { at: b }: Finding): number {
  return a.line - b.line || a.column - b.column;
}
