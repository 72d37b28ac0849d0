/** Corefiles in tests: parsed to one line of outline, or read to findings as `LINE:COLUMN CODE`. */

import type { Finding } from "../../../src/dns/corefile/finding.ts";
import type { CorefileText, ParsedCorefile } from "../../../src/dns/corefile/parse.ts";
import { takeCorefileApart } from "../../../src/dns/corefile/parse.ts";
import type { Dictionary, DirectiveReader } from "../../../src/dns/corefile/plan.ts";
import type { ReadCorefile } from "../../../src/dns/corefile/read-corefile.ts";
import { readCorefile } from "../../../src/dns/corefile/read-corefile.ts";
import type { Directive, Word } from "../../../src/dns/corefile/syntax.ts";

export interface Surroundings {
  /** Text by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export function corefile(text: string, { files = {}, environment = {} }: Surroundings = {}): CorefileText {
  return {
    file: "Corefile",
    text,
    environment,
    files: {
      read: path => files[path],
      glob: pattern => {
        const [before = "", behind = ""] = pattern.split("*");
        return Object.keys(files).filter(path => path.startsWith(before) && path.endsWith(behind));
      },
    },
  };
}

/** Words of a plugin that takes anything. */
function accepting(name: string): DirectiveReader<true> {
  return { name, read: () => true };
}

/** `cache` knows the options keepttl and serve_stale, `whoami` stands once; the others take anything. */
export const smallDictionary: Dictionary<DirectiveReader<unknown>> = {
  plugins: [
    ...["bind", "errors", "log", "forward", "hosts", "health", "tls"].map(accepting),
    {
      name: "cache",
      read(stanzas, reading) {
        for (const stanza of stanzas) {
          reading.options(stanza, { keepttl: () => {}, serve_stale: () => {} }, { purge: "remove it" });
        }
        return true;
      },
    },
    { name: "whoami", read: (stanzas, reading) => reading.isOnce(stanzas) },
  ],
  others: {
    view: { code: "COREFILE_UNSAFE_TO_IGNORE", remedy: "use bind" },
    route53: { code: "COREFILE_NOT_OFFERED", remedy: "use file" },
    proxy: { code: "COREFILE_REMOVED_PLUGIN", remedy: "use forward" },
  },
};

export function read(text: string, surroundings?: Surroundings): ReadCorefile<DirectiveReader<unknown>> {
  return readCorefile(corefile(text, surroundings), smallDictionary);
}

/** `[FILE:]LINE:COLUMN CODE` of each finding, the file only where it is not the Corefile. */
export function findingsIn(text: string, surroundings?: Surroundings): readonly string[] {
  return read(text, surroundings).plan.findings.map(shortly);
}

function shortly({ at, code }: Finding): string {
  return `${at.file === "Corefile" ? "" : `${at.file}:`}${at.line}:${at.column} ${code}`;
}

/** `a.org b.org [errors; cache 30 [keepttl]]` for each block; words with blanks in quotes. */
export function outlineOf(text: string, surroundings?: Surroundings): string {
  return outline(takeCorefileApart(corefile(text, surroundings)));
}

export function outline({ blocks }: ParsedCorefile): string {
  return blocks.map(({ keys, directives }) => `${words(keys)} ${inBrackets(directives)}`.trim()).join("\n");
}

function inBrackets(directives: readonly Directive[]): string {
  const texts = directives.map(({ name, args, block }) => {
    const options = block === undefined ? "" : ` ${inBrackets(block)}`;
    return words([name, ...args]) + options;
  });
  return `[${texts.join("; ")}]`;
}

function words(list: readonly Word[]): string {
  return list.map(({ text }) => (/^[^\s"[\];]+$/.test(text) ? text : JSON.stringify(text))).join(" ");
}
