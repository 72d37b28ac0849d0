/** A Corefile in a folder of its own. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export interface CorefileFixture {
  readonly directory: string;
  readonly file: string;
  write(text: string): Promise<void>;
}

/** Gone when the test ends. */
export async function corefileFixture(context: TestContext, text: string): Promise<CorefileFixture> {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-corefile-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "Corefile");
  const write = (next: string) => writeFile(file, next);
  await write(text);
  return { directory, file, write };
}
