/** A running server follows its Corefile: now and then with `reload`, at once on SIGUSR1. */

import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { configOf } from "../dns/corefile/plan.ts";
import type { RunningBlock } from "../dns/plugins/block.ts";
import type { HealthConfig } from "../dns/plugins/health.ts";
import type { CounterOf, GaugeOf, Instruments } from "../dns/plugins/plugin.ts";
import type { ReloadConfig } from "../dns/plugins/reload.ts";
import { reportFindings } from "./corefile-findings.ts";
import type { CorefileSource, LoadedCorefile } from "./corefile-source.ts";

export interface ReloadsOptions {
  readonly source: CorefileSource;
  /** Makes the server run it; rejects and changes nothing when that cannot be. */
  readonly use: (corefile: LoadedCorefile) => Promise<void>;
  readonly metrics: Instruments;
  readonly log: Logger;
}

/** Editors empty a file before they write it, or have it away for a moment: two readings so far apart have to agree. */
const settleMs = 50;

export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #log: Logger;
  readonly #failed: CounterOf<never>;
  readonly #version: GaugeOf<"hash" | "value">;
  #running: LoadedCorefile | undefined;
  /** What was tried in vain, so that it is not tried and told again and again. */
  #refused = "";
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  /** A look waits for its turn. */
  #isQueued = false;
  /** A signal has come that no look has heeded yet. */
  #isAsked = false;
  #isStopped = false;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#log = options.log.child({ plugin: "reload" });
    this.#failed = options.metrics.counter(
      "coredns_reload_failed_total",
      "Changed Corefiles that could not be used; the one before stays in use.",
      [],
    );
    this.#version = options.metrics.gauge(
      "coredns_reload_version_info",
      "Always 1; the label value is the hash of the Corefile in use.",
      ["hash", "value"],
    );
    // From here to the end of the process: without a listener the signal would open a debugger, or end the process.
    process.on("SIGUSR1", () => {
      this.#isAsked = true;
      if (this.#running !== undefined) this.#queue();
    });
  }

  /** Begins to follow what differs from the Corefile that runs already. */
  start(running: LoadedCorefile): void {
    this.#failed.inc({}, 0);
    this.#adopt(running);
    if (this.#isAsked) this.#queue();
  }

  /** Resolves when no reload is under way, and none begins any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#work;
  }

  /** One at a time; one that has not begun serves all who ask for it. */
  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#work = this.#work.then(() => {
      this.#isQueued = false;
      return this.#look();
    });
  }

  /** Asked by signal it also uses a Corefile that has not changed: the files that it names may have. */
  async #look(): Promise<void> {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    if (isAsked) this.#refused = "";
    let attempt = "";
    try {
      const corefile = await this.#load();
      attempt = corefile.fingerprint;
      const isNew = attempt !== this.#running?.fingerprint && attempt !== this.#refused;
      if ((isNew || isAsked) && !this.#isStopped) await this.#change(corefile);
    } catch (error) {
      this.#tellFailure(error as Error, attempt);
    }
    this.#schedule();
  }

  /** Throws what `load` throws, when it does so twice. */
  async #load(): Promise<LoadedCorefile> {
    for (let before = this.#read(); ; ) {
      if (before.key === this.#running?.fingerprint) return before.load();
      await delay(settleMs);
      const now = this.#read();
      if (now.key === before.key) return now.load();
      before = now;
    }
  }

  #read(): { readonly key: string; load(): LoadedCorefile } {
    try {
      const corefile = this.#options.source.load();
      return { key: corefile.fingerprint, load: () => corefile };
    } catch (error) {
      const fail = () => {
        throw error;
      };
      return { key: (error as Error).message, load: fail };
    }
  }

  async #change(corefile: LoadedCorefile): Promise<void> {
    this.#options.log.info("Reloading");
    reportFindings(corefile.plan.findings, this.#options.log);
    await this.#options.use(corefile);
    this.#adopt(corefile);
    this.#options.log.info("Reloading complete");
  }

  #adopt(corefile: LoadedCorefile): void {
    const before = this.#running;
    if (before !== undefined) this.#version.remove({ hash: "sha512", value: before.fingerprint });
    this.#running = corefile;
    this.#refused = "";
    if (reloadConfigOf(corefile) === undefined) return;
    this.#version.set({ hash: "sha512", value: corefile.fingerprint }, 1);
    this.#log.info(`Running configuration SHA512 = ${corefile.fingerprint}`);
    this.#schedule();
  }

  #tellFailure(error: Error & { readonly remedy?: string }, attempt: string): void {
    // A file that cannot be read has no fingerprint; its message stands for it.
    const key = attempt === "" ? error.message : attempt;
    if (key === this.#refused) return;
    this.#refused = key;
    this.#failed.inc({});
    const remedy = error.remedy === undefined ? "" : `; ${error.remedy}`;
    this.#log.error(
      `Corefile changed but reload failed: ${error.message}${remedy}. What ran before goes on.`,
    );
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const config = this.#running === undefined ? undefined : reloadConfigOf(this.#running);
    if (config === undefined || this.#isStopped) return;
    const delayMs = config.intervalMs + (Math.random() - 0.5) * config.jitterMs;
    this.#timer = setTimeout(() => this.#queue(), delayMs);
  }
}

function reloadConfigOf({ plan }: LoadedCorefile): ReloadConfig | undefined {
  return plan.blocks
    .map(block => configOf<ReloadConfig>(block, "reload"))
    .find(config => config !== undefined);
}

/** The longest that any server block asks for. */
export function lameduckMs(blocks: readonly Pick<RunningBlock, "plan">[]): number {
  return Math.max(0, ...blocks.map(({ plan }) => configOf<HealthConfig>(plan, "health")?.lameduckMs ?? 0));
}
