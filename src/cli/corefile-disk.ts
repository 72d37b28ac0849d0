/** The files a Corefile imports, from the disk. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { CorefileFiles } from "../dns/corefile/parse.ts";

/** Relative paths are seen from the working directory. */
export function diskFiles(): CorefileFiles {
  return { read, glob };
}

function read(path: string): ReturnType<CorefileFiles["read"]> {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return { problem: code === "EISDIR" ? "it is a folder" : message };
  }
}

/** As Go's filepath.Glob: a wildcard stands for anything but a slash, also for a leading dot. */
function glob(pattern: string): readonly string[] {
  const slash = pattern.lastIndexOf("/");
  const folder = pattern.slice(0, slash + 1);
  const last = pattern.slice(slash + 1);
  const folders = /[*?]/.test(folder) ? glob(folder.slice(0, -1)).map(path => `${path}/`) : [folder];
  if (!/[*?]/.test(last)) return folders.map(path => path + last).filter(path => existsSync(path));
  const wanted = new RegExp(`^${RegExp.escape(last).replaceAll("\\*", ".*").replaceAll("\\?", ".")}$`, "su");
  return folders.flatMap(path => namesIn(path).flatMap(name => (wanted.test(name) ? [path + name] : [])));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder === "" ? "." : folder).sort();
  } catch {
    return [];
  }
}
