/** The records of one zone as a tree of labels: the shape in which RFC 1034 §4.3.2 looks names up. */

import type { Name } from "../../wire/name.ts";
import { isSubdomain, lowerName } from "../../wire/name.ts";
import type { RecordData, ResourceRecord } from "../../wire/record.ts";
import { typeCodes } from "../../wire/record.ts";

/** A name of the zone. One without sets has none but names beneath it: an empty non-terminal (RFC 4592 §2.2.2). */
export interface ZoneNode {
  /** Lower case. */
  readonly name: Name;
  readonly sets: ReadonlyMap<number, readonly ResourceRecord[]>;
  /** By label, lower case. */
  readonly children: ReadonlyMap<string, ZoneNode>;
}

export interface ZoneTree {
  /** Lower case. */
  readonly origin: Name;
  readonly soa: ResourceRecord;
  readonly serial: number;
  readonly apex: ZoneNode;
  /** All nodes in canonical order (RFC 4034 §6.1), the apex first. */
  readonly nodes: readonly ZoneNode[];
}

export interface BuiltTree {
  /** Undefined without an SOA record. */
  readonly tree: ZoneTree | undefined;
  /** Records whose owner lies outside the zone: they are left out. */
  readonly strangers: readonly ResourceRecord[];
}

interface GrowingNode extends ZoneNode {
  readonly sets: Map<number, ResourceRecord[]>;
  readonly children: Map<string, GrowingNode>;
}

/** `origin` in lower case. */
export function buildZoneTree(records: readonly ResourceRecord[], origin: Name): BuiltTree {
  const apex = newNode(origin);
  const strangers: ResourceRecord[] = [];
  for (const record of records) {
    if (isSubdomain(record.name, origin)) addTo(nodeAt(apex, record.name), record);
    else strangers.push(record);
  }
  const soa = apex.sets.get(typeCodes.SOA)?.at(-1);
  if (soa?.data.type !== "SOA") return { tree: undefined, strangers };
  return { tree: { origin, soa, serial: soa.data.serial, apex, nodes: [...inOrder(apex)] }, strangers };
}

/** The node of a name in lower case, whatever delegations or wildcards lie on the way. */
export function findNode(tree: ZoneTree, name: Name): ZoneNode | undefined {
  if (!isSubdomain(name, tree.origin)) return undefined;
  let node: ZoneNode | undefined = tree.apex;
  for (let index = name.length - tree.origin.length - 1; index >= 0; index -= 1) {
    node = node?.children.get(name[index] as string);
  }
  return node;
}

export function typeCodeOfData(data: RecordData): number {
  return data.type === "unknown" ? data.code : typeCodes[data.type];
}

function newNode(name: Name): GrowingNode {
  return { name, sets: new Map(), children: new Map() };
}

function nodeAt(apex: GrowingNode, owner: Name): GrowingNode {
  const name = lowerName(owner);
  let node = apex;
  for (let index = name.length - apex.name.length - 1; index >= 0; index -= 1) {
    const label = name[index] as string;
    const child = node.children.get(label) ?? newNode(name.slice(index));
    node.children.set(label, child);
    node = child;
  }
  return node;
}

function addTo({ sets }: GrowingNode, record: ResourceRecord): void {
  const code = typeCodeOfData(record.data);
  const set = sets.get(code);
  if (set === undefined) sets.set(code, [record]);
  else set.push(record);
}

/** Labels hold octets as character codes, so comparing strings compares octets. */
function* inOrder(node: ZoneNode): Generator<ZoneNode> {
  yield node;
  for (const label of [...node.children.keys()].sort()) yield* inOrder(node.children.get(label) as ZoneNode);
}
