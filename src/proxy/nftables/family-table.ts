/** The table of one family in the kernel, kept in step with what is wanted. */

import type { Logger } from "pino";
import type { ServicePlans } from "../back-end.ts";
import type { ProxySettings } from "../plan/proxy-settings.ts";
import { flushCommands, settingContainers } from "./containers.ts";
import { readEarlierTable } from "./earlier-table.ts";
import type { Element } from "./element.ts";
import { elementCommands } from "./element.ts";
import { NftError } from "./nft-error.ts";
import type { NftRunner } from "./nft-runner.ts";
import { PickChains } from "./pick-chains.ts";
import { layoutMark, layoutTable } from "./table-layout.ts";
import { TableModel } from "./table-model.ts";
import type { TableWords } from "./table-words.ts";

/** Of a first build: the kernel's lock is held some ten milliseconds for as many. */
const elementsPerStep = 5_000;
/** As many at a time are taken in at the start: what is made on the way to the model is gone before it grows old. */
const servicesPerPart = 200;
/** Before Linux 6.2 a chain counts as used for a moment after the last element that led to it is gone. */
const unusedChainMs = 1000;

export class FamilyTable {
  readonly #words: TableWords;
  readonly #runner: NftRunner;
  readonly #log: Logger;
  #settings: ProxySettings;
  #model = new TableModel(new Map());
  #chains: PickChains;
  /** The kernel has what the model says; false after a failure, until the table has been renewed. */
  #isInStep = false;

  constructor(words: TableWords, settings: ProxySettings, runner: NftRunner, log: Logger) {
    this.#words = words;
    this.#settings = settings;
    this.#runner = runner;
    this.#log = log;
    this.#chains = new PickChains(words, []);
  }

  /**
   * A table from an earlier run is renewed in one transaction: connections see the old rules and then the new ones.
   * Without one nothing depends on us yet, so that it is made in steps, and begins to act with the last.
   */
  async start(plans: ServicePlans): Promise<void> {
    const earlier = await readEarlierTable(this.#runner, this.#words);
    this.#model = new TableModel(earlier?.numbers ?? new Map());
    this.#chains = new PickChains(this.#words, earlier?.isOfThisLayout ? earlier.chains : []);
    for (const part of partsOf(plans)) this.#chains.follow(this.#model.change(part), performance.now());
    if (earlier === undefined) await this.#buildInSteps();
    else if (earlier.isOfThisLayout) await this.#renew();
    else await this.#replace();
    this.#isInStep = true;
  }

  /** The wanted state is kept even when the kernel refuses it: the next call, with whatever changes, renews the table. */
  async update(services: ServicePlans): Promise<void> {
    const changes = this.#model.change(services);
    this.#chains.follow(changes, performance.now());
    if (!this.#isInStep) return this.#bringInStep();
    if (changes.removed.length + changes.added.length === 0) return;
    await this.#attempt([
      ...this.#chains.makeMissing(),
      ...elementCommands("delete", this.#words, changes.removed),
      ...elementCommands("add", this.#words, changes.added),
    ]);
    this.#chains.noteMade();
    await this.#deleteUnusedChains();
  }

  async updateSettings(settings: ProxySettings): Promise<void> {
    const { foundation, hooks, elements } = layoutTable(this.#words, settings);
    this.#settings = settings;
    if (!this.#isInStep) return this.#bringInStep();
    await this.#attempt([
      ...foundation,
      ...settingContainers.map(name => `flush set ${this.#words.table} ${name}`),
      ...elementCommands("add", this.#words, elements),
      ...hooks,
    ]);
  }

  /** Makes the table again if somebody has deleted it (`nft flush ruleset`); true when that was so. */
  async repair(): Promise<boolean> {
    const isThere = this.#isInStep && (await this.#isThere());
    if (!isThere) await this.#bringInStep();
    return !isThere;
  }

  async cleanUp(): Promise<void> {
    await this.#runner.run(this.#deletion());
    this.#isInStep = false;
  }

  /** Without a listing: a command that changes nothing fails where there is no table. */
  #isThere(): Promise<boolean> {
    return this.#runner.run([`add chain ${this.#words.table} ${layoutMark}`]).then(
      () => true,
      () => false,
    );
  }

  async #attempt(commands: readonly string[]): Promise<void> {
    try {
      await this.#runner.run(commands);
    } catch (error) {
      this.#isInStep = false;
      throw error;
    }
  }

