import { BinaryList, type ListMetadata } from "../../../src/cluster/api/binary-list.ts";
import type { Kind } from "../../../src/cluster/objects.ts";
import type { RawObject } from "../../../src/cluster/trim.ts";

/** A whole list at once. Throws for anything else. */
export function readBinaryList(
  octets: Buffer,
  kind: Kind,
): { readonly metadata: ListMetadata; readonly items: readonly RawObject[] } {
  const list = new BinaryList(kind);
  list.add(octets);
  const items = [...list.items()];
  list.close();
  return { metadata: list.metadata, items };
}
