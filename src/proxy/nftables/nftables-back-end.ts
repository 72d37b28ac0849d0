/**
 * Services by rules of the kernel: a table `frontdesk` for each family, and no other is ever touched.
 *
 * A change is one transaction per family, so that a connection sees all of it or nothing. Stopping leaves the tables
 * at work; `cleanUp` takes them away.
 */

import type { Logger } from "pino";
import type { IPFamily } from "../../cluster/objects.ts";
import type { BackEnd, ServicePlans } from "../back-end.ts";
import { BackEndError } from "../back-end.ts";
import type { ProxySettings } from "../plan/proxy-settings.ts";
import { FamilyTable } from "./family-table.ts";
import type { NftRunner } from "./nft-runner.ts";
import { tableWords } from "./table-words.ts";

export interface NftablesOptions {
  readonly settings: ProxySettings;
  /** Those that the node has. */
  readonly families: readonly IPFamily[];
  readonly runner: NftRunner;
  readonly log: Logger;
}

export class NftablesBackEnd implements BackEnd {
  readonly #runner: NftRunner;
  readonly #tables: ReadonlyMap<IPFamily, FamilyTable>;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ settings, families, runner, log }: NftablesOptions) {
    this.#runner = runner;
    this.#tables = new Map(
      families.map(family => [family, new FamilyTable(tableWords(family), settings, runner, log)]),
    );
  }

  /** Takes over or makes the tables. `plans` are those of all Services. */
  start(plans: ServicePlans): Promise<void> {
    return this.#inEachTable((table, family) => table.start(ofFamily(plans, family)));
  }

  /** `changes` are the plans of changed Services. Returns when new connections see them. */
  update(changes: ServicePlans): Promise<void> {
    return this.#inEachTable((table, family) => table.update(ofFamily(changes, family)));
  }

  updateSettings(settings: ProxySettings): Promise<void> {
    return this.#inEachTable(table => table.updateSettings(settings));
  }

  /** Makes tables again that somebody has deleted; to be called now and then. The families that were concerned. */
  async repair(): Promise<readonly IPFamily[]> {
    const repaired: IPFamily[] = [];
    await this.#inEachTable(async (table, family) => {
      if (await table.repair()) repaired.push(family);
    });
    return repaired;
  }

  /** Takes the tables away, also those of an earlier run; needs no start. */
  cleanUp(): Promise<void> {
    return this.#inEachTable(table => table.cleanUp());
  }

  /** Leaves the tables at work. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    await this.#last;
    await this.#runner.close();
  }

  /** One call after the other, as they come; a family that fails does not keep the other from going on. */
  #inEachTable(act: (table: FamilyTable, family: IPFamily) => Promise<unknown>): Promise<void> {
    const done = this.#last.then(async () => {
      const failures = new Map<IPFamily, unknown>();
      for (const [family, table] of this.#tables) {
        await act(table, family).catch((error: unknown) => failures.set(family, error));
      }
      if (failures.size > 0) throw new BackEndError(failures);
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

function ofFamily(plans: ServicePlans, family: IPFamily): ServicePlans {
  return new Map([...plans].map(([key, ports]) => [key, ports.filter(port => port.family === family)]));
}