  async #bringInStep(): Promise<void> {
    this.#isInStep = false;
    await this.#renew();
    this.#isInStep = true;
  }

  /** All at once, keeping the clients' sessions; also where there is no table at all. */
  async #renew(): Promise<void> {
    try {
      await this.#runner.run(this.#everything());
    } catch (error) {
      this.#log.warn(
        { err: error, table: this.#words.table },
        "nftables table cannot be renewed; replacing it",
      );
      return this.#replace();
    }
    this.#chains.noteMade();
  }

  /** All at once, in place of whatever is there. */
  async #replace(): Promise<void> {
    try {
      await this.#runner.run([...this.#deletion(), ...this.#everything()]);
    } catch (error) {
      if (!(error instanceof NftError && error.isTooLong)) throw error;
      this.#log.warn(
        { table: this.#words.table },
        "nftables table is too large to be replaced without a gap",
      );
      await this.#runner.run(this.#deletion());
      return this.#buildInSteps();
    }
    this.#chains.noteMade();
  }

  #deletion(): readonly string[] {
    return [`add table ${this.#words.table}`, `delete table ${this.#words.table}`];
  }

  #everything(): readonly string[] {
    const layout = layoutTable(this.#words, this.#settings);
    return [
      ...layout.foundation,
      ...this.#chains.makeAll(),
      ...flushCommands(this.#words),
      ...elementCommands("add", this.#words, layout.elements),
      ...elementCommands("add", this.#words, this.#model.elements()),
      ...layout.hooks,
    ];
  }

  async #buildInSteps(): Promise<void> {
    const layout = layoutTable(this.#words, this.#settings);
    const settings = elementCommands("add", this.#words, layout.elements);
    await this.#runner.run([...layout.foundation, ...this.#chains.makeAll(), ...settings]);
    let size = elementsPerStep;
    let step: Element[] = [];
    for (const element of this.#model.elements()) {
      if (step.push(element) < size) continue;
      size = await this.#addInPieces(step, size);
      step = [];
    }
    await this.#addInPieces(step, size);
    await this.#runner.run(layout.hooks);
    this.#chains.noteMade();
  }

  /** As many elements per transaction as `size`, or fewer where these are too long; resolves with their number. */
  async #addInPieces(elements: readonly Element[], size: number): Promise<number> {
    for (let done = 0; done < elements.length; ) {
      const commands = elementCommands("add", this.#words, elements.slice(done, done + size));
      const fits = await this.#runStep(commands, size > 1);
      if (fits) done += size;
      else size = Math.ceil(size / 4);
    }
    return size;
  }

  /** False when it is too long and may be tried in pieces. */
  async #runStep(commands: readonly string[], isDivisible: boolean): Promise<boolean> {
    try {
      await this.#runner.run(commands);
      return true;
    } catch (error) {
      if (isDivisible && error instanceof NftError && error.isTooLong) return false;
      throw error;
    }
  }

  /** They do no harm: where it fails it is tried again after a later change. Some may have gone with a deleted table. */
  async #deleteUnusedChains(): Promise<void> {
    const unused = this.#chains.unusedSince(performance.now() - unusedChainMs);
    if (unused.length === 0) return;
    try {
      const { table } = this.#words;
      await this.#runner.run(
        unused.flatMap(name => [`add chain ${table} ${name}`, `delete chain ${table} ${name}`]),
      );
      this.#chains.noteDeleted(unused);
    } catch (error) {
      this.#log.debug({ err: error, table: this.#words.table }, "nftables chains are still in use");
    }
  }
}

function* partsOf(plans: ServicePlans): Iterable<ServicePlans> {
  const entries = [...plans];
  for (let start = 0; start < entries.length; start += servicesPerPart) {
    yield new Map(entries.slice(start, start + servicesPerPart));
  }
}
