import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type RereadFile, rereadFile } from "../../../src/dns/plugins/reread-file.ts";
import { replaceFile } from "../../support/replace-file.ts";

const intervalMs = 5;
let directory = "";
let reread: RereadFile | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "frontdesk-reread-"));
});
afterEach(async () => {
  reread?.close();
  await rm(directory, { recursive: true });
});

/** What a listener has heard, and what it hears next. */
class Heard {
  readonly all: string[] = [];
  #next = Promise.withResolvers<void>();

  onText(text: string): void {
    this.#add(text);
  }

  onError(error: NodeJS.ErrnoException): void {
    this.#add(`error ${error.code}`);
  }

  async count(wanted: number): Promise<readonly string[]> {
    while (this.all.length < wanted) await this.#next.promise;
    return this.all;
  }

  #add(line: string): void {
    this.all.push(line);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}

test("a file that is there has been read when the promise resolves", async () => {
  await writeFile(join(directory, "a"), "one");
  const heard = new Heard();
  reread = await rereadFile(join(directory, "a"), 0, heard);
  assert.deepEqual(heard.all, ["one"]);
});

test("a file that changes is read again, once", async () => {
  const path = join(directory, "a");
  await writeFile(path, "one");
  const heard = new Heard();
  reread = await rereadFile(path, intervalMs, heard);
  await replaceFile(path, "three");
  await heard.count(2);
  await delay(4 * intervalMs);
  assert.deepEqual(heard.all, ["one", "three"]);
});

test("a ConfigMap whose link is swapped to a file of the same age and size is read again", async () => {
  for (const [folder, text] of [
    ["v1", "one"],
    ["v2", "two"],
  ] as const) {
    await mkdir(join(directory, folder));
    await writeFile(join(directory, folder, "a"), text);
    await utimes(join(directory, folder, "a"), 1, 1);
  }
  await symlink("v1", join(directory, "data"));
  const heard = new Heard();
  reread = await rereadFile(join(directory, "data", "a"), intervalMs, heard);
  await symlink("v2", join(directory, "new"));
  await rename(join(directory, "new"), join(directory, "data"));
  assert.deepEqual(await heard.count(2), ["one", "two"]);
});

test("a file that is missing is told once, and read when it comes, also with its old text", async () => {
  const path = join(directory, "a");
  await writeFile(path, "one");
  const heard = new Heard();
  reread = await rereadFile(path, intervalMs, heard);
  await rename(path, join(directory, "away"));
  await heard.count(2);
  await delay(4 * intervalMs);
  await rename(join(directory, "away"), path);
  assert.deepEqual(await heard.count(3), ["one", "error ENOENT", "one"]);
});

test("a reader that is closed hears nothing more", async () => {
  const path = join(directory, "a");
  await writeFile(path, "one");
  const heard = new Heard();
  reread = await rereadFile(path, intervalMs, heard);
  reread.close();
  await replaceFile(path, "three");
  await delay(4 * intervalMs);
  assert.deepEqual(heard.all, ["one"]);
});
