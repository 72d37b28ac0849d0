/**
 * What nft can take away: the tables of mode nftables, and the chains of iptables-nft, which are nftables underneath.
 *
 * No program of iptables is needed for these: nft may not be able to print every match of such a rule, but jumps and
 * handles it can, and to delete takes no more.
 */

import type { ChainRemoval, ChainTable } from "./chain-removal.ts";
import { isKubeProxyChain, planRemoval, tableNames } from "./chain-removal.ts";
import type { Machine } from "./machine.ts";
import { ProgramMissingError } from "./machine.ts";
import type { RemovalReport } from "./removal-report.ts";

/** Returns false where there is no nft that works, and nothing has been done. */
export async function removeWithNft(machine: Machine, report: RemovalReport): Promise<boolean> {
  // One listing for everything: it has the names of tables and chains, and reads neither rules nor elements.
  const listing = await machine.run(["nft", "list", "chains"]).catch((error: unknown) => {
    if (!(error instanceof ProgramMissingError)) report.remains("tables of nftables, if any", error);
    return undefined;
  });
  if (listing === undefined) return false;
  for (const table of tablesIn(listing)) {
    if (isKubeProxyTable(table)) await removeTable(machine, table, report);
    else if (hasKubeProxyChains(table)) await removeChains(machine, table, report);
  }
  return true;
}

interface ListedTable {
  readonly family: string;
  readonly name: string;
  readonly chains: readonly string[];
}

function tablesIn(listing: string): readonly ListedTable[] {
  return listing.split(/^(?=table )/m).flatMap(block => {
    const [, family, name] = /^table (ip6?) (\S+) \{/.exec(block) ?? [];
    if (family === undefined || name === undefined) return [];
    return [
      { family, name, chains: [...block.matchAll(/^\tchain (\S+) \{/gm)].map(([, chain = ""]) => chain) },
    ];
  });
}

function isKubeProxyTable({ name }: ListedTable): boolean {
  return name === "kube-proxy";
}

function hasKubeProxyChains({ name, chains }: ListedTable): boolean {
  return tableNames.has(name) && chains.some(isKubeProxyChain);
}

async function removeTable(machine: Machine, table: ListedTable, report: RemovalReport): Promise<void> {
  const { family, name } = table;
  const what = `nftables table ${family} ${name}`;
  try {
    await machine.run(["nft", "delete", "table", family, name]);
    report.wasRemoved(what);
  } catch (error) {
    report.remains(what, error);
  }
}

async function removeChains(machine: Machine, table: ListedTable, report: RemovalReport): Promise<void> {
  const { family, name } = table;
  const what = `${family === "ip" ? "iptables" : "ip6tables"}-nft table ${name}`;
  try {
    const rules = await machine.run(["nft", "-a", "list", "table", family, name]);
    const removal = planRemoval(chainTableIn(rules));
    await transact(machine, unlinking(removal, `${family} ${name}`));
    await transact(machine, deleting(removal, `${family} ${name}`));
    report.chainsWereRemoved(what, removal);
    report.chainsAreShared(what, removal);
  } catch (error) {
    report.remains(what, error);
  }
}

/** Of `nft -a list table`. A jump is the last word of its rule, but for a comment. */
function chainTableIn(listing: string): ChainTable {
  const jumps = [];
  const chains: string[] = [];
  for (const line of listing.split("\n")) {
    const chain = /^\tchain (\S+) \{/.exec(line)?.[1];
    if (chain !== undefined) chains.push(chain);
    const [, to, handle] = / (?:jump|goto) (\S+)(?: comment ".*")? # handle (\d+)$/.exec(line) ?? [];
    const from = chains.at(-1);
    if (from !== undefined && to !== undefined && handle !== undefined)
      jumps.push({ from, to, rule: handle });
  }
  return { chains, jumps };
}

/** With these, in one transaction of its own, packets come past all that is left. */
function unlinking({ jumps }: ChainRemoval, table: string): readonly string[] {
  return jumps.map(({ from, rule }) => `delete rule ${table} ${from} handle ${rule}`);
}

function deleting({ chains }: ChainRemoval, table: string): readonly string[] {
  return [
    ...chains.map(chain => `flush chain ${table} ${chain}`),
    ...chains.map(chain => `delete chain ${table} ${chain}`),
  ];
}

/** A transaction of so many commands fits into a netlink message even in a user namespace. */
const smallestTransaction = 250;

/** All at once takes nft a tenth of the time, but may be more than the kernel lets an unprivileged user send. */
async function transact(machine: Machine, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  try {
    await machine.run(["nft", "-f", "-"], `${commands.join("\n")}\n`);
  } catch (error) {
    if (commands.length <= smallestTransaction) throw error;
    const half = Math.ceil(commands.length / 2);
    await transact(machine, commands.slice(0, half));
    await transact(machine, commands.slice(half));
  }
}
