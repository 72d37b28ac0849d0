/** What an earlier run has left in the kernel. Read once, at the start; nothing is listed afterwards. */

import type { AffinityNumbers } from "./affinity-numbers.ts";
import { parseNumber } from "./affinity-numbers.ts";
import type { NftRunner } from "./nft-runner.ts";
import { layoutMark } from "./table-layout.ts";
import type { EarlierNumbers } from "./table-model.ts";
import type { TableWords } from "./table-words.ts";

export interface EarlierTable {
  readonly chains: readonly string[];
  /** It can be renewed; otherwise it has to be replaced, and the clients' sessions with it. */
  readonly isOfThisLayout: boolean;
  /** By which clients are remembered. */
  readonly numbers: EarlierNumbers;
}

/** Undefined when there is none. */
export async function readEarlierTable(
  runner: NftRunner,
  { table }: TableWords,
): Promise<EarlierTable | undefined> {
  const [family = "ip"] = table.split(" ");
  const chains = chainsIn(await runner.list(["list", "chains", family]), table);
  if (chains === undefined) return undefined;
  if (!chains.includes(layoutMark)) return { chains, isOfThisLayout: false, numbers: new Map() };
  const list = (map: string) => runner.list(["list", "map", ...table.split(" "), map]);
  const services = await list("affinity-service-ips");
  const endpoints = [await list("affinity-cluster-endpoints"), await list("affinity-local-endpoints")];
  return { chains, isOfThisLayout: true, numbers: numbersIn(services, endpoints.join("\n")) };
}

/** Of one table among others; undefined when it is not there. */
function chainsIn(listing: string, table: string): readonly string[] | undefined {
  const block = listing.split(/^(?=table )/m).find(text => text.startsWith(`table ${table} {`));
  return block === undefined
    ? undefined
    : [...block.matchAll(/^\tchain (\S+) \{/gm)].map(([, name = ""]) => name);
}

/** Addresses with `SERVICE:0`, and `SERVICE:SLOT` with endpoints. */
function numbersIn(services: string, endpoints: string): EarlierNumbers {
  const slots = new Map<number, Map<string, number>>();
  for (const [, text = "", name = ""] of endpoints.matchAll(/([0-9a-f:]+) \. \w+ : (\S+ \. \d+)/g)) {
    const number = parseNumber(text);
    if (number === undefined) continue;
    const ofService = slots.get(number.service) ?? new Map<string, number>();
    slots.set(number.service, ofService.set(name, number.slot));
  }
  const numbers = new Map<string, AffinityNumbers>();
  for (const [, key = "", text = ""] of services.matchAll(/(\S+ \. \w+ \. \d+) : ([0-9a-f:]+)/g)) {
    const service = parseNumber(text)?.service;
    if (service !== undefined) numbers.set(key, { service, slots: slots.get(service) ?? new Map() });
  }
  return numbers;
}
