/** What the word after `import` stands for: a snippet, a file, or the files that match a pattern. */

import type { FindingCode } from "./finding.ts";
import type { Token } from "./lexer.ts";
import { lex } from "./lexer.ts";
import { closest } from "./suggestion.ts";
import type { Word } from "./syntax.ts";

/** How `import` reaches other files. */
export interface CorefileFiles {
  /** The text of a file; undefined when there is none, a problem when it cannot be read. */
  read(path: string): string | undefined | { readonly problem: string };
  /** Files that match a pattern with one `*` or `?`, sorted. */
  glob(pattern: string): readonly string[];
}

/** A snippet or a file, cut into words. */
export interface ImportSource {
  /** Snippets as `(name)`, files by path. */
  readonly name: string;
  readonly tokens: readonly Token[];
}

/** Why an import brings nothing, in words for a finding. */
export type ReportImport = (what: string, remedy: string, code?: FindingCode) => void;

export class Imports {
  readonly #files: CorefileFiles;
  readonly #onFile: (tokens: readonly Token[]) => void;
  readonly #snippets = new Map<string, readonly Token[]>();
  readonly #sources = new Map<string, ImportSource>();

  /** `onFile` is called once with the words of each imported file. */
  constructor(files: CorefileFiles, onFile: (tokens: readonly Token[]) => void) {
    this.#files = files;
    this.#onFile = onFile;
  }

  /** False when there is a snippet of that name already. */
  define(name: string, tokens: readonly Token[]): boolean {
    if (this.#snippets.has(name)) return false;
    this.#snippets.set(name, tokens);
    return true;
  }

  /** In the order in which they are to be read; none when a pattern matches nothing, which is no mistake. */
  find({ text, at }: Word, report: ReportImport): readonly ImportSource[] {
    const snippet = this.#snippets.get(text);
    if (snippet !== undefined) return [{ name: `(${text})`, tokens: snippet }];
    const path = joinPath(at.file, text);
    const wildcards = path.replace(/[^*?]/g, "");
    if (/\*.*\*|\?.*\?/.test(wildcards) || path.includes("[")) {
      report(`"${text}" has more than one wildcard`, "use a single * or ?, such as custom/*.override");
      return [];
    }
    const paths = wildcards === "" ? [path] : this.#files.glob(path);
    return paths.flatMap(file => this.#open(file, text, report) ?? []);
  }

  #open(path: string, written: string, report: ReportImport): ImportSource | undefined {
    const known = this.#sources.get(path);
    if (known !== undefined) return known;
    const text = this.#files.read(path);
    if (text === undefined) {
      const snippet = closest(written, this.#snippets.keys());
      const hint = snippet === undefined ? "" : `, or the snippet "${snippet}"`;
      report(
        `there is no file ${path} and no snippet "${written}" before this line`,
        `name a file that exists${hint}; a pattern such as custom/*.override may match nothing`,
      );
      return undefined;
    }
    if (typeof text !== "string") {
      report(`${path} cannot be read: ${text.problem}`, "make it a file that can be read");
      return undefined;
    }
    const source = { name: path, tokens: lex(text, path) };
    this.#sources.set(path, source);
    this.#onFile(source.tokens);
    return source;
  }
}

/** `path` seen from the folder of `file`, without `.` and `..` where they can be resolved. */
function joinPath(file: string, path: string): string {
  const full = path.startsWith("/") ? path : file.slice(0, file.lastIndexOf("/") + 1) + path;
  const parts: string[] = [];
  for (const part of full.split("/")) {
    if (part === "..") {
      if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
      else if (!full.startsWith("/")) parts.push(part);
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return (full.startsWith("/") ? "/" : "") + parts.join("/");
}
