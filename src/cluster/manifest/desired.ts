import type { Place } from "./finding.ts";
import type { ManifestKind, ManifestOf } from "./schemas.ts";

/** Keys and indexes from the root of an object to one of its fields. */
export type FieldPath = readonly (string | number)[];

/** One object as somebody wrote it: its fields checked, its place in a file known. */
export interface DesiredOf<K extends ManifestKind> {
  readonly kind: K;
  /** "" for cluster-scoped kinds, `default` where none is given. */
  readonly namespace: string;
  readonly name: string;
  readonly manifest: ManifestOf<K>;
  /** Where a field stands; for one that is absent, where its nearest parent begins. */
  locate(path: FieldPath): Place;
}

export type Desired = { readonly [K in ManifestKind]: DesiredOf<K> }[ManifestKind];

/** Everything of one kind, in the order in which it was written. */
export function ofKind<K extends ManifestKind>(desired: readonly Desired[], kind: K): DesiredOf<K>[] {
  return desired.filter(object => object.kind === kind) as unknown as DesiredOf<K>[];
}

/** `Kind namespace/name`: unique among all desired objects, and how findings name them. */
export function identify(object: Desired): string {
  return `${object.kind} ${object.namespace === "" ? "" : `${object.namespace}/`}${object.name}`;
}
