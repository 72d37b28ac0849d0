/** Chains and rules of kube-proxy that its own tool, iptables, has to take away. */

import type { ChainRemoval, ChainTable, Jump } from "./chain-removal.ts";
import { planRemoval, tableNames } from "./chain-removal.ts";
import type { Machine } from "./machine.ts";
import { ProgramMissingError } from "./machine.ts";
import type { RemovalReport } from "./removal-report.ts";

/** Both keep rules of their own, which the other does not see. */
type Variant = "nft" | "legacy";

interface Family {
  readonly program: string;
  /** Names the tables that the legacy variant has made; to look into others would make them. */
  readonly legacyTablesFile: string;
}

const families: readonly Family[] = [
  { program: "iptables", legacyTablesFile: "/proc/net/ip_tables_names" },
  { program: "ip6tables", legacyTablesFile: "/proc/net/ip6_tables_names" },
];

export async function removeWithIptables(
  machine: Machine,
  variant: Variant,
  report: RemovalReport,
): Promise<void> {
  for (const { program, legacyTablesFile } of families) {
    if (variant === "legacy" && (await machine.read(legacyTablesFile)).trim() === "") continue;
    const tool = `${program}-${variant}`;
    try {
      const saved = await machine.run([`${tool}-save`]);
      for (const [name, table] of tablesIn(saved)) await removeFrom(machine, tool, name, table, report);
    } catch (error) {
      // That of nft is looked for where nft is missing, and where both are, nobody has written such rules.
      if (variant === "nft" && error instanceof ProgramMissingError) continue;
      report.remains(`rules of ${tool}, if any`, error);
    }
  }
}

async function removeFrom(
  machine: Machine,
  tool: string,
  name: string,
  table: ChainTable,
  report: RemovalReport,
): Promise<void> {
  const what = `${tool} table ${name}`;
  const removal = planRemoval(table);
  try {
    if (removal.jumps.length + removal.chains.length > 0) {
      await machine.run([`${tool}-restore`, "--noflush", "--wait=5"], restoreText(name, removal));
    }
    report.chainsWereRemoved(what, removal);
    report.chainsAreShared(what, removal);
  } catch (error) {
    report.remains(what, error);
  }
}

/** One transaction. A chain that is named with a colon is emptied. */
function restoreText(table: string, { jumps, chains }: ChainRemoval): string {
  return [
    `*${table}`,
    ...chains.map(chain => `:${chain} - [0:0]`),
    ...jumps.map(({ rule }) => rule.replace(/^-A/, "-D")),
    ...chains.map(chain => `-X ${chain}`),
    "COMMIT\n",
  ].join("\n");
}

/** Of the text that iptables-save writes, the tables that kube-proxy writes to. */
function tablesIn(saved: string): ReadonlyMap<string, ChainTable> {
  const tables = new Map<string, { readonly chains: string[]; readonly jumps: Jump[] }>();
  let name = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) {
      name = line.slice(1);
      if (tableNames.has(name)) tables.set(name, { chains: [], jumps: [] });
    }
    const chain = /^:(\S+) /.exec(line)?.[1];
    if (chain !== undefined) tables.get(name)?.chains.push(chain);
    const jump = jumpIn(line);
    if (jump !== undefined) tables.get(name)?.jumps.push(jump);
  }
  return tables;
}

const quoted = /"(?:[^"\\]|\\.)*"/g;

/** A rule with any target, even one that is no chain. */
function jumpIn(line: string): Jump | undefined {
  const [, from, to] = /^-A (\S+).* -[jg] (\S+)/.exec(line.replace(quoted, '""')) ?? [];
  return from === undefined || to === undefined ? undefined : { from, to, rule: line };
}
