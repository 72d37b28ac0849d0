/** Deletes UDP flows whose endpoint is gone, so that clients with a fixed source port are heard again. */

import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { IPFamily } from "../../cluster/objects.ts";
import { ConntrackMissingError } from "./conntrack-program.ts";
import type { ConntrackTable, UdpFlow } from "./udp-flow.ts";
import type { UdpFrontends } from "./udp-frontends.ts";

export interface UdpCleanerOptions {
  readonly family: IPFamily;
  readonly table: ConntrackTable;
  /** Of this family. Whoever applies changes to it calls `request` when the rules that follow from them are in force. */
  readonly frontends: UdpFrontends;
  readonly log: Logger;
  readonly onCleaned?: (cleanup: UdpCleanup) => void;
  readonly timing?: Partial<UdpCleanerTiming>;
  readonly isNodeAddress?: (address: string) => boolean;
}

export interface UdpCleanup {
  readonly family: IPFamily;
  readonly durationSeconds: number;
  readonly deletedCount: number;
}

export interface UdpCleanerTiming {
  /** From the end of one pass over the table to the next, at the least: each reads all of it. */
  readonly pauseMs: number;
  readonly retryMs: number;
}

const defaultTiming: UdpCleanerTiming = { pauseMs: 100, retryMs: 10_000 };
/** So many times as long as a pass took, no other follows: a table of a million flows takes a second to read. */
const pausePerPass = 9;
/** Each costs a pass over the table in the kernel; what is left over is done in the next round. */
const maxFlowsPerRound = 200;

/** One family; use once: `request` any number of times, later `close`. */
export class UdpCleaner {
  readonly #options: UdpCleanerOptions;
  readonly #timing: UdpCleanerTiming;
  readonly #closing = new AbortController();
  #isRequested = false;
  #running: Promise<void> | undefined;
  #lastFailure = "";

  constructor(options: UdpCleanerOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
  }

  /** Cleans now, or after the pass that is under way. */
  request(): void {
    this.#isRequested = true;
    this.#running ??= this.#run();
  }

  /** Breaks off what is under way and resolves when no process is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#isRequested && !signal.aborted) {
      this.#isRequested = false;
      const pauseMs = await this.#cleanOrReport();
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
    this.#running = undefined;
  }

  /** Returns how long to wait before the next round. */
  async #cleanOrReport(): Promise<number> {
    try {
      const startedAtMs = performance.now();
      await this.#clean();
      this.#lastFailure = "";
      return Math.max(this.#timing.pauseMs, pausePerPass * (performance.now() - startedAtMs));
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#report(error as Error);
      return this.#timing.retryMs;
    }
  }

  async #clean(): Promise<void> {
    const { family, frontends, table, onCleaned } = this.#options;
    const { signal } = this.#closing;
    const startedAtMs = performance.now();
    const forgetGone = frontends.forgetting();
    const stale = await this.#staleFlows();
    let deletedCount = 0;
    for (const flow of stale.slice(0, maxFlowsPerRound)) {
      deletedCount += await table.delete(family, flow, signal);
    }
    if (stale.length > maxFlowsPerRound) this.#isRequested = true;
    else forgetGone();
    onCleaned?.({ family, durationSeconds: (performance.now() - startedAtMs) / 1000, deletedCount });
  }

  /** Each once. */
  async #staleFlows(): Promise<readonly UdpFlow[]> {
    const { family, frontends, table, isNodeAddress = nodeAddressTest() } = this.#options;
    const stale = new Map<string, UdpFlow>();
    for await (const flow of table.list(family, this.#closing.signal)) {
      if (frontends.isStale(flow, isNodeAddress)) stale.set(JSON.stringify(flow), flow);
    }
    return [...stale.values()];
  }

  /** The same failure again is no news. A program that is missing now is not waited for. */
  #report(error: Error): void {
    const { log, family, frontends } = this.#options;
    const isMissing = error instanceof ConntrackMissingError;
    if (isMissing) frontends.forgetting()();
    else this.#isRequested = true;
    if (error.message === this.#lastFailure) return;
    this.#lastFailure = error.message;
    const consequence = "UDP clients of a removed endpoint are not heard until their entries expire";
    log.warn(
      { family },
      `UDP connection tracking cannot be cleaned up, ${consequence}: ${error.message}${isMissing ? "; install conntrack-tools" : ""}`,
    );
  }
}

function nodeAddressTest(): (address: string) => boolean {
  const all = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  const known = new Set(all.map(({ address }) => address));
  return address => known.has(address);
}
