/**
 * Keeps one kind of the store equal to what the API server has: a list, then a watch from there, for ever.
 *
 * Nothing that fails ends it and nothing that fails removes an object: what is known stays until a complete new list
 * says otherwise, and objects with an unchanged resourceVersion make no event.
 * (Kubernetes API concepts: "Efficient detection of changes", "Retrieving large results sets in chunks".)
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "pino";
import type { ClusterObject, Kind } from "../objects.ts";
import { keyOf, type RawObject } from "../raw-object.ts";
import type { ClusterStore } from "../store.ts";
import { trim } from "../trim.ts";
import type { Alarm } from "./alarm.ts";
import type { ApiClient, ApiResponse } from "./api-client.ts";
import { ApiStatusError, describeError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import { binaryReaderOf } from "./binary-objects.ts";
import { collections } from "./collections.ts";
import {
  firstPageSize,
  type ListPage,
  nextPageSize,
  objectsPerTurn,
  readListPage,
  readListStream,
} from "./lists.ts";
import { Progress, type ReflectorStatus } from "./progress.ts";
import type { Timing } from "./timing.ts";
import { readWatchEvents, type WatchEvent } from "./watch-stream.ts";

/** Which objects of a kind are asked for, in the syntax of the API's selectors. */
export interface Selection {
  readonly labels?: string;
  readonly fields?: string;
  /** What is kept of an object; all of it unless given. */
  readonly keep?: (object: ClusterObject) => ClusterObject;
  /** List them in Protocol Buffers where the server can, without what `binary-objects.ts` leaves out. */
  readonly isBinary?: boolean;
}

export class Reflector {
  readonly #kind: Kind;
  readonly #client: ApiClient;
  readonly #store: ClusterStore;
  readonly #selection: Selection;
  readonly #timing: Timing;
  readonly #alarm: Alarm;
  readonly #progress: Progress;
  readonly #failures: Backoff;
  readonly #expirations: Backoff;
  readonly #isBinary: boolean;
  #isListNeeded = true;
  #expirationsInARow = 0;
  #isWaitingOut = false;

  constructor(
    kind: Kind,
    client: ApiClient,
    store: ClusterStore,
    log: Logger,
    selection: Selection,
    timing: Timing,
    alarm: Alarm,
  ) {
    this.#kind = kind;
    this.#client = client;
    this.#store = store;
    this.#selection = selection;
    this.#isBinary = selection.isBinary === true && binaryReaderOf(kind) !== undefined;
    this.#timing = timing;
    this.#alarm = alarm;
    this.#progress = new Progress(kind, collections[kind].resource, client.server, log, timing.nowMs);
    this.#failures = new Backoff(timing.backoff, timing.random);
    this.#expirations = new Backoff(timing.backoff, timing.random);
  }

  get status(): ReflectorStatus {
    return this.#progress.status;
  }

  /** Resolves when the signal aborts, and not before. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#isListNeeded) await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  /** What is gone is removed only when the whole list is here. */
  async #list(signal: AbortSignal): Promise<void> {
    const { nowMs } = this.#timing;
    const startedAtMs = nowMs();
    const keys = new Set<string>();
    const resourceVersion = (await this.#takeStream(keys, signal)) ?? (await this.#takePages(keys, signal));
    this.#store.retain(this.#kind, keys);
    this.#store.markSynced(this.#kind);
    this.#isListNeeded = false;
    this.#failures.reset();
    this.#progress.listed(resourceVersion, keys.size, nowMs() - startedAtMs);
  }

  /**
   * What is read while it arrives need not come in pages: each object is taken when it is complete, and nothing is held
   * of it. The server has a whole list in its watch cache and begins to send it at once; for the second page of one it
   * takes longer than for all of it. Gives the resourceVersion; undefined where the server has only JSON.
   */
  async #takeStream(keys: Set<string>, signal: AbortSignal): Promise<string | undefined> {
    if (!this.#isBinary) return undefined;
    const response = await this.#fetchStream(signal);
    if (response === undefined) return undefined;
    this.#progress.listing();
    return readListStream(response, this.#kind, raw => this.#takeItem(raw, keys));
  }

  /** The first list is what the watch cache has, as client-go's; a later one must not be older than what was seen. */
  async #fetchStream(signal: AbortSignal): Promise<ApiResponse | undefined> {
    const query: Record<string, string> = this.status.resourceVersion === "" ? { resourceVersion: "0" } : {};
    try {
      const response = await this.#get(query, this.#timing.answerSilenceMs, signal, true);
      if (response.isBinary) return response;
      response.body.destroy();
    } catch (error) {
      if (!(error instanceof ApiStatusError && error.code === 406)) throw error;
    }
    return undefined;
  }

