/** What a Corefile makes the server do, block by block, in the words of its plugins. */

import type { BlockPlan } from "../dns/corefile/plan.ts";
import type { Scheme, ServerKey } from "../dns/corefile/server-key.ts";
import { schemePorts } from "../dns/corefile/server-key.ts";
import type { Place } from "../dns/corefile/syntax.ts";
import type { Plugin } from "../dns/plugins/plugin.ts";
import { formatName } from "../dns/wire/name.ts";

export interface BlockExplanation extends Place {
  /** One sentence: which names, and how they are asked for. */
  readonly serves: string;
  /** In the order in which queries pass them. */
  readonly plugins: readonly PluginExplanation[];
}

interface PluginExplanation extends Place {
  readonly name: string;
  readonly sentences: readonly string[];
}

export function explainBlock({ keys, entries, at }: BlockPlan<Plugin>): BlockExplanation {
  const plugins = entries.map(({ plugin, config, at }) => ({
    ...at,
    name: plugin.name,
    sentences: plugin.explain(config),
  }));
  return { ...at, serves: explainKeys(keys), plugins };
}

export function formatExplanations(blocks: readonly BlockExplanation[]): string {
  const choice =
    "Of several blocks on one port, the one with the longest zone that a name is in gets the query.";
  const paragraphs = blocks.map(formatBlock);
  return [...paragraphs, ...(blocks.length > 1 ? [choice] : [])].join("\n\n");
}

function formatBlock({ file, line, column, serves, plugins }: BlockExplanation): string {
  const heading = `${file}:${line}:${column}  ${serves}`;
  if (plugins.length === 0) return `${heading}\n  Nothing in the block answers: every query is refused.`;
  const width = Math.max(...plugins.map(({ name }) => name.length));
  const lines = plugins.flatMap(({ name, sentences }, place) =>
    sentences.map((sentence, index) => {
      const [number, word] = index === 0 ? [`${place + 1}.`, name] : ["", ""];
      return `  ${number.padStart(3)} ${word.padEnd(width)}  ${sentence}`;
    }),
  );
  return [heading, "  A query passes these from top to bottom, until one answers:", ...lines].join("\n");
}

const transports: Readonly<Record<Scheme, string>> = {
  dns: "over UDP and TCP",
  tls: "over TLS",
  https: "over HTTPS",
};

function explainKeys(keys: readonly ServerKey[]): string {
  const groups = Map.groupBy(
    keys,
    ({ scheme, port }) => `${transports[scheme]} on port ${port ?? schemePorts[scheme]}`,
  );
  const parts = [...groups].map(([where, group]) => {
    const zones = [...new Set(group.map(({ zone }) => formatName(zone)))];
    return `${zones.includes(".") ? "all names" : `names in ${zones.join(", ")}`}, asked ${where}`;
  });
  return `Answers ${parts.join("; ")}.`;
}
