/** Which files the given paths mean at this moment, and which folders tell of it when that changes. */

import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/** Real path of a folder → the names in it that matter; undefined when all do. */
export type Folders = ReadonlyMap<string, ReadonlySet<string> | undefined>;

export interface Listing {
  /** In the order of the arguments, sorted within folders; each file once. Paths begin as the arguments do. */
  readonly files: readonly string[];
  /** Those of `files` that are arguments themselves. */
  readonly named: ReadonlySet<string>;
  readonly folders: Folders;
  /** Arguments that are neither a file nor a folder now. */
  readonly missing: readonly string[];
  /** What is there and cannot be looked at; the files last known of it are among `files`. */
  readonly unreadable: readonly Unreadable[];
}

interface Unreadable {
  readonly path: string;
  /** What the system said. */
  readonly error: Error;
}

/** `fs.readdir`, or a stand-in for it. */
export type ReadFolder = (path: string) => Promise<Dirent[]>;

export interface ListOptions {
  /** The files of the listing before, which stand for those of a folder that cannot be read now. */
  readonly known?: Iterable<string>;
  readonly readFolder?: ReadFolder | undefined;
}

/**
 * Folders are read with their sub-folders: *.yaml, *.yml and *.json, without hidden names (the kubelet keeps its
 * versions of a mounted ConfigMap in such) and node_modules. A file that is named outright may be called anything.
 * Never rejects.
 */
export async function listManifests(paths: readonly string[], options: ListOptions = {}): Promise<Listing> {
  const listing = new ListingInProgress(options);
  for (const path of paths) await listing.addArgument(path);
  return listing;
}

class ListingInProgress implements Listing {
  readonly files: string[] = [];
  readonly named = new Set<string>();
  readonly folders = new Map<string, Set<string> | undefined>();
  readonly missing: string[] = [];
  readonly unreadable: Unreadable[] = [];
  readonly #listed = new Set<string>();
  readonly #known: readonly string[];
  readonly #readFolder: ReadFolder;

  constructor({ known = [], readFolder }: ListOptions) {
    this.#known = [...known];
    this.#readFolder = readFolder ?? (path => readdir(path, { withFileTypes: true }));
  }

  async addArgument(path: string): Promise<void> {
    const absolute = resolve(path);
    // The parent tells when the argument itself is made, replaced or removed.
    await this.#follow(dirname(absolute), basename(absolute));
    const found = await failureOf(stat(path));
    if (found instanceof Error) {
      if (isAbsent(found)) this.missing.push(path);
      else await this.#keepKnown(path, found);
    } else if (found.isDirectory()) await this.#addFolder(path);
    else if (found.isFile()) {
      this.named.add(path);
      await this.#addFile(path);
    } else this.missing.push(path);
  }

  async #addFolder(path: string): Promise<void> {
    const entries = await failureOf(this.#readFolder(path));
    if (entries instanceof Error) {
      if (!isAbsent(entries)) await this.#keepKnown(path, entries);
      return;
    }
    await this.#follow(path);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (isIgnored(entry)) continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) await this.#addFolder(child);
      else if (/\.(ya?ml|json)$/.test(entry.name) && (await mayBeFile(child))) await this.#addFile(child);
    }
  }

  /** A folder that cannot be read is not a folder that is empty. */
  async #keepKnown(path: string, error: Error): Promise<void> {
    this.unreadable.push({ path, error });
    for (const file of this.#known) {
      if (isWithin(file, path)) await this.#addFile(file);
    }
  }

  async #addFile(path: string): Promise<void> {
    const absolute = resolve(path);
    if (this.#listed.has(absolute)) return;
    this.#listed.add(absolute);
    this.files.push(path);
    const folder = await orUndefined(realpath(dirname(absolute)));
    const real = await orUndefined(realpath(absolute));
    if (real === undefined || folder === undefined) return;
    // The kubelet does not touch `name → ..data/name`, it renames `..data`; so all names of that folder matter.
    if (real !== join(folder, basename(absolute))) await this.#follow(folder);
    await this.#follow(dirname(real), basename(real));
  }

  async #follow(path: string, name?: string): Promise<void> {
    const folder = await orUndefined(realpath(path));
    if (folder === undefined) return;
    const names = this.folders.get(folder);
    if (name === undefined || (this.folders.has(folder) && names === undefined))
      this.folders.set(folder, undefined);
    else this.folders.set(folder, new Set([...(names ?? []), name]));
  }
}

/** Whether `file` is `path` itself, or in the folder `path` at any depth. */
export function isWithin(file: string, path: string): boolean {
  const way = relative(path, file);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function isIgnored(entry: Dirent): boolean {
  return entry.name.startsWith(".") || entry.name === "node_modules";
}

/** What cannot be looked at for another reason than absence is listed, so that reading it tells the reason. */
async function mayBeFile(path: string): Promise<boolean> {
  const found = await failureOf(stat(path));
  return found instanceof Error ? !isAbsent(found) : found.isFile();
}

/** Files come and go while they are looked at. */
export function isAbsent(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function failureOf<T>(result: Promise<T>): Promise<T | Error> {
  return result.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}

function orUndefined<T>(result: Promise<T>): Promise<T | undefined> {
  return result.catch(() => undefined);
}
