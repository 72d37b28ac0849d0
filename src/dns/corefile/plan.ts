/** Server blocks → what the server runs: each directive read by its plugin, in the order in which plugins are called. */

import type { Finding } from "./finding.ts";
import { Overlap } from "./overlap.ts";
import { Reading } from "./reading.ts";
import type { ServerKey } from "./server-key.ts";
import { readServerKey, schemePorts } from "./server-key.ts";
import type { Directive, Place, ServerBlock } from "./syntax.ts";
import type { OtherWords } from "./unknown-word.ts";
import { describeUnknownWord } from "./unknown-word.ts";

/** What a plugin may know of the block around it while it is read. */
export interface BlockContext {
  readonly keys: readonly ServerKey[];
  /** Directives of the block, by name, in written order. */
  readonly directives: ReadonlyMap<string, readonly Directive[]>;
}

/** All directives of one name in a block, never none. */
export type Stanzas = readonly [Directive, ...Directive[]];

/** The part of a plugin that reading a Corefile needs. */
export interface DirectiveReader<Config> {
  readonly name: string;
  /** Makes the configuration, or reports why there is none. Opens nothing. */
  read(stanzas: Stanzas, reading: Reading, block: BlockContext): Config | undefined;
}

export interface Dictionary<Plugin extends DirectiveReader<unknown>> {
  /** In the order in which queries pass them. */
  readonly plugins: readonly Plugin[];
  /** Words that mean something elsewhere: what to say of them. */
  readonly others: OtherWords;
}

export interface PlanEntry<Plugin> {
  readonly plugin: Plugin;
  readonly config: unknown;
  readonly at: Place;
}

export interface BlockPlan<Plugin> {
  readonly keys: readonly ServerKey[];
  /** In the order in which queries pass them. */
  readonly entries: readonly PlanEntry<Plugin>[];
  readonly at: Place;
}

/** The configuration of the block's plugin of that name, if it has one. */
export function configOf<Config>(
  block: BlockPlan<DirectiveReader<unknown>>,
  name: string,
): Config | undefined {
  return block.entries.find(({ plugin }) => plugin.name === name)?.config as Config | undefined;
}

export interface CorefilePlan<Plugin> {
  readonly blocks: readonly BlockPlan<Plugin>[];
  readonly findings: readonly Finding[];
}

/**
 * Blocks of which nothing can be served are left out; they are read all the same. `defaultPort` is that of plain DNS
 * where a key names none.
 */
export function planCorefile<Plugin extends DirectiveReader<unknown>>(
  blocks: readonly ServerBlock[],
  dictionary: Dictionary<Plugin>,
  defaultPort: number = schemePorts.dns,
): CorefilePlan<Plugin> {
  const words = [...dictionary.plugins.map(({ name }) => name), ...Object.keys(dictionary.others)];
  const reading = new Reading(new Set(words));
  const overlap = new Overlap(reading, defaultPort);
  const plans = blocks.flatMap(block => planBlock(block, dictionary, reading, overlap) ?? []);
  return { blocks: plans, findings: reading.findings };
}

function planBlock<Plugin extends DirectiveReader<unknown>>(
  block: ServerBlock,
  { plugins, others }: Dictionary<Plugin>,
  reading: Reading,
  overlap: Overlap,
): BlockPlan<Plugin> | undefined {
  const [firstKey] = block.keys;
  const keys = block.keys.flatMap(key => readServerKey(key, reading));
  const directives = Map.groupBy(block.directives, ({ name }) => name.text);
  const known = plugins.map(({ name }) => name);
  for (const directive of block.directives) {
    if (known.includes(directive.name.text)) continue;
    reading.findings.push(describeUnknownWord(directive, known, others, firstKey));
  }
  if (firstKey === undefined) return undefined;
  reportPlainTls(keys, directives, reading);
  overlap.add(keys, directives);
  const context: BlockContext = { keys, directives };
  const entries = plugins.flatMap(plugin => {
    const stanzas = directives.get(plugin.name) as Stanzas | undefined;
    if (stanzas === undefined) return [];
    const config = plugin.read(stanzas, reading, context);
    return config === undefined ? [] : [{ plugin, config, at: stanzas[0].name.at }];
  });
  return keys.length === 0 ? undefined : { keys, entries, at: firstKey.at };
}

/** DNS over HTTPS without a certificate has its use behind a proxy that has one; DNS over TLS has none. */
function reportPlainTls(
  keys: readonly ServerKey[],
  directives: BlockContext["directives"],
  reading: Reading,
): void {
  const key = directives.has("tls") ? undefined : keys.find(({ scheme }) => scheme === "tls");
  if (key === undefined) return;
  const what = "tls:// without the plugin tls has no certificate: everything would be sent unencrypted";
  reading.report("COREFILE_RISKY", key.at, what, "add tls CERTIFICATE KEY");
}
