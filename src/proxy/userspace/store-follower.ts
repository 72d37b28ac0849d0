import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "pino";
import type { Kind } from "../../cluster/objects.ts";
import type { Change, ClusterStore } from "../../cluster/store.ts";

/** After this long what could not be done is tried again: the port may be free by then. */
const retryAfterMs = 5_000;

export interface StoreFollowerOptions {
  readonly store: ClusterStore;
  /** Nothing is done before these are complete, so that half a cluster is never acted upon. */
  readonly waitFor: readonly Kind[];
  /** Keys of everything there is to do at the start. */
  readonly all: () => Iterable<string>;
  /** Keys that a change concerns. */
  readonly touchedBy: (change: Change) => Iterable<string>;
  /** Brings what these keys stand for in line with the store. Returns the keys to try again later. */
  readonly reconcile: (keys: ReadonlySet<string>) => Promise<Iterable<string>>;
  readonly log: Logger;
}

/**
 * Keeps sockets in line with the store: one pass at a time, over the keys touched since the last one. Changes that
 * come in one turn of the event loop share a pass.
 */
export class StoreFollower {
  readonly #options: StoreFollowerOptions;
  readonly #started = Promise.withResolvers<void>();
  #touched = new Set<string>();
  #failed = new Set<string>();
  #pass: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #unsubscribe: () => void;

  constructor(options: StoreFollowerOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.onSynced(() => this.#startWhenSynced());
    this.#startWhenSynced();
  }

  /** Resolves when everything the store held when this was called has been reconciled; at once after `stop`. */
  async ready(): Promise<void> {
    await this.#started.promise;
    while (this.#pass !== undefined) await this.#pass;
  }

  /** Resolves when no pass is running and none will. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#touched.clear();
    this.#started.resolve();
    await this.#pass;
    clearTimeout(this.#retryTimer);
  }

  #startWhenSynced(): void {
    const { store, waitFor, all, touchedBy } = this.#options;
    if (!waitFor.every(kind => store.isSynced(kind))) return;
    this.#unsubscribe();
    this.#unsubscribe = store.onChange(change => this.#touch(touchedBy(change)));
    this.#touch(all());
    this.#started.resolve();
  }

  #touch(keys: Iterable<string>): void {
    for (const key of keys) this.#touched.add(key);
    if (this.#touched.size > 0) this.#pass ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#touched.size > 0) {
      await nextTurn();
      const touched = this.#touched;
      this.#touched = new Set();
      await this.#reconcile(touched);
    }
    this.#pass = undefined;
  }

  async #reconcile(keys: ReadonlySet<string>): Promise<void> {
    for (const key of keys) this.#failed.delete(key);
    try {
      for (const key of await this.#options.reconcile(keys)) this.#failed.add(key);
    } catch (err) {
      this.#options.log.error({ err, keys: [...keys] }, "not brought in line with the cluster");
    }
    if (this.#failed.size > 0) this.#retryTimer ??= setTimeout(() => this.#retry(), retryAfterMs).unref();
  }

  #retry(): void {
    this.#retryTimer = undefined;
    this.#touch(this.#failed);
  }
}
