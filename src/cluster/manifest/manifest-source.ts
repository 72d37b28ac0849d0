/** The edge: reads and watches manifests, and keeps a store equal to what they amount to. */

import type { Logger } from "pino";
import { type ClusterObject, type Kind, objectKey } from "../objects.ts";
import type { ClusterStore } from "../store.ts";
import { collect, foreignNote } from "./collect.ts";
import type { Leases } from "./control-plane/address-pool.ts";
import { expand } from "./control-plane/expand.ts";
import { type Finding, finding } from "./finding.ts";
import { FolderWatcher, type FolderWatcherOptions } from "./folder-watcher.ts";
import { isWithin, type Listing, listManifests, type ReadFolder } from "./list-manifests.ts";
import { hasErrors, unreadable } from "./manifest-file.ts";
import { type ManifestFiles, ManifestReader } from "./read-manifests.ts";

/** How long a file that was cut short has to stay so, and how soon what cannot be read is tried again. */
const defaultSettleMs = 1000;
/** Timers may be early by the clock that waits are measured by. */
const clockSlackMs = 5;

export interface ManifestSourceOptions {
  /** Files and folders, as the user gave them; findings name files this way. */
  readonly paths: readonly string[];
  readonly store: ClusterStore;
  readonly log: Logger;
  /** Hears all findings after the first load and whenever they have changed since. */
  readonly onFindings?: (findings: readonly Finding[]) => void;
  /** A stand-in for `fs.watch`. */
  readonly watchFolder?: FolderWatcherOptions["watchFolder"];
  /** A stand-in for `fs.readdir`. */
  readonly readFolder?: ReadFolder;
  /** How long a file that suddenly is empty or cut short is taken for what it was; 1000 unless given. */
  readonly settleMs?: number;
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
  readonly #reader: ManifestReader;
  readonly #readFolder: ReadFolder | undefined;
  readonly #settleMs: number;
  /** In the order in which they count; undefined before the first load. */
  #files: ManifestFiles | undefined;
  /** About the paths themselves. */
  #pathFindings: readonly Finding[] = [];
  #leases: Leases = {};
  #findings: readonly Finding[] = [];
  #isWatching = false;
  #isStopped = false;
  #lookingAgain: NodeJS.Timeout | undefined;
  #lastFailure = "";
  /** The end of the queue: settles, never rejects, when no look at the files is under way. */
  #scans: Promise<void> = Promise.resolve();

  constructor(options: ManifestSourceOptions) {
    this.#paths = options.paths;
    this.#store = options.store;
    this.#log = options.log;
    this.#onFindings = options.onFindings ?? (() => {});
    this.#readFolder = options.readFolder;
    this.#settleMs = options.settleMs ?? defaultSettleMs;
    this.#reader = new ManifestReader({ settleMs: this.#settleMs });
    this.#watcher = new FolderWatcher({
      onChange: () => this.#lookAgain(),
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
    clearTimeout(this.#lookingAgain);
    this.#watcher.close();
    await this.#scans;
  }

  /** What is wrong or odd now, in the order: paths, files, objects. */
  findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Looks, and logs a failure unless it is the one that was logged last. */
  #lookAgain(): void {
    this.#scan().then(
      () => {
        this.#lastFailure = "";
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== this.#lastFailure) this.#log.error(`manifests could not be read again: ${reason}`);
        this.#lastFailure = reason;
      },
    );
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
      const known = this.#files ?? new Map();
      const listing = await listManifests(this.#paths, {
        known: known.keys(),
        readFolder: this.#readFolder,
      });
      // Watched before they are read: what is written in between is read again, not missed.
      isToRepeat = this.#isWatching && this.#watcher.follow(listing.folders);
      const files = await this.#reader.readAll(listing, known);
      const pathFindings = aboutPaths(listing, known);
      if (!this.#isStopped && this.#isNews(files, pathFindings)) this.#publish(files, pathFindings);
      this.#lookAgainLater(files, listing);
    }
  }

  /** Of these no folder tells: a file that stays as it is, a limit that is no longer reached. */
  #lookAgainLater(files: ManifestFiles, { unreadable }: Listing): void {
    clearTimeout(this.#lookingAgain);
    if (this.#isStopped || !this.#isWatching) return;
    const isUnread = unreadable.length > 0 || [...files.values()].some(file => file.digest === "");
    if (!isUnread && !this.#reader.isWaiting) return;
    this.#lookingAgain = setTimeout(() => this.#lookAgain(), this.#settleMs + clockSlackMs);
  }

  #isNews(files: ManifestFiles, pathFindings: readonly Finding[]): boolean {
    if (this.#files === undefined) return true;
    if (JSON.stringify(pathFindings) !== JSON.stringify(this.#pathFindings)) return true;
    const before = [...this.#files];
    const now = [...files];
    return (
      now.length !== before.length ||
      now.some(([path, file], index) => path !== before[index]?.[0] || file !== before[index]?.[1])
    );
  }

  #publish(files: ManifestFiles, pathFindings: readonly Finding[]): void {
    const before = this.#files;
    this.#files = files;
    this.#pathFindings = pathFindings;
    const collected = collect([...files.values()].flatMap(file => file.good ?? []));
    const expanded = expand(collected.desired, this.#leases);
    this.#leases = expanded.leases;
    const changeCount = this.#writeAll(expanded.objects);
    if (before !== undefined) this.#logProgress(before, files, changeCount);
    const ofFiles = [...files.values()].flatMap(file => file.findings);
    const ofObjects = [...collected.findings, ...expanded.findings];
    this.#report([...pathFindings, ...ofFiles, ...foreignNote(files), ...ofObjects], before === undefined);
  }

  #logProgress(before: ManifestFiles, files: ManifestFiles, changeCount: number): void {
    for (const [path, file] of files) {
      const earlier = before.get(path);
      if (earlier === undefined || !hasErrors(earlier) || hasErrors(file)) continue;
      this.#log.info(`${path}: read again without errors`);
    }
    if (changeCount > 0) this.#log.info({ changeCount }, "manifests changed");
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

function aboutPaths({ missing, unreadable: folders }: Listing, known: ManifestFiles): Finding[] {
  return [
    ...missing.map(pathMissing),
    ...folders.map(({ path, error }) => pathUnreadable(path, error, known)),
  ];
}

function pathMissing(path: string): Finding {
  const place = { file: path, line: 0, column: 0 };
  return finding("MANIFEST_PATH_MISSING", place, "there is no such file or folder", "check the path");
}

function pathUnreadable(path: string, error: Error, known: ManifestFiles): Finding {
  const fileCount = [...known.keys()].filter(file => isWithin(file, path)).length;
  const noun = fileCount === 1 ? "file" : "files";
  const kept = `; the ${fileCount} ${noun} last known in it ${fileCount === 1 ? "stays" : "stay"} in use`;
  return unreadable(path, error, fileCount === 0 ? "" : kept);
}
