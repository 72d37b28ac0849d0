/** One object of a document is taken, skipped because its kind is of no use here, or refused with reasons. */

import type { z } from "zod";
import type { RawObject } from "../trim.ts";
import type { Desired, FieldPath } from "./desired.ts";
import type { CheckParams } from "./field-checks.ts";
import { type Finding, finding, type Place } from "./finding.ts";
import { type ManifestKind, schemas } from "./schemas.ts";

export type CheckedObject =
  | { readonly desired: Desired }
  | { readonly skippedKind: string }
  | { readonly findings: readonly Finding[] };

/** API versions whose objects are read; a Knative `Service` is none of ours. */
const versions: { readonly [K in ManifestKind]: readonly string[] } = {
  Namespace: ["v1"],
  Service: ["v1"],
  EndpointSlice: ["discovery.k8s.io/v1"],
  Endpoints: ["v1"],
  Pod: ["v1"],
  Node: ["v1"],
  Deployment: ["apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"],
  StatefulSet: ["apps/v1", "apps/v1beta1", "apps/v1beta2"],
  DaemonSet: ["apps/v1", "apps/v1beta2", "extensions/v1beta1"],
  ReplicaSet: ["apps/v1", "apps/v1beta2", "extensions/v1beta1"],
  ReplicationController: ["v1"],
  Job: ["batch/v1"],
};

const clusterScoped: ReadonlySet<ManifestKind> = new Set(["Namespace", "Node"]);

/** `value` is plain data; `locate` gives the place of a field of it. */
export function checkObject(value: unknown, locate: (path: FieldPath) => Place): CheckedObject {
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
  if (typeof kind !== "string") return { findings: [withoutType("kind", locate)] };
  if (typeof apiVersion !== "string") return { findings: [withoutType("apiVersion", locate, kind)] };
  if (!isReadKind(kind) || !versions[kind].includes(apiVersion)) {
    const meant = isOfKubernetes(apiVersion) ? kindMeantBy(kind) : undefined;
    if (meant === undefined) return { skippedKind: kind };
    return { findings: [wrongVersion(value as RawObject, meant, locate)] };
  }
  const parsed = schemas[kind].safeParse(value);
  if (!parsed.success) {
    return { findings: parsed.error.issues.map(issue => findingOf(issue, value as RawObject, locate)) };
  }
  const { name, namespace = "default" } = parsed.data.metadata;
  const scope = clusterScoped.has(kind) ? "" : namespace;
  return { desired: { kind, namespace: scope, name, manifest: parsed.data, locate } as Desired };
}

/** With neither apiVersion nor kind. */
export function isForeign({ object }: { readonly object: unknown }): boolean {
  const { kind, apiVersion } = (object ?? {}) as { kind?: unknown; apiVersion?: unknown };
  return kind === undefined && apiVersion === undefined;
}

export function refuseForeign(locate: (path: FieldPath) => Place): Finding {
  const message = "this is not a Kubernetes object: it has no kind and apiVersion";
  const remedy = "add apiVersion and kind, or keep files of other kinds in another folder";
  return finding("MANIFEST_NOT_AN_OBJECT", locate([]), message, remedy);
}

function withoutType(field: "kind" | "apiVersion", locate: (path: FieldPath) => Place, kind = ""): Finding {
  const meant = kindMeantBy(kind);
  const what = field === "kind" ? "an object with an apiVersion, but" : `${kind}: an object with a kind, but`;
  const remedy = meant === undefined ? `add ${field}` : `add apiVersion: ${versions[meant][0]}`;
  return finding("MANIFEST_NOT_AN_OBJECT", locate([]), `${what} without ${field}`, remedy);
}

/** Groups of others have a domain name: only Kubernetes's own go without a dot, or end in `.k8s.io`. */
function isOfKubernetes(apiVersion: string): boolean {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return !group.includes(".") || group.endsWith(".k8s.io");
}

function kindMeantBy(kind: string): ManifestKind | undefined {
  const kinds = Object.keys(schemas) as ManifestKind[];
  return kinds.find(known => known.toLowerCase() === kind.toLowerCase());
}

function wrongVersion(object: RawObject, meant: ManifestKind, locate: (path: FieldPath) => Place): Finding {
  const { apiVersion, kind } = object;
  const right = versions[meant].includes(apiVersion ?? "") ? apiVersion : versions[meant][0];
  const name = typeof object.metadata?.name === "string" ? ` ${object.metadata.name}` : "";
  const message = `${kind}${name}: there is no kind ${kind} in ${apiVersion}; ${meant} is in ${right}`;
  const remedy = `write apiVersion: ${right} and kind: ${meant}`;
  return finding("MANIFEST_KIND_VERSION", locate([kind === meant ? "apiVersion" : "kind"]), message, remedy);
}

function isReadKind(kind: string): kind is ManifestKind {
  return Object.hasOwn(schemas, kind);
}

function findingOf(issue: z.core.$ZodIssue, object: RawObject, locate: (path: FieldPath) => Place): Finding {
  const path = issue.path as FieldPath;
  const value = valueAt(object, path);
  const { code, problem, remedy } = judge(issue, value, explainCommand(object, path));
  const name = typeof object.metadata?.name === "string" ? ` ${object.metadata.name}` : "";
  return finding(code, locate(path), `${object.kind}${name}: ${formatPath(path)} ${problem}`, remedy);
}

interface Judgement {
  readonly code: CheckParams["code"];
  readonly problem: string;
  readonly remedy: string;
}

function judge(issue: z.core.$ZodIssue, value: unknown, explain: string): Judgement {
  if (issue.code === "custom" && issue.params !== undefined) {
    const { code, remedy } = issue.params as unknown as CheckParams;
    const isShown = value !== undefined && value !== "" && typeof value !== "object";
    const shown = isShown ? `: ${describe(value)}` : "";
    return { code, problem: `${issue.message}${shown}`, remedy };
  }
  if (value === undefined) return { code: "MANIFEST_FIELD_MISSING", problem: "is missing", remedy: explain };
  if (issue.code === "invalid_type") {
    const problem = `must be ${typeNames[issue.expected] ?? issue.expected}, is ${describe(value)}`;
    return { code: "MANIFEST_FIELD_TYPE", problem, remedy: quoteRemedy(issue.expected, value) ?? explain };
  }
  if (issue.code === "invalid_value") {
    const words = issue.values.join(", ");
    const problem = `must be one of ${words}, is ${describe(value)}`;
    return { code: "MANIFEST_FIELD_VALUE", problem, remedy: `write one of ${words}` };
  }
  return {
    code: "MANIFEST_FIELD_VALUE",
    problem: `is ${describe(value)}: ${issue.message}`,
    remedy: explain,
  };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

/** Quotes forgotten or put in vain are the usual mistake. */
function quoteRemedy(expected: string, value: unknown): string | undefined {
  if (expected === "string" && typeof value !== "object") return "put the value in quotes";
  if (expected !== "string" && typeof value === "string") return "write the value without quotes";
  return undefined;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return JSON.stringify(value).slice(0, 80);
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string | number, unknown>)[key];
  }
  return at;
}

function formatPath(path: FieldPath): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${key}`))
    .join("");
}

function explainCommand(object: RawObject, path: FieldPath): string {
  const fields = path.filter(key => typeof key === "string");
  return `see kubectl explain ${[object.kind?.toLowerCase(), ...fields].join(".")}`;
}
