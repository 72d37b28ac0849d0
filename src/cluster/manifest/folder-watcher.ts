/**
 * Says that something may have changed in a set of folders; what, is for the listener to find out.
 *
 * Folders are watched, not files: a watch on a file goes with the old file when an editor renames a new one over it.
 */

import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import type { Logger } from "pino";
import type { Folders } from "./list-manifests.ts";

/** How long changes are gathered before the listener hears of them. */
const coalesceMs = 25;
const pollIntervalMs = 500;

type Watch = (folder: string, listener: (event: string, name: string | null) => void) => FSWatcher;

export interface FolderWatcherOptions {
  /** Called on the event loop, never twice within 25 ms. */
  readonly onChange: () => void;
  readonly log: Logger;
  /** `fs.watch`, or a stand-in for it. */
  readonly watchFolder?: Watch | undefined;
}

/** Where folders cannot be watched (no inotify watches left, some network file systems) it looks every 500 ms. */
export class FolderWatcher {
  readonly #onChange: () => void;
  readonly #log: Logger;
  readonly #watchFolder: Watch;
  readonly #watchers = new Map<string, FSWatcher>();
  #folders: Folders = new Map();
  #coalescing: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: FolderWatcherOptions) {
    this.#onChange = options.onChange;
    this.#log = options.log;
    this.#watchFolder = options.watchFolder ?? watch;
  }

  /**
   * Watches these folders from now on and no others. True when one of them is new: what happened in it before
   * was not seen, so look again.
   */
  follow(folders: Folders): boolean {
    this.#folders = folders;
    for (const folder of this.#watchers.keys()) {
      if (!folders.has(folder)) this.#unwatch(folder);
    }
    let hasNew = false;
    for (const folder of folders.keys()) {
      if (this.#isClosed || this.#polling !== undefined) return false;
      if (!this.#watchers.has(folder)) hasNew = this.#watch(folder) || hasNew;
    }
    return hasNew;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#coalescing);
    clearInterval(this.#polling);
    for (const folder of [...this.#watchers.keys()]) this.#unwatch(folder);
  }

  #watch(folder: string): boolean {
    try {
      const watcher = this.#watchFolder(folder, (event, name) => this.#changed(folder, event, name));
      watcher.on("error", error => this.#failed(folder, error));
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      this.#failed(folder, error);
      return false;
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #changed(folder: string, event: string, name: string | null): void {
    // The folder's own name: it was moved or removed, and the watch on it has ended or follows it elsewhere.
    if (event === "rename" && name === basename(folder)) this.#unwatch(folder);
    const names = this.#folders.get(folder);
    if (name !== null && names !== undefined && !names.has(name) && name !== basename(folder)) return;
    this.#coalescing ??= setTimeout(() => {
      this.#coalescing = undefined;
      this.#onChange();
    }, coalesceMs);
  }

  #failed(folder: string, error: unknown): void {
    this.#unwatch(folder);
    // A folder that has vanished is no failure; the one above it has told so.
    if (this.#isClosed || this.#polling !== undefined || (error as NodeJS.ErrnoException).code === "ENOENT")
      return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.warn(
      { folder },
      `cannot watch folders; looking for changes every ${pollIntervalMs} ms (${folder}: ${reason})`,
    );
    for (const watched of [...this.#watchers.keys()]) this.#unwatch(watched);
    this.#polling = setInterval(this.#onChange, pollIntervalMs);
  }
}
