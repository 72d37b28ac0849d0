/** Where the fields of a YAML document stand. */

import type { Document } from "yaml";
import { isMap, isNode, isScalar, isSeq } from "yaml";

/** Keys and indexes from the root of an object to one of its fields. */
export type FieldPath = readonly (string | number)[];

/** Offsets at which the name and the value of a field begin; one and the same for items of a list. */
export interface FieldOffsets {
  readonly name: number;
  readonly value: number;
}

export class FieldPlaces {
  /** Names that a mapping has twice, each but the first, in the order of the text. */
  readonly repeated: { readonly path: FieldPath; readonly offset: number }[] = [];
  readonly #offsets = new Map<string, FieldOffsets>();

  constructor({ contents, range: [start] }: Document.Parsed) {
    const root = offsetOf(contents) ?? start;
    this.#offsets.set("[]", { name: root, value: root });
    this.#add(contents, []);
  }

  /** Of the field, or of its nearest parent that is written out. */
  nearest(path: FieldPath): FieldOffsets {
    for (let length = path.length; length > 0; length--) {
      const offsets = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (offsets !== undefined) return offsets;
    }
    return this.#offsets.get("[]") as FieldOffsets;
  }

  #add(node: unknown, path: FieldPath): void {
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        const offset = offsetOf(item) ?? this.nearest(path).value;
        this.#remember([...path, index], { name: offset, value: offset }, item);
      }
    } else if (isMap(node)) {
      for (const { key, value } of node.items) {
        const offset = offsetOf(key);
        if (offset === undefined || !isScalar(key)) continue;
        const field = [...path, String(key.value)];
        if (this.#offsets.has(JSON.stringify(field))) this.repeated.push({ path: field, offset });
        this.#remember(field, { name: offset, value: offsetOf(value) ?? offset }, value);
      }
    }
  }

  #remember(path: FieldPath, offsets: FieldOffsets, node: unknown): void {
    this.#offsets.set(JSON.stringify(path), offsets);
    this.#add(node, path);
  }
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
