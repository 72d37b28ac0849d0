/** The whole way from text to plan, for servers and for `check`. */

import { createHash } from "node:crypto";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";
import type { CorefileText, ParsedCorefile } from "./parse.ts";
import { takeCorefileApart } from "./parse.ts";
import type { CorefilePlan, Dictionary, DirectiveReader } from "./plan.ts";
import { planCorefile } from "./plan.ts";

export interface ReadCorefile<Plugin> {
  /** Its findings in the order of the text; a mistake in a file imported twice is there once. */
  readonly plan: CorefilePlan<Plugin>;
  /** SHA-512 of what the file says, in hexadecimal: comments and spacing do not count, imports do. */
  readonly fingerprint: string;
}

/** What CoreDNS serves when a Corefile has no server block. */
const emptyCorefile = ".\nwhoami\nlog\n";

/** Never throws: whatever is wrong is a finding. `defaultPort` is the one of `-dns.port`. */
export function readCorefile<Plugin extends DirectiveReader<unknown>>(
  corefile: CorefileText,
  dictionary: Dictionary<Plugin>,
  defaultPort?: number,
): ReadCorefile<Plugin> {
  const parsed = orUsual(takeCorefileApart(corefile), corefile);
  const { blocks, findings } = planCorefile(parsed.blocks, dictionary, defaultPort);
  const all = inOrder([...parsed.findings, ...findings], corefile.file);
  return { plan: { blocks, findings: all }, fingerprint: fingerprintOf(parsed) };
}

function orUsual(parsed: ParsedCorefile, corefile: CorefileText): ParsedCorefile {
  const isBroken = parsed.findings.some(({ severity }) => severity === "error");
  if (isBroken || parsed.blocks.some(({ keys }) => keys.length > 0)) return parsed;
  const what = "there is no server block, so whoami and log serve every name, as in CoreDNS";
  const at = { file: corefile.file, line: 1, column: 1 };
  const warning = finding("COREFILE_NO_EFFECT", at, what, "write a block such as . { … }");
  const { blocks } = takeCorefileApart({ ...corefile, text: emptyCorefile });
  return { blocks: [...parsed.blocks, ...blocks], findings: [...parsed.findings, warning] };
}

/** Mistakes count, or a file put right could look like the broken one that had been read as it was meant. */
function fingerprintOf({ blocks, findings }: ParsedCorefile): string {
  const mistakes = findings.filter(({ severity }) => severity === "error").map(({ what }) => what);
  const text = JSON.stringify([blocks, mistakes], (key, value) => (key === "at" ? undefined : value));
  return createHash("sha512").update(text).digest("hex");
}

/** The Corefile itself comes before what it imports. */
function inOrder(findings: readonly Finding[], file: string): readonly Finding[] {
  const byPlace = new Map(
    findings.map(one => [`${one.at.file}:${one.at.line}:${one.at.column} ${one.code} ${one.what}`, one]),
  );
  return [...byPlace.values()].sort(
    ({ at: a }, { at: b }) =>
      Number(a.file !== file) - Number(b.file !== file) ||
      Number(a.file > b.file) - Number(a.file < b.file) ||
      a.line - b.line ||
      a.column - b.column,
  );
}
