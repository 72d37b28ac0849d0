/** Findings about the `forward` stanzas of a block together: what is there without doing anything. */

import type { BlockContext } from "../../corefile/plan.ts";
import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import { isSubdomain } from "../../wire/name.ts";
import type { ForwardConfig } from "./forward-config.ts";

export interface ReadStanza {
  readonly stanza: Directive;
  readonly config: ForwardConfig;
}

export function reportIdleParts(stanzas: readonly ReadStanza[], block: BlockContext, reading: Reading): void {
  const zones = block.keys.map(({ zone }) => zone);
  for (const [index, read] of stanzas.entries()) {
    reportUnreachable(read, stanzas.slice(0, index), zones, reading);
    reportIdleOptions(read, index === stanzas.length - 1, reading);
  }
}

/** Stanzas are asked as written: a wider one in front takes everything. */
function reportUnreachable(
  { stanza, config }: ReadStanza,
  earlier: readonly ReadStanza[],
  zones: readonly Name[],
  reading: Reading,
): void {
  const from = stanza.args[0] as Word;
  const overlaps = (name: Name) => zones.some(zone => isSubdomain(name, zone) || isSubdomain(zone, name));
  if (config.from.length > 0 && zones.length > 0 && !config.from.some(overlaps)) {
    idle(
      reading,
      from,
      `no name in ${from.text} reaches this server block`,
      "move it to a block that serves it",
    );
    return;
  }
  const wider = earlier.find(other => takesAll(other.config, config.from));
  if (wider === undefined) return;
  const { line } = wider.config.at;
  idle(
    reading,
    from,
    `the forward in line ${line} takes all names in ${from.text} before this one is asked`,
    `move this forward in front of line ${line}`,
  );
}

function takesAll(
  { from, except, nextRcodes, nextOnNodata }: ForwardConfig,
  names: readonly Name[],
): boolean {
  if (nextRcodes.length > 0 || nextOnNodata) return false;
  return names.every(
    name =>
      from.some(zone => isSubdomain(name, zone)) &&
      !except.some(zone => isSubdomain(name, zone) || isSubdomain(zone, name)),
  );
}

function reportIdleOptions({ stanza, config }: ReadStanza, isLast: boolean, reading: Reading): void {
  const isSecret = config.destinations.some(({ transport }) => transport !== "dns");
  for (const { name } of stanza.block ?? []) {
    if (isLast && (name.text === "next" || name.text === "next_on_nodata")) {
      idle(
        reading,
        name,
        `${name.text} leads to no other forward`,
        "write the forward that it leads to below",
      );
    } else if (!isSecret && (name.text === "tls" || name.text === "tls_servername")) {
      idle(
        reading,
        name,
        `${name.text} is for upstreams that begin with tls:// or https://, and there is none`,
        "write tls:// in front of the address, or remove it",
      );
    }
  }
}

function idle(reading: Reading, word: Word, what: string, remedy: string): void {
  reading.report("COREFILE_NO_EFFECT", word.at, what, remedy);
}
