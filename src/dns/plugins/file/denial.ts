/** Proofs that something does not exist, from a signed zone's NSEC records: RFC 4035 §3.1.3. */

import type { Name } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { typeCodes } from "../../wire/record.ts";
import { type Found, recordsAt } from "./find-in-zone.ts";
import type { ZoneNode, ZoneTree } from "./zone-tree.ts";

/** NSEC records with their signatures that go with an answer; `name` in lower case. None in a zone without them. */
export function proofOf(tree: ZoneTree, name: Name, found: Found): readonly ResourceRecord[] {
  const proofs = new Set(provingNodes(tree, name, found));
  return [...proofs].flatMap(node => recordsAt(node, typeCodes.NSEC, true));
}

function provingNodes(tree: ZoneTree, name: Name, found: Found): readonly ZoneNode[] {
  switch (found.kind) {
    case "no-data":
      return found.hasRecords ? [found.node] : [nodeBefore(tree, name)];
    case "no-name":
      // Neither the name exists nor a wildcard that could have stood for it.
      return [nodeBefore(tree, name), nodeBefore(tree, ["*", ...found.encloser.name])];
    case "records":
      return found.isWildcard ? [nodeBefore(tree, name)] : [];
    default:
      return [];
  }
}

/** The last node before the name that has an NSEC record; the apex when none has. */
function nodeBefore(tree: ZoneTree, name: Name): ZoneNode {
  let [low, high] = [0, tree.nodes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareNames((tree.nodes[middle] as ZoneNode).name, name) < 0) low = middle + 1;
    else high = middle;
  }
  while (low > 1 && tree.nodes[low - 1]?.sets.has(typeCodes.NSEC) !== true) low -= 1;
  return tree.nodes[low - 1] ?? tree.apex;
}

/** Canonical order of names in lower case: RFC 4034 §6.1. */
function compareNames(a: Name, b: Name): number {
  for (let depth = 1; depth <= Math.min(a.length, b.length); depth += 1) {
    const [labelA = "", labelB = ""] = [a.at(-depth), b.at(-depth)];
    if (labelA !== labelB) return labelA < labelB ? -1 : 1;
  }
  return a.length - b.length;
}
