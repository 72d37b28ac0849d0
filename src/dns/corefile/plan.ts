/** Server blocks → what the server runs: each directive read by its plugin, in the order in which plugins are called. */

import { type Finding, finding } from "./finding.ts";
import { Reading } from "./reading.ts";
import type { ServerKey } from "./server-key.ts";
import { readServerKey } from "./server-key.ts";
import type { Directive, Place, ServerBlock } from "./syntax.ts";

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
  readonly others: Readonly<
    Record<
      string,
      {
        readonly code: "COREFILE_NOT_OFFERED" | "COREFILE_REMOVED_PLUGIN" | "COREFILE_UNSAFE_TO_IGNORE";
        readonly remedy: string;
      }
    >
  >;
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

export interface CorefilePlan<Plugin> {
  readonly blocks: readonly BlockPlan<Plugin>[];
  readonly findings: readonly Finding[];
}

export function planCorefile<Plugin extends DirectiveReader<unknown>>(
  blocks: readonly ServerBlock[],
  dictionary: Dictionary<Plugin>,
): CorefilePlan<Plugin> {
  const reading = new Reading();
  const plans = blocks.map(block => planBlock(block, dictionary, reading));
  return { blocks: plans, findings: [...reading.findings] };
}

function planBlock<Plugin extends DirectiveReader<unknown>>(
  block: ServerBlock,
  { plugins, others }: Dictionary<Plugin>,
  reading: Reading,
): BlockPlan<Plugin> {
  const keys = block.keys.flatMap(key => readServerKey(key, reading));
  const directives = Map.groupBy(block.directives, ({ name }) => name.text);
  const known = new Set(plugins.map(({ name }) => name));
  for (const { name } of block.directives) {
    if (known.has(name.text)) continue;
    const other = Object.hasOwn(others, name.text) ? others[name.text] : undefined;
    reading.findings.push(
      other === undefined
        ? finding(
            "COREFILE_UNKNOWN_PLUGIN",
            name.at,
            `unknown directive "${name.text}"`,
            "correct or remove it",
          )
        : finding(other.code, name.at, `${name.text} is not offered here`, other.remedy),
    );
  }
  const context: BlockContext = { keys, directives };
  const entries = plugins.flatMap(plugin => {
    const stanzas = directives.get(plugin.name) as Stanzas | undefined;
    if (stanzas === undefined) return [];
    const config = plugin.read(stanzas, reading, context);
    return config === undefined ? [] : [{ plugin, config, at: stanzas[0].name.at }];
  });
  return { keys, entries, at: block.keys[0]?.at ?? { file: "", line: 1, column: 1 } };
}
