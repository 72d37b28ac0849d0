/** Which files the given paths mean at this moment, and which folders tell of it when that changes. */

import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** Real path of a folder → the names in it that matter; undefined when all do. */
export type Folders = ReadonlyMap<string, ReadonlySet<string> | undefined>;

export interface Listing {
  /** In the order of the arguments, sorted within folders; each file once. Paths begin as the arguments do. */
  readonly files: readonly string[];
  readonly folders: Folders;
  /** Arguments that are neither a file nor a folder now. */
  readonly missing: readonly string[];
}

/**
 * Folders are read with their sub-folders: *.yaml, *.yml and *.json, without hidden names (the kubelet keeps its
 * versions of a mounted ConfigMap in such) and node_modules. A file that is named outright may be called anything.
 * Never rejects: what cannot be read is not there.
 */
export async function listManifests(paths: readonly string[]): Promise<Listing> {
  const listing = new ListingInProgress();
  for (const path of paths) await listing.addArgument(path);
  return listing;
}

class ListingInProgress implements Listing {
  readonly files: string[] = [];
  readonly folders = new Map<string, Set<string> | undefined>();
  readonly missing: string[] = [];
  readonly #known = new Set<string>();

  async addArgument(path: string): Promise<void> {
    const absolute = resolve(path);
    // The parent tells when the argument itself is made, replaced or removed.
    await this.#follow(dirname(absolute), basename(absolute));
    const found = await orUndefined(stat(path));
    if (found?.isDirectory()) await this.#addFolder(path);
    else if (found?.isFile()) await this.#addFile(path);
    else this.missing.push(path);
  }

  async #addFolder(path: string): Promise<void> {
    await this.#follow(path);
    const entries = (await orUndefined(readdir(path, { withFileTypes: true }))) ?? [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (isIgnored(entry)) continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) await this.#addFolder(child);
      else if (/\.(ya?ml|json)$/.test(entry.name) && (await orUndefined(stat(child)))?.isFile()) {
        await this.#addFile(child);
      }
    }
  }

  async #addFile(path: string): Promise<void> {
    const absolute = resolve(path);
    if (this.#known.has(absolute)) return;
    this.#known.add(absolute);
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

function isIgnored(entry: Dirent): boolean {
  return entry.name.startsWith(".") || entry.name === "node_modules";
}

/** Files come and go while they are looked at. */
function orUndefined<T>(result: Promise<T>): Promise<T | undefined> {
  return result.catch(() => undefined);
}
