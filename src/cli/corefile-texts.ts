/** A Corefile with all that it imports, for other processes to read the same, whatever is on the disk by then. */

import type { CorefileFiles } from "../dns/corefile/parse.ts";

export interface CorefileTexts {
  /** As messages name it. */
  readonly file: string;
  readonly text: string;
  readonly imports: ImportedFiles;
}

interface ImportedFiles {
  readonly byPath: Map<string, ReturnType<CorefileFiles["read"]>>;
  readonly byPattern: Map<string, readonly string[]>;
}

/** `files`, and in `imports` all that was read of them. */
export function rememberFiles(files: CorefileFiles): CorefileFiles & { readonly imports: ImportedFiles } {
  const imports: ImportedFiles = { byPath: new Map(), byPattern: new Map() };
  return {
    imports,
    read(path) {
      const text = files.read(path);
      imports.byPath.set(path, text);
      return text;
    },
    glob(pattern) {
      const paths = files.glob(pattern);
      imports.byPattern.set(pattern, paths);
      return paths;
    },
  };
}

export function rememberedFiles({ byPath, byPattern }: ImportedFiles): CorefileFiles {
  return { read: path => byPath.get(path), glob: pattern => byPattern.get(pattern) ?? [] };
}
