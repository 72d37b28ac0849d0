/** Lists: in pages (Kubernetes API concepts: "Retrieving large results sets in chunks"), or read while they arrive. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kind } from "../objects.ts";
import type { RawObject } from "../trim.ts";
import { type ApiResponse, readBody } from "./api-client.ts";
import { BinaryList, type ListMetadata } from "./binary-list.ts";

/**
 * client-go asks for 500 objects a page, whatever their size. Reading a page keeps the event loop for some 10 ms a
 * megabyte and takes several times its size in memory; so there is a small one first, to see how large the objects are.
 */
export const firstPageSize = 100;
const maxPageSize = 500;
/** What is done in one turn of the event loop: a millisecond or two. */
export const objectsPerTurn = 50;
const wantedBytes = { first: 1_000_000, again: 200_000 };

export interface ListPage {
  readonly items: readonly RawObject[];
  readonly resourceVersion: string;
  /** For the next page; "" in the last one. */
  readonly continueToken: string;
  /** As it came. */
  readonly sizeBytes: number;
}

/** In JSON. Rejects with anything less than a list, which must not pass for an empty one. */
export async function readListPage({ body }: ApiResponse): Promise<ListPage> {
  const octets = await readBody(body);
  const { items, metadata } = (JSON.parse(octets.toString()) ?? {}) as Partial<RawList>;
  // Go writes an empty list as null.
  if (items !== null && !Array.isArray(items)) throw noList();
  const { continue: continueToken = "" } = metadata ?? {};
  return {
    items: items ?? [],
    resourceVersion: versionOf(metadata),
    continueToken,
    sizeBytes: octets.length,
  };
}

/**
 * Takes each object of a list in Protocol Buffers as soon as it is complete. Resolves with the list's resourceVersion.
 * Rejects as soon as it turns out to be no list, and with one that is not whole.
 */
export async function readListStream(
  { body }: ApiResponse,
  kind: Kind,
  take: (raw: RawObject) => void,
): Promise<string> {
  const list = new BinaryList(kind);
  let count = 0;
  for await (const chunk of body) {
    list.add(chunk);
    for (const raw of list.items()) {
      take(raw);
      if (++count % objectsPerTurn === 0) await nextTurn();
    }
  }
  list.close();
  if (list.metadata.continue) throw new Error("the list is not whole");
  return versionOf(list.metadata);
}

function versionOf(metadata: ListMetadata | undefined): string {
  if (typeof metadata?.resourceVersion !== "string") throw noList();
  return metadata.resourceVersion;
}

function noList(): Error {
  return new Error("the answer is not a list");
}

interface RawList {
  readonly metadata: ListMetadata;
  readonly items: readonly RawObject[] | null;
}

/** How many objects to ask for after this page; fewer at once where queries are being answered meanwhile. */
export function nextPageSize({ items, sizeBytes }: ListPage, which: "first" | "again"): number {
  // A selector may leave nothing of a page.
  if (items.length === 0) return maxPageSize;
  return Math.max(1, Math.min(Math.floor((wantedBytes[which] * items.length) / sizeBytes), maxPageSize));
}