  /** Each page is applied while the next one is made. Gives the resourceVersion of all of them. */
  async #takePages(keys: Set<string>, signal: AbortSignal): Promise<string> {
    let page = await this.#fetchPage("", firstPageSize, signal);
    this.#progress.listing();
    while (page.continueToken !== "") {
      const which = this.#store.isSynced(this.#kind) ? "again" : "first";
      const next = this.#fetchPage(page.continueToken, nextPageSize(page, which), signal);
      // It is waited for below; until then a failure is nobody's.
      next.catch(() => {});
      await this.#takePage(page, keys);
      page = await next;
    }
    await this.#takePage(page, keys);
    return page.resourceVersion;
  }

  /** Queries are answered in between: nobody may notice that everything is listed again. */
  async #takePage({ items }: ListPage, keys: Set<string>): Promise<void> {
    for (const [index, raw] of items.entries()) {
      if (index % objectsPerTurn === 0) await nextTurn();
      this.#takeItem(raw, keys);
    }
  }

  #takeItem(raw: RawObject, keys: Set<string>): void {
    const key = keyOf(raw);
    keys.add(key);
    if (!this.#isKnown(key, raw)) this.#apply(raw);
  }

  /** Most of a second list is: there is nothing to be read of it. */
  #isKnown(key: string, { metadata }: RawObject): boolean {
    const version = metadata?.resourceVersion ?? "";
    return version !== "" && this.#store.get(this.#kind, key)?.resourceVersion === version;
  }

  // No resourceVersion: the newest state, in pages. With resourceVersion=0 the watch cache ignores the limit.
  async #fetchPage(token: string, limit: number, signal: AbortSignal): Promise<ListPage> {
    const query = { limit: String(limit), ...(token === "" ? {} : { continue: token }) };
    return readListPage(await this.#get(query, this.#timing.answerSilenceMs, signal));
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { nowMs, random, watchSeconds, watchGraceMs, shortWatchMs } = this.#timing;
    const startedAtMs = nowMs();
    const { resourceVersion } = this.status;
    const timeoutSeconds = Math.round(watchSeconds.min + random() * (watchSeconds.max - watchSeconds.min));
    const query = {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    };
    const response = await this.#get(query, timeoutSeconds * 1000 + watchGraceMs, signal);
    this.#progress.watching();
    try {
      for await (const event of readWatchEvents(response.body)) this.#take(event);
      if (this.status.resourceVersion === resourceVersion && nowMs() - startedAtMs < shortWatchMs) {
        throw new Error("the server ended the watch at once");
      }
    } finally {
      const hasProgressed = this.status.resourceVersion !== resourceVersion;
      if (hasProgressed || nowMs() - startedAtMs >= shortWatchMs) this.#resetBackoff();
    }
  }

  async #get(
    query: Record<string, string>,
    bodySilenceMs: number,
    signal: AbortSignal,
    isBinary = false,
  ): Promise<ApiResponse> {
    const { root, resource } = collections[this.#kind];
    const { labels, fields } = this.#selection;
    const search = new URLSearchParams(query);
    if (labels !== undefined) search.set("labelSelector", labels);
    if (fields !== undefined) search.set("fieldSelector", fields);
    const headersSilenceMs = this.#timing.answerSilenceMs;
    const options = { signal, headersSilenceMs, bodySilenceMs, isBinary };
    const response = await this.#client.get(`${root}/${resource}?${search}`, options);
    if (this.#isWaitingOut) this.#alarm.ring();
    this.#isWaitingOut = false;
    return response;
  }

  #take({ type, object }: WatchEvent): void {
    if (type === "ERROR") throw ApiStatusError.ofEvent(object);
    if (type === "DELETED") this.#store.remove(this.#kind, keyOf(object));
    else if (type !== "BOOKMARK") this.#apply(object);
    this.#progress.seen(object.metadata?.resourceVersion ?? "");
  }

  /** One object of an unexpected shape must not keep all others from being known. */
  #apply(raw: RawObject): void {
    try {
      const object = trim(this.#kind, raw);
      this.#store.apply(this.#selection.keep?.(object) ?? object);
    } catch (error) {
      this.#progress.leftAsItWas(keyOf(raw), describeError(error));
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (this.#isUndefinedKind(error)) return this.#awaitDefinition(signal);
    const reason = describeError(error);
    if (error instanceof ApiStatusError && error.isExpired) {
      this.#isListNeeded = true;
      // The first is the price of an outage; a second without progress between is a server that goes in circles.
      if (this.#expirationsInARow++ === 0) return this.#progress.expired(reason);
      return this.#pause(reason, this.#expirations.next(), signal);
    }
    // Who may list but not watch, or watches through something that cannot, polls: late beats never.
    if (error instanceof ApiStatusError && [403, 404, 405].includes(error.code)) this.#isListNeeded = true;
    const retryAfterMs = error instanceof ApiStatusError ? error.retryAfterMs : 0;
    this.#isWaitingOut = true;
    // Whoever is told when to come back does not come earlier.
    const woken = retryAfterMs > 0 ? signal : AbortSignal.any([signal, this.#alarm.signal]);
    await this.#pause(reason, Math.max(this.#failures.next(), retryAfterMs), woken);
  }

  #isUndefinedKind(error: unknown): boolean {
    const isOptional = collections[this.#kind].definition !== undefined;
    return isOptional && error instanceof ApiStatusError && error.code === 404;
  }

  /**
   * A cluster without the kind has no objects of it, and everything else is as it would be with none. What a
   * definition that went away leaves behind stays until there is a list again, as with every other failure.
   */
  #awaitDefinition(signal: AbortSignal): Promise<void> {
    this.#isListNeeded = true;
    this.#store.markSynced(this.#kind);
    this.#progress.undefinedKind(collections[this.#kind].definition ?? "");
    return this.#timing.sleep(this.#failures.next(), signal);
  }

  #pause(reason: string, delayMs: number, signal: AbortSignal): Promise<void> {
    this.#progress.failed(reason, delayMs);
    return this.#timing.sleep(delayMs, signal);
  }

  #resetBackoff(): void {
    this.#failures.reset();
    this.#expirations.reset();
    this.#expirationsInARow = 0;
  }
}
