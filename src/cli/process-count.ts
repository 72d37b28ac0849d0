/** How many processes a Corefile asks for. */

import { availableParallelism } from "node:os";
import type { CorefilePlan } from "../dns/corefile/plan.ts";
import { configOf } from "../dns/corefile/plan.ts";
import type { MultisocketConfig } from "../dns/plugins/multisocket.ts";
import type { Plugin } from "../dns/plugins/plugin.ts";
import { sharesPorts } from "../dns/server/port-sharing.ts";

export interface ProcessCount {
  readonly count: number;
  /** What the Corefile asks for and does not get. */
  readonly warnings: readonly string[];
}

/** Each holds all that is known of the cluster; beyond the number of processors there is next to nothing to gain. */
const maxPerProcessor = 4;

/**
 * The largest number of all server blocks: a process answers all of them. `processors` is what this program may use of
 * the machine.
 */
export function processCount(
  { blocks }: CorefilePlan<Plugin>,
  processors: number = availableParallelism(),
  canShare: boolean = sharesPorts,
): ProcessCount {
  const configs = blocks.flatMap(block => configOf<MultisocketConfig>(block, "multisocket") ?? []);
  const numberOf = ({ count }: MultisocketConfig) => count ?? processors;
  const [largest, ...others] = configs.toSorted((a, b) => numberOf(b) - numberOf(a));
  if (largest === undefined) return { count: 1, warnings: [] };
  const wanted = numberOf(largest);
  const most = canShare ? maxPerProcessor * processors : 1;
  const place = `${largest.at.file}:${largest.at.line}:${largest.at.column}: multisocket`;
  const warnings: string[] = [];
  if (others.some(other => numberOf(other) !== wanted)) {
    warnings.push(
      `${place}: server blocks ask for different numbers; the largest, ${wanted}, is for all of them`,
    );
  }
  if (wanted > most) {
    const why = canShare
      ? `${maxPerProcessor} for each of ${processors} processors`
      : "only Linux can share ports";
    warnings.push(`${place}: ${most} instead of ${wanted} processes: ${why}`);
  }
  return { count: Math.min(wanted, most), warnings };
}
