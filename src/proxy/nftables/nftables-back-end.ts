/**
 * Services by rules of the kernel: a table `frontdesk` for each family, and no other is ever touched.
 *
 * A change is one transaction per family, so that a connection sees all of it or nothing. Stopping leaves the tables
 * at work; `cleanUp` takes them away.
 */

import type { Logger } from "pino";
import type { IPFamily } from "../../cluster/objects.ts";
import type { ProxySettings } from "../plan/proxy-settings.ts";
import type { ServicePortPlan } from "../plan/service-port-plan.ts";
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

/** The tables of some families are not what they should be. Others, and all before the change, are. */
export class NftablesError extends Error {
  override readonly name = "NftablesError";
  readonly families: readonly IPFamily[];

  constructor(failures: ReadonlyMap<IPFamily, unknown>) {
    const reasons = [...failures].map(([family, error]) => `${family}: ${(error as Error).message}`);
    super(reasons.join("; "), { cause: [...failures.values()][0] });
    this.families = [...failures.keys()];
  }
}

/** Services by `namespace/name`, with plans of both families; none for a Service that is gone. */
type ServicePlans = ReadonlyMap<string, readonly ServicePortPlan[]>;

/**
 * All methods but `stop` reject with NftablesError. What failed is not lost: the next call renews the whole table in
 * one transaction, so that a caller repeats with any changes, or none, after a while.
 */
export class NftablesBackEnd {
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
      if (failures.size > 0) throw new NftablesError(failures);
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

function ofFamily(plans: ServicePlans, family: IPFamily): ServicePlans {
  return new Map([...plans].map(([key, ports]) => [key, ports.filter(port => port.family === family)]));
}
