import { rename, writeFile } from "node:fs/promises";

/** Writes a file at once, as editors and mounted ConfigMaps do it: nobody ever reads half of it. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
