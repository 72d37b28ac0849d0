/**
 * What kube-proxy has left on a node, in whatever mode it ran, is taken away: when we take its place, and for
 * `--cleanup`.
 *
 * On taking over this comes last, when our own rules or sockets are in place. As long as both are there, a new
 * connection is translated once, by whoever sees it first; the other's rules for that are then not asked. Of rules
 * with one priority, which kube-proxy's have in common with ours in all modes but ipvs (which comes later anyway), the
 * kernel asks the youngest first. So ours decide, and kube-proxy's see only what we do not translate. Connections that
 * exist live in the kernel's connection tracking and need no rule any more, whoever's it was. Only those of mode ipvs
 * end: they live in its virtual servers.
 *
 * Left alone is what kubelet, CNI plugins and others have made (`chain-removal.ts`), and settings of the kernel.
 */

import type { Logger } from "pino";
import { removeWithIptables } from "./iptables-leftovers.ts";
import { removeIpvs, removeSets } from "./ipvs-leftovers.ts";
import type { Machine } from "./machine.ts";
import { thisMachine } from "./machine.ts";
import { removeWithNft } from "./nft-leftovers.ts";
import { RemovalReport } from "./removal-report.ts";

export interface LeftoversOptions {
  /** A line for each thing that was removed, a warning for what remains, and silence where there was nothing. */
  readonly log: Logger;
  /** `ipvs.excludeCIDRs` of the configuration: in these networks virtual servers are not kube-proxy's. */
  readonly excludedNetworks?: readonly string[];
  readonly machine?: Machine;
}

/** The lines of the log. */
export interface Leftovers {
  readonly removed: readonly string[];
  /** What is still there, or may be, and why. */
  readonly remaining: readonly string[];
}

/** Needs CAP_NET_ADMIN. Never rejects: what cannot be removed is said, and programs that are missing are no failure. */
export async function removeLeftovers({
  log,
  excludedNetworks = [],
  machine = thisMachine,
}: LeftoversOptions): Promise<Leftovers> {
  const report = new RemovalReport(log);
  const hasNft = await removeWithNft(machine, report);
  if (!hasNft) await removeWithIptables(machine, "nft", report);
  await removeWithIptables(machine, "legacy", report);
  await removeIpvs(machine, excludedNetworks, report);
  await removeSets(machine, report);
  const { removed, remaining } = report;
  return { removed, remaining };
}
