/** The repository as its house rules see it: paths relative to the root, with forward slashes. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** All files below a folder, sorted; none when there is no such folder. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(root + folder)) return [];
  const entries = readdirSync(root + folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile());
  return files.map(({ parentPath, name }) => `${parentPath}/${name}`.slice(root.length)).sort();
}

export function textOf(path: string): string {
  return readFileSync(root + path, "utf8");
}
