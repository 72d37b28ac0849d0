/** A file that may change while the server runs: read once, and again whenever it is another. */

import { readFile, stat } from "node:fs/promises";

export interface FileListener {
  /** The file's text, the first time and after each change. Must not throw. */
  onText(text: string): void;
  /** The file cannot be read; told once until it can be again or fails in another way. Must not throw. */
  onError(error: Error): void;
}

export interface RereadFile {
  /** Nothing is told afterwards. */
  close(): void;
}

/**
 * Reads a file and looks every `intervalMs` (0: never) whether it has become another: by modification time, size and
 * inode of what the path leads to, so the swapped links of a mounted ConfigMap count. Polling sees what notification
 * misses: network mounts, and folders replaced as a whole.
 *
 * Resolves when the listener has heard of the first reading, whether it went well or not.
 */
export async function rereadFile(
  path: string,
  intervalMs: number,
  listener: FileListener,
): Promise<RereadFile> {
  const poll = new FilePoll(path, listener);
  await poll.look();
  if (intervalMs > 0) poll.repeat(intervalMs);
  return poll;
}

class FilePoll implements RereadFile {
  readonly #path: string;
  readonly #listener: FileListener;
  #seen: string | undefined;
  #toldError: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(path: string, listener: FileListener) {
    this.#path = path;
    this.#listener = listener;
  }

  repeat(intervalMs: number): void {
    this.#timer = setInterval(() => void this.look(), intervalMs);
    this.#timer.unref();
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#readIfChanged();
    } catch (error) {
      this.#tell(error as Error);
    } finally {
      this.#isLooking = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #readIfChanged(): Promise<void> {
    const { mtimeNs, size, ino } = await stat(this.#path, { bigint: true });
    const version = `${mtimeNs} ${size} ${ino}`;
    if (version === this.#seen) return;
    const text = await readFile(this.#path, "utf8");
    // Only now: a file that could not be read is tried again although it has not changed.
    this.#seen = version;
    this.#toldError = undefined;
    if (!this.#isClosed) this.#listener.onText(text);
  }

  #tell(error: Error): void {
    // A file that comes back as it was is read again, so that its listener hears of the recovery.
    this.#seen = undefined;
    if (this.#isClosed || error.message === this.#toldError) return;
    this.#toldError = error.message;
    this.#listener.onError(error);
  }
}
