/** The DNS server's life: a plan becomes blocks of plugins behind listeners, and another plan takes its place. */

import type { BlockPlan, CorefilePlan, PlanEntry } from "../corefile/plan.ts";
import { configOf } from "../corefile/plan.ts";
import type { RunningBlock } from "../plugins/block.ts";
import { startBlock } from "../plugins/block.ts";
import type { Plugin, PluginHost } from "../plugins/plugin.ts";
import type { TlsConfig } from "../plugins/tls.ts";
import type { ListenPlan, PreparedBlock } from "./listen-plan.ts";
import { planListeners } from "./listen-plan.ts";
import type { ListenerHooks } from "./open-listener.ts";
import { OpenListener } from "./open-listener.ts";
import { openTlsContext } from "./tls-context.ts";
import { Work } from "./work.ts";

export interface DNSServerOptions extends ListenerHooks {
  /** For plain DNS keys without a port. */
  readonly defaultPort: number;
  hostFor(block: BlockPlan<Plugin>, entry: PlanEntry<Plugin>): PluginHost;
}

/** The plugins of one plan, and the queries they are at work on. */
interface Generation {
  readonly blocks: readonly RunningBlock[];
  readonly work: Work;
}

export class DNSServer {
  readonly #options: DNSServerOptions;
  readonly #listeners = new Map<string, OpenListener>();
  #generation: Generation = { blocks: [], work: new Work() };
  /** Earlier plans that still finish something. */
  readonly #retiring = new Work();

  constructor(options: DNSServerOptions) {
    this.#options = options;
  }

  /**
   * Serves by this plan from the next query on. Listeners that both plans want go on without a gap.
   *
   * @throws PluginStartError, DNSListenError; nothing has changed then
   */
  async apply(plan: CorefilePlan<Plugin>): Promise<void> {
    const work = new Work();
    const prepared: PreparedBlock[] = [];
    const opened: OpenListener[] = [];
    try {
      for (const block of plan.blocks) prepared.push(await this.#prepare(block));
      if (this.#listeners.size === 0) await this.#options.group?.untilFit();
      const wanted = planListeners(prepared, this.#options.defaultPort, work);
      for (const one of wanted) {
        if (this.#listeners.has(one.key)) continue;
        // Two that stay may share a port when one of them names its address; one that goes may have it as it is.
        const besides = [...this.#listeners.values(), ...opened].filter(
          ({ opened: { key, address } }) => address !== one.address || !wanted.some(plan => plan.key === key),
        );
        opened.push(await OpenListener.open(one, this.#options, besides));
      }
      this.#switchTo(wanted, opened, { blocks: prepared.map(({ block }) => block), work });
    } catch (error) {
      await Promise.all([...opened, ...prepared.map(({ block }) => block)].map(part => part.close()));
      throw error;
    }
  }

  /** Without those that are parts of others. */
  get listeners(): readonly OpenListener[] {
    return [...this.#listeners.values()].filter(({ opened, plan }) => opened.key === plan.key);
  }

  /** The server blocks as they run. */
  get blocks(): readonly RunningBlock[] {
    return this.#generation.blocks;
  }

  /** Stops listening, finishes what is under way, closes the plugins. */
  async close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    const finished = [...listeners.map(listener => listener.close()), this.#generation.work.finished()];
    await Promise.all([...finished, this.#retiring.finished()]);
    await Promise.all(this.blocks.map(block => block.close()));
  }

  async #prepare(plan: BlockPlan<Plugin>): Promise<PreparedBlock> {
    const tlsEntry = plan.entries.find(({ plugin }) => plugin.name === "tls");
    const config = configOf<TlsConfig>(plan, "tls");
    const tls =
      tlsEntry === undefined || config === undefined
        ? undefined
        : await openTlsContext(config, this.#options.hostFor(plan, tlsEntry).path, tlsEntry.at);
    return { tls, block: await startBlock(plan, entry => this.#options.hostFor(plan, entry)) };
  }

  /** All at once, between two queries. */
  #switchTo(wanted: readonly ListenPlan[], opened: readonly OpenListener[], next: Generation): void {
    for (const listener of opened) this.#listeners.set(listener.opened.key, listener);
    const keys = new Set(wanted.map(({ key }) => key));
    for (const plan of wanted) this.#listeners.get(plan.key)?.follow(plan);
    const previous = this.#generation;
    this.#generation = next;
    // They are of the earlier plan's making.
    this.#options.prepared?.clear();
    const closing: Promise<void>[] = [];
    for (const [key, listener] of this.#listeners) {
      if (keys.has(key)) continue;
      // As long as it is open it gets queries that are meant for the one that takes its place.
      const heir = wanted.find(plan => listener.hasHeirIn(plan));
      if (heir !== undefined) listener.follow(heir);
      // What the kernel has for a socket goes with it, and more comes until the moment it is closed.
      if (heir !== undefined && listener.isPartOf(heir)) continue;
      this.#listeners.delete(key);
      closing.push(listener.close());
    }
    this.#retiring.add(retire(previous, closing));
  }
}

async function retire({ blocks, work }: Generation, closing: readonly Promise<void>[]): Promise<void> {
  await Promise.all([...closing, work.finished()]);
  await Promise.all(blocks.map(block => block.close()));
}
