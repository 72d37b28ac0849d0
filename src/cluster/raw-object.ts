/** Kubernetes JSON as it arrives: the parts that are read of it, all optional. */
export interface RawObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: RawMetadata;
  readonly spec?: Raw;
  readonly status?: Raw;
  readonly [field: string]: unknown;
}

interface RawMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly [field: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON; only what trims it looks inside
export type Raw = any;

export const none: readonly string[] = [];
export const noLabels: Readonly<Record<string, string>> = {};

export function nameOf(raw: RawObject): string {
  return raw.metadata?.name ?? "";
}

export function namespaceOf(raw: RawObject): string {
  return raw.metadata?.namespace ?? "default";
}

export function versionOf(raw: RawObject): string {
  return raw.metadata?.resourceVersion ?? "";
}

/** The key of the trimmed object, for raw ones that are on their way out or cannot be trimmed. */
export function keyOf({ metadata }: RawObject): string {
  return metadata?.namespace === undefined
    ? (metadata?.name ?? "")
    : `${metadata.namespace}/${metadata.name}`;
}
