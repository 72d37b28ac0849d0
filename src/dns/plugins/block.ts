/** A server block of the plan becomes plugins at work. */

import type { BlockPlan, PlanEntry } from "../corefile/plan.ts";
import { joinChain } from "./chain.ts";
import type { BlockChain, ChainMember, Plugin, PluginHost } from "./plugin.ts";

export interface RunningBlock extends BlockChain {
  readonly plan: BlockPlan<Plugin>;
  /** Closes all plugins; what they still have under way ends in its own time. */
  close(): Promise<void>;
}

/** Starts the plugins in their order, one after the other. When one cannot start, those before it are closed again. */
export async function startBlock(
  plan: BlockPlan<Plugin>,
  hostFor: (entry: PlanEntry<Plugin>) => PluginHost,
): Promise<RunningBlock> {
  const started: (ChainMember & { readonly asksUpstream: boolean })[] = [];
  const close = async () => {
    await Promise.all(started.map(({ layer }) => layer.close?.()));
  };
  try {
    for (const entry of plan.entries) {
      const { plugin, config } = entry;
      const layer = await plugin.start?.(config, hostFor(entry));
      if (layer === undefined) continue;
      started.push({ name: plugin.name, config, layer, asksUpstream: plugin.asksUpstream === true });
    }
  } catch (error) {
    await close();
    throw error;
  }
  const running: RunningBlock = { plan, members: started, handle: joinChain(started), close };
  for (const { layer } of started) layer.connect?.(running);
  return running;
}
