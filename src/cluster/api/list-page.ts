/** One page of a list (Kubernetes API concepts: "Retrieving large results sets in chunks"). */

import type { IncomingMessage } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kind } from "../objects.ts";
import type { RawObject } from "../trim.ts";
import { isBinary, readBody } from "./api-client.ts";
import { BinaryList, type ListMetadata, readBinaryList } from "./binary-list.ts";

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
  /** In Protocol Buffers: what continues it can be read while it arrives. */
  readonly isBinary: boolean;
}

/** Rejects with anything less than a list, which must not pass for an empty one. */
export async function readListPage(response: IncomingMessage, kind: Kind): Promise<ListPage> {
  const octets = await readBody(response);
  if (isBinary(response)) {
    const { items, metadata } = readBinaryList(octets, kind);
    return pageOf(items, metadata, octets.length, true);
  }
  const list = JSON.parse(octets.toString()) as Partial<RawList> | null;
  // Go writes an empty list as null.
  return pageOf(list?.items === null ? [] : list?.items, list?.metadata, octets.length, false);
}

/**
 * Reads all that continues a list in Protocol Buffers, while it arrives: each object is taken when it is complete, and
 * nothing is held of it. Resolves with what there is to know of the whole. Rejects as soon as it turns out to be no list.
 */
export async function readRest(
  response: IncomingMessage,
  kind: Kind,
  take: (raw: RawObject) => void,
): Promise<ListPage> {
  if (!isBinary(response)) throw new Error("the list goes on in another form than it began");
  const list = new BinaryList(kind);
  let count = 0;
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    list.add(chunk);
    for (const raw of list.items()) {
      take(raw);
      if (++count % objectsPerTurn === 0) await nextTurn();
    }
  }
  list.close();
  return pageOf([], list.metadata, sizeBytes, true);
}

/** Throws unless there is what every list has. */
function pageOf(
  items: readonly RawObject[] | undefined,
  metadata: ListMetadata | undefined,
  sizeBytes: number,
  isBinary: boolean,
): ListPage {
  const { resourceVersion, continue: continueToken = "" } = metadata ?? {};
  if (!Array.isArray(items) || typeof resourceVersion !== "string")
    throw new Error("the answer is not a list");
  return { items, resourceVersion, continueToken, sizeBytes, isBinary };
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
