import type { IPFamily } from "../../cluster/objects.ts";
import type { ProxySettings } from "../plan/proxy-settings.ts";
import { elementCommands } from "./element.ts";
import { NftError } from "./nft-error.ts";
import type { NftRunner } from "./nft-runner.ts";
import type { PickChain } from "./pick-chain.ts";
import { pickChainName, pickChainRules } from "./pick-chain.ts";
import { layoutTable, writeRules } from "./table-layout.ts";
import type { TableWords } from "./table-words.ts";
import { tableWords } from "./table-words.ts";

/** The oldest nft that the rules were tried with. */
const triedVersion = "1.0.6";

/**
 * Why Services of a family cannot be served by nftables on this node, as a sentence; nothing for those that can.
 * Nothing is changed, not even for a moment: nft and the kernel are asked whether they would take such a table.
 */
export async function missingRequirements(
  runner: NftRunner,
  families: readonly IPFamily[],
  settings: ProxySettings,
): Promise<ReadonlyMap<IPFamily, string>> {
  const missing = new Map<IPFamily, string>();
  const version = await runner.version().catch((error: Error) => error);
  for (const family of families) {
    const problem =
      version instanceof Error
        ? `The program nft cannot be run (${version.message}): install nftables ${triedVersion} or newer.`
        : await problemOf(runner, family, settings, version.trim());
    if (problem !== undefined) missing.set(family, problem);
  }
  return missing;
}

async function problemOf(
  runner: NftRunner,
  family: IPFamily,
  settings: ProxySettings,
  version: string,
): Promise<string | undefined> {
  try {
    await runner.check(trialTable(tableWords(family, "frontdesk-trial"), settings));
    return undefined;
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    const needed = `needed are CAP_NET_ADMIN, Linux 5.13 and nftables ${triedVersion} or newer`;
    return `The kernel or ${version} does not take our rules for ${family} (${error.message}): ${needed}.`;
  }
}

/** With one of every sort of rule. */
function trialTable(words: TableWords, settings: ProxySettings): readonly string[] {
  const { foundation, hooks, elements } = layoutTable(words, settings);
  const chains: readonly PickChain[] = [
    { list: "cluster", count: 2, affinityTimeoutSeconds: undefined, masquerades: false },
    { list: "cluster", count: 2, affinityTimeoutSeconds: undefined, masquerades: true },
    { list: "local", count: 1, affinityTimeoutSeconds: 10800, masquerades: false },
  ];
  const named = chains.map(chain => ({ name: pickChainName(chain), rules: pickChainRules(chain, words) }));
  return [
    ...foundation,
    ...named.map(({ name }) => `add chain ${words.table} ${name}`),
    ...named.flatMap(({ name, rules }) => writeRules(words.table, name, rules)),
    ...elementCommands("add", words, elements),
    ...hooks,
  ];
}
