/** The edge: reads and watches manifests, and keeps a store equal to what they amount to. */

import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import { type ClusterObject, type Kind, objectKey } from "../objects.ts";
import type { ClusterStore } from "../store.ts";
import { collect } from "./collect.ts";
import type { Leases } from "./control-plane/address-pool.ts";
import { expand } from "./control-plane/expand.ts";
import { type Finding, finding } from "./finding.ts";
import { FolderWatcher, type FolderWatcherOptions } from "./folder-watcher.ts";
import { listManifests } from "./list-manifests.ts";
import { type ManifestFile, readFailure, readVersion } from "./manifest-file.ts";

export interface ManifestSourceOptions {
  /** Files and folders, as the user gave them; findings name files this way. */
  readonly paths: readonly string[];
  readonly store: ClusterStore;
  readonly log: Logger;
  /** Hears all findings after the first load and whenever they have changed since. */
  readonly onFindings?: (findings: readonly Finding[]) => void;
  /** A stand-in for `fs.watch`. */
  readonly watchFolder?: FolderWatcherOptions["watchFolder"];
}

export interface LoadReport {
  readonly fileCount: number;
  /** Objects in the store, by kind. */
  readonly objectCounts: Readonly<Record<Kind, number>>;
  readonly findings: readonly Finding[];
}

const kinds: readonly Kind[] = ["Namespace", "Node", "Service", "Pod", "EndpointSlice"];

/** Owns the store's content: nothing else may write to it. */
export class ManifestSource {
  readonly #paths: readonly string[];
  readonly #store: ClusterStore;
  readonly #log: Logger;
  readonly #onFindings: (findings: readonly Finding[]) => void;
  readonly #watcher: FolderWatcher;
  /** In the order in which they count; undefined before the first load. */
  #files: ReadonlyMap<string, ManifestFile> | undefined;
  #missing: readonly string[] = [];
  #leases: Leases = {};
  #findings: readonly Finding[] = [];
  #isWatching = false;
  #isStopped = false;
  /** The end of the queue: settles, never rejects, when no look at the files is under way. */
  #scans: Promise<void> = Promise.resolve();

  constructor(options: ManifestSourceOptions) {
    this.#paths = options.paths;
    this.#store = options.store;
    this.#log = options.log;
    this.#onFindings = options.onFindings ?? (() => {});
    this.#watcher = new FolderWatcher({
      onChange: () => {
        this.#scan().catch(error => this.#log.error({ err: error }, "manifests could not be read again"));
      },
      log: options.log,
      watchFolder: options.watchFolder,
    });
  }

  /** Reads everything once, fills the store and marks every kind synced, whatever the findings are. */
  async load(): Promise<LoadReport> {
    await this.#scan();
    for (const kind of kinds) this.#store.markSynced(kind);
    const counts = kinds.map(kind => [kind, [...this.#store.objects(kind)].length]);
    return {
      fileCount: this.#files?.size ?? 0,
      objectCounts: Object.fromEntries(counts) as Record<Kind, number>,
      findings: this.#findings,
    };
  }

  /** Resolves when every change from now on will reach the store; what changed since `load` already has. */
  async watch(): Promise<void> {
    this.#isWatching = true;
    await this.#scan();
  }

  /** After this the store is not written to any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#watcher.close();
    await this.#scans;
  }

  /** What is wrong or odd now, in the order: paths, files, objects. */
  findings(): readonly Finding[] {
    return this.#findings;
  }

  /** One look at the files after another, never two at once. */
  #scan(): Promise<void> {
    const scan = this.#scans.then(() => this.#scanNow());
    this.#scans = scan.catch(() => {});
    return scan;
  }

  async #scanNow(): Promise<void> {
    let isToRepeat = true;
    while (isToRepeat && !this.#isStopped) {
      const { files: paths, folders, missing } = await listManifests(this.#paths);
      // Watched before they are read: what is written in between is read again, not missed.
      isToRepeat = this.#isWatching && this.#watcher.follow(folders);
      const files = await this.#readAll(paths);
      if (!this.#isStopped && this.#isNews(files, missing)) this.#publish(files, missing);
    }
  }

  async #readAll(paths: readonly string[]): Promise<ReadonlyMap<string, ManifestFile>> {
    const files = new Map<string, ManifestFile>();
    for (const path of paths) {
      const before = this.#files?.get(path);
      try {
        files.set(path, readVersion(path, await readFile(path), before));
      } catch (error) {
        // A file that vanished after the listing is simply not there.
        const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
        if (!isGone) files.set(path, readFailure(path, error, before));
      }
    }
    return files;
  }

  #isNews(files: ReadonlyMap<string, ManifestFile>, missing: readonly string[]): boolean {
    if (this.#files === undefined || missing.join("\0") !== this.#missing.join("\0")) return true;
    const before = [...this.#files];
    const now = [...files];
    return (
      now.length !== before.length ||
      now.some(([path, file], index) => path !== before[index]?.[0] || file !== before[index]?.[1])
    );
  }

  #publish(files: ReadonlyMap<string, ManifestFile>, missing: readonly string[]): void {
    const isFirst = this.#files === undefined;
    this.#files = files;
    this.#missing = missing;
    const collected = collect([...files.values()].flatMap(file => file.good ?? []));
    const expanded = expand(collected.desired, this.#leases);
    this.#leases = expanded.leases;
    const changeCount = this.#writeAll(expanded.objects);
    if (!isFirst && changeCount > 0) this.#log.info({ changeCount }, "manifests changed");
    const ofFiles = [...files.values()].flatMap(file => file.findings);
    this.#report(
      [...missing.map(pathMissing), ...ofFiles, ...collected.findings, ...expanded.findings],
      isFirst,
    );
  }

  /** Everything in one go, so that no reader sees half of a change. Returns the number of objects that changed. */
  #writeAll(objects: readonly ClusterObject[]): number {
    let changeCount = 0;
    const unsubscribe = this.#store.onChange(() => changeCount++);
    for (const object of objects) this.#store.apply(object);
    const byKind = Map.groupBy(objects, object => object.kind);
    for (const kind of kinds) this.#store.retain(kind, new Set((byKind.get(kind) ?? []).map(objectKey)));
    unsubscribe();
    return changeCount;
  }

  #report(findings: readonly Finding[], isFirst: boolean): void {
    const isNews = JSON.stringify(findings) !== JSON.stringify(this.#findings);
    this.#findings = findings;
    if (isFirst || isNews) this.#onFindings(findings);
  }
}

function pathMissing(path: string): Finding {
  const place = { file: path, line: 0, column: 0 };
  return finding("MANIFEST_PATH_MISSING", place, "there is no such file or folder", "check the path");
}
