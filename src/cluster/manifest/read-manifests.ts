/** Brings the state of all listed files up to date. */

import { readFile } from "node:fs/promises";
import { isAbsent, isWithin, type Listing } from "./list-manifests.ts";
import { digestOf, isCutShort, type ManifestFile, readFailure, readVersion } from "./manifest-file.ts";

export type ManifestFiles = ReadonlyMap<string, ManifestFile>;

export interface ManifestReaderOptions {
  /** How long a file that was cut short has to stay as it is before it counts. */
  readonly settleMs: number;
  /** A clock that never goes back. */
  readonly nowMs?: () => number;
}

interface Wait {
  readonly digest: string;
  readonly sinceMs: number;
}

/** Remembers which files are perhaps being written at this moment. */
export class ManifestReader {
  readonly #settleMs: number;
  readonly #nowMs: () => number;
  #cutShort = new Map<string, Wait>();

  constructor({ settleMs, nowMs }: ManifestReaderOptions) {
    this.#settleMs = settleMs;
    this.#nowMs = nowMs ?? (() => performance.now());
  }

  /** Whether some file was cut short a moment ago and is still taken for what it was before. */
  get isWaiting(): boolean {
    return this.#cutShort.size > 0;
  }

  /** In the order of the listing; without files that have gone meanwhile. Never rejects. */
  async readAll(listing: Listing, before: ManifestFiles): Promise<ManifestFiles> {
    const files = new Map<string, ManifestFile>();
    const cutShort = this.#cutShort;
    this.#cutShort = new Map();
    for (const path of listing.files) {
      const file = await this.#read(path, listing, before.get(path), cutShort.get(path));
      if (file !== undefined) files.set(path, file);
    }
    return files;
  }

  async #read(
    path: string,
    listing: Listing,
    before: ManifestFile | undefined,
    wait: Wait | undefined,
  ): Promise<ManifestFile | undefined> {
    try {
      const content = await readFile(path);
      if (before !== undefined && this.#isToWait(path, content, before, wait)) return before;
      return readVersion(path, content, before, { mayBeForeign: !listing.named.has(path) });
    } catch (error) {
      if (error instanceof Error && isAbsent(error)) return undefined;
      // One finding about the folder says it for all files in it.
      const isFolderUnreadable = listing.unreadable.some(folder => isWithin(path, folder.path));
      return isFolderUnreadable ? before : readFailure(path, error, before);
    }
  }

  #isToWait(path: string, content: Uint8Array, before: ManifestFile, wait: Wait | undefined): boolean {
    if (!isCutShort(content, before)) return false;
    const digest = digestOf(content);
    if (digest === before.digest) return false;
    const sinceMs = wait?.digest === digest ? wait.sinceMs : this.#nowMs();
    if (this.#nowMs() - sinceMs >= this.#settleMs) return false;
    this.#cutShort.set(path, { digest, sinceMs });
    return true;
  }
}
