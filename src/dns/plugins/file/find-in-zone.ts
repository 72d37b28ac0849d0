/** What a zone says to a name and a type: RFC 1034 §4.3.2, wildcards of RFC 4592, DNAME of RFC 6672. */

import type { Name } from "../../wire/name.ts";
import { lowerName, maxNameOctets, octetsOf } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { classCodes, typeCodes } from "../../wire/record.ts";
import { typeCodeOfData, type ZoneNode, type ZoneTree } from "./zone-tree.ts";

/** `node` is where the records come from, `records` have the owner that was asked for. */
export type Found =
  | {
      readonly kind: "records";
      readonly records: readonly ResourceRecord[];
      readonly node: ZoneNode;
      readonly isWildcard: boolean;
    }
  /** The name is another name for `target`. */
  | {
      readonly kind: "alias";
      readonly records: readonly ResourceRecord[];
      readonly target: Name;
      readonly node: ZoneNode;
    }
  /** The name belongs to other servers, from `node` down. */
  | { readonly kind: "delegation"; readonly node: ZoneNode }
  /** The name exists, without records of this type; `hasRecords` is false for an empty non-terminal. */
  | { readonly kind: "no-data"; readonly node: ZoneNode; readonly hasRecords: boolean }
  /** `encloser` is the longest name above that exists. */
  | { readonly kind: "no-name"; readonly encloser: ZoneNode }
  /** The DNAME at `node` makes too long a name of this one. */
  | { readonly kind: "too-long"; readonly node: ZoneNode; readonly records: readonly ResourceRecord[] };

export interface Lookup {
  /** In the letter case of the question, which owners echo; below the origin or the origin. */
  readonly name: Name;
  readonly type: number;
  /** Whether signatures go with the records (RFC 4035 §3.1). */
  readonly withSignatures: boolean;
}

export function findInZone(tree: ZoneTree, lookup: Lookup): Found {
  const labels = lowerName(lookup.name).slice(0, lookup.name.length - tree.origin.length);
  let node = tree.apex;
  for (let index = labels.length - 1; index >= 0; index -= 1) {
    const renamed = followRename(node, lookup);
    if (renamed !== undefined) return renamed;
    const child = node.children.get(labels[index] as string);
    if (child === undefined) {
      const wildcard = node.children.get("*");
      return wildcard === undefined ? { kind: "no-name", encloser: node } : answerAt(wildcard, lookup, true);
    }
    // The parent's side of a cut answers for DS (RFC 4035 §3.1.4.1).
    const isAnsweredHere = index === 0 && lookup.type === typeCodes.DS;
    if (child.sets.has(typeCodes.NS) && !isAnsweredHere) return { kind: "delegation", node: child };
    node = child;
  }
  return answerAt(node, lookup, false);
}

/** The records of one type at a node, with their signatures where asked for. */
export function recordsAt(node: ZoneNode, type: number, withSignatures: boolean): readonly ResourceRecord[] {
  const set = node.sets.get(type) ?? [];
  if (!withSignatures || type === typeCodes.RRSIG) return set;
  return [...set, ...signaturesAt(node, type)];
}

function signaturesAt(node: ZoneNode, type: number): readonly ResourceRecord[] {
  const signatures = node.sets.get(typeCodes.RRSIG) ?? [];
  return signatures.filter(({ data }) => data.type === "unknown" && coveredType(data.bytes) === type);
}

/** RFC 4034 §3.1.1. */
function coveredType(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
}

function answerAt(node: ZoneNode, { name, type, withSignatures }: Lookup, isWildcard: boolean): Found {
  const withOwner = (record: ResourceRecord): ResourceRecord => ({ ...record, name });
  const [alias] = node.sets.get(typeCodes.CNAME) ?? [];
  if (alias?.data.type === "CNAME" && type !== typeCodes.CNAME) {
    const records = recordsAt(node, typeCodes.CNAME, withSignatures).map(withOwner);
    return { kind: "alias", records, target: alias.data.target, node };
  }
  const records = recordsAt(node, type, withSignatures).map(withOwner);
  const isThere = records.some(({ data }) => typeCodeOfData(data) === type);
  if (isThere) return { kind: "records", records, node, isWildcard };
  return { kind: "no-data", node, hasRecords: node.sets.size > 0 };
}

/** RFC 6672 §3.2: whatever lies below a DNAME has another name below its target. */
function followRename(node: ZoneNode, { name, withSignatures }: Lookup): Found | undefined {
  const [rename] = node.sets.get(typeCodes.DNAME) ?? [];
  if (rename?.data.type !== "unknown") return undefined;
  const records = recordsAt(node, typeCodes.DNAME, withSignatures);
  const target = [...name.slice(0, name.length - node.name.length), ...nameIn(rename.data.bytes)];
  if (octetsOf(target) > maxNameOctets) return { kind: "too-long", node, records };
  const { ttlSeconds } = rename;
  const alias: ResourceRecord = { name, class: classCodes.IN, ttlSeconds, data: { type: "CNAME", target } };
  return { kind: "alias", records: [...records, alias], target, node };
}

/** The name that uncompressed octets hold from their beginning. */
function nameIn(bytes: Uint8Array): Name {
  const labels: string[] = [];
  for (let offset = 0; ; ) {
    const length = bytes[offset] ?? 0;
    if (length === 0) return labels;
    labels.push(Buffer.from(bytes.subarray(offset + 1, offset + 1 + length)).toString("latin1"));
    offset += 1 + length;
  }
}
