/**
 * A steady stream of queries from a thread of its own, so that what the test does meanwhile does not slow it down.
 *
 * Queries leave on time whether or not earlier ones have been answered, as those of many clients do. Over TCP, TLS and
 * HTTPS they share one connection that is kept; when the server has closed it, the next query opens another.
 */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ServerAddress } from "../../support/dns-client.ts";

export interface LoadOptions {
  readonly server: ServerAddress;
  /** UDP when absent. */
  readonly over?: "udp" | "tcp" | "tls" | "https";
  /** Asked in turn; `#` stands for a number that is another each time. */
  readonly asks: readonly string[];
  readonly perSecond: number;
  /** How long an answer may take before the query counts as lost, 20 s when absent: what is lost never comes. */
  readonly patienceMs?: number;
}

/** One query and what became of it. */
export interface Sample {
  /** The phase of the load in which it was sent. */
  readonly phase: string;
  readonly ask: string;
  /** Milliseconds since the epoch. */
  readonly sentAtMs: number;
  /** From the moment when it was due; undefined: lost. */
  readonly latencyMs: number | undefined;
  /** Of the reply, or how the query was lost. */
  readonly outcome: string;
  /** The answer section, in zone text. */
  readonly answer: string;
  /** Which connection it went over, counted from 1. */
  readonly connection: number;
}

export class Load {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves when the first query has been answered. */
  static async start(options: LoadOptions): Promise<Load> {
    const worker = new Worker(new URL("./load-thread.ts", import.meta.url), { workerData: options });
    await once(worker, "message");
    return new Load(worker);
  }

  /** Queries sent from now on belong to this phase. */
  enter(phase: string): void {
    this.#worker.postMessage(phase);
  }

  /** Sends no more, waits for what is under way, and gives all queries in the order in which they were sent. */
  async end(): Promise<readonly Sample[]> {
    this.#worker.postMessage(undefined);
    const [samples] = await once(this.#worker, "message");
    await this.#worker.terminate();
    return samples;
  }

  /** For a test that failed half-way. */
  async abandon(): Promise<void> {
    await this.#worker.terminate();
  }
}

export function lost(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ latencyMs }) => latencyMs === undefined);
}

export function inPhase(samples: readonly Sample[], phase: string): readonly Sample[] {
  return samples.filter(sample => sample.phase === phase);
}

/** How many samples have which outcome. */
export function outcomes(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome } of samples) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** The latency that `share` of the answered queries do not exceed; 1 gives the longest. */
export function latencyMs(samples: readonly Sample[], share: number): number {
  const sorted = samples.flatMap(sample => sample.latencyMs ?? []).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
