/** One page of a list (Kubernetes API concepts: "Retrieving large results sets in chunks"). */

import type { IncomingMessage } from "node:http";
import type { Kind } from "../objects.ts";
import type { RawObject } from "../trim.ts";
import { isBinary, readBody } from "./api-client.ts";
import { readBinaryList } from "./binary-list.ts";

/**
 * client-go asks for 500 objects a page, whatever their size. Reading a page keeps the event loop for some 10 ms a
 * megabyte and takes several times its size in memory; so there is a small one first, to see how large the objects are.
 */
export const firstPageSize = 100;
const maxPageSize = 500;
const wantedBytes = { first: 1_000_000, again: 200_000 };

export interface ListPage {
  readonly items: readonly RawObject[];
  readonly resourceVersion: string;
  /** For the next page; "" in the last one. */
  readonly continueToken: string;
  /** As it came. */
  readonly sizeBytes: number;
}

/** Rejects with anything less than a list, which must not pass for an empty one. */
export async function readListPage(response: IncomingMessage, kind: Kind): Promise<ListPage> {
  const octets = await readBody(response);
  const list = (
    isBinary(response) ? readBinaryList(octets, kind) : JSON.parse(octets.toString())
  ) as Partial<RawList> | null;
  // Go writes an empty list as null.
  const items = list?.items === null ? [] : list?.items;
  const { resourceVersion, continue: continueToken = "" } = list?.metadata ?? {};
  if (!Array.isArray(items) || typeof resourceVersion !== "string")
    throw new Error("the answer is not a list");
  return { items, resourceVersion, continueToken, sizeBytes: octets.length };
}

interface RawList {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly RawObject[] | null;
}

/** How many objects to ask for after this page; fewer at once where queries are being answered meanwhile. */
export function nextPageSize({ items, sizeBytes }: ListPage, which: "first" | "again"): number {
  // A selector may leave nothing of a page.
  if (items.length === 0) return maxPageSize;
  return Math.max(1, Math.min(Math.floor((wantedBytes[which] * items.length) / sizeBytes), maxPageSize));
}
