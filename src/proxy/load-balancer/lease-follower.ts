/** Keeps a view of the Leases as the API server has them: a list, then a watch, again and again. */

import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, readText } from "../../cluster/api/api-client.ts";
import { readWatchEvents } from "../../cluster/api/watch-stream.ts";
import type { RawObject } from "../../cluster/raw-object.ts";
import { leaseSelector, leasesPath, readLease } from "./lease.ts";
import type { LeaseView } from "./lease-view.ts";
import type { Trouble } from "./trouble.ts";

export interface LeaseFollowerOptions {
  readonly client: Pick<ApiClient, "get">;
  readonly view: LeaseView;
  readonly trouble: Trouble;
  /** Longest time without a word: everybody's renewals are heard, the own ones too. */
  readonly silenceMs: number;
  /** After every word. */
  readonly onHeard: () => void;
}

const watchSeconds = 300;

/** Resolves when the signal aborts, and not before. */
export async function followLeases(options: LeaseFollowerOptions, signal: AbortSignal): Promise<void> {
  const { view, trouble } = options;
  while (!signal.aborted) {
    try {
      const resourceVersion = await list(options, signal);
      trouble.over();
      await watch(options, resourceVersion, signal);
    } catch (error) {
      if (signal.aborted) return;
      await delay(trouble.report(error), undefined, { signal }).catch(() => {});
    } finally {
      view.cutOff();
    }
  }
}

async function list(options: LeaseFollowerOptions, signal: AbortSignal): Promise<string> {
  const { client, view, silenceMs, onHeard } = options;
  const limits = { signal, headersSilenceMs: silenceMs, bodySilenceMs: silenceMs };
  const response = await client.get(
    `${leasesPath}?labelSelector=${encodeURIComponent(leaseSelector)}`,
    limits,
  );
  const { metadata, items } = JSON.parse(await readText(response)) as RawObject & {
    readonly items: readonly RawObject[] | null;
  };
  view.replaceAll((items ?? []).map(readLease));
  onHeard();
  return metadata?.resourceVersion ?? "";
}

/** Resolves when it ends or breaks; rejects when the server refuses it. */
async function watch(
  { client, view, silenceMs, onHeard }: LeaseFollowerOptions,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({
    watch: "true",
    labelSelector: leaseSelector,
    resourceVersion,
    timeoutSeconds: String(watchSeconds),
  });
  const limits = { signal, headersSilenceMs: silenceMs, bodySilenceMs: silenceMs };
  const { body } = await client.get(`${leasesPath}?${query}`, limits);
  try {
    for await (const { type, object } of readWatchEvents(body)) {
      if (type === "ERROR") return;
      const lease = readLease(object);
      if (type === "DELETED") view.remove(lease.name);
      else if (type !== "BOOKMARK") view.apply(lease);
      onHeard();
    }
  } catch {
    // A list tells what is wrong, if anything still is.
  }
}
