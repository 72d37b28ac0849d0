/**
 * Tells the users of a cluster what became of their objects, where `kubectl describe` shows it: events.k8s.io/v1
 * (KEP-383). Reports are best effort: nothing waits for them, and without the right to write them there are none.
 */

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { ApiClient } from "../cluster/api/api-client.ts";
import { ApiStatusError, describeError } from "../cluster/api/api-error.ts";
import type { EventReport, EventSeries } from "./event-object.ts";
import { eventObject, eventPath, identityOf, seriesFields } from "./event-object.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface EventRecorderOptions {
  readonly client: Pick<ApiClient, "create" | "patch">;
  /** Who says so: `kube-proxy` on this node. */
  readonly controller: string;
  readonly instance: string;
  readonly log: Logger;
  readonly timing?: Partial<EventTiming>;
}

export interface EventTiming {
  /** Repetitions are gathered for so long before their number is told. */
  readonly seriesMs: number;
  readonly retryMs: number;
  /** How long to be silent after having been told that events are none of our business. */
  readonly silenceMs: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

const defaultTiming: EventTiming = {
  seriesMs: 10_000,
  retryMs: 10_000,
  silenceMs: 600_000,
  nowMs: Date.now,
};

/** A report like one of the last six minutes is the same event once more. */
const sameEventMs = 360_000;
const maxKnownEvents = 1_000;
/** client-go's numbers for events of one source: a burst, then one every five minutes. */
const burst = 25;
const refillMs = 300_000;
const maxAttempts = 12;
const requestLimits = { headersSilenceMs: 10_000, bodySilenceMs: 10_000 };

type Send = (limits: typeof requestLimits & { readonly signal: AbortSignal }) => Promise<void>;

/** Use once: `report` any number of times, later `close`. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #timing: EventTiming;
  readonly #allowance: TokenBucket;
  readonly #known: LRUCache<string, EventSeries>;
  readonly #closing = new AbortController();
  readonly #seriesTimers = new Set<NodeJS.Timeout>();
  #sending: Promise<void> = Promise.resolve();
  #silentUntilMs = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    const { nowMs } = this.#timing;
    this.#allowance = new TokenBucket(burst, refillMs, nowMs);
    this.#known = new LRUCache({
      max: maxKnownEvents,
      ttl: sameEventMs,
      updateAgeOnGet: true,
      perf: { now: nowMs },
      // The clock may be a test's: it has to be asked each time.
      ttlResolution: 0,
    });
  }

  report(report: EventReport): void {
    if (this.#closing.signal.aborted) return;
    const key = identityOf(report);
    const known = this.#known.get(key);
    if (known === undefined) this.#create(key, report);
    else this.#repeat(key, known);
  }

  /** Resolves when what was reported so far has been sent, given up or dropped; not the numbers of repetitions. */
  async sent(): Promise<void> {
    await this.#sending;
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#seriesTimers) clearTimeout(timer);
    await this.#sending;
  }

  #create(key: string, report: EventReport): void {
    if (!this.#isAllowed()) return;
    const { client, controller, instance } = this.#options;
    const suffix = randomBytes(8).toString("hex");
    const event = eventObject(report, { controller, instance, suffix, timeMs: this.#timing.nowMs() });
    const path = eventPath(event.metadata.namespace);
    this.#known.set(key, { path: `${path}/${event.metadata.name}`, count: 1, isPlanned: false });
    this.#enqueue(key, limits => client.create(path, event, limits));
  }

  #repeat(key: string, series: EventSeries): void {
    series.count++;
    if (series.isPlanned) return;
    series.isPlanned = true;
    const timer = setTimeout(() => {
      this.#seriesTimers.delete(timer);
      series.isPlanned = false;
      const fields = seriesFields(series.count, this.#timing.nowMs());
      if (this.#isAllowed()) {
        this.#enqueue(key, limits => this.#options.client.patch(series.path, fields, limits));
      }
    }, this.#timing.seriesMs).unref();
    this.#seriesTimers.add(timer);
  }

  #isAllowed(): boolean {
    return this.#timing.nowMs() >= this.#silentUntilMs && this.#allowance.take();
  }

  /** One after the other: a series must not overtake its event. The allowance bounds how many can wait. */
  #enqueue(key: string, send: Send): void {
    this.#sending = this.#sending.then(() => this.#sendUntilDone(key, send));
  }

  async #sendUntilDone(key: string, send: Send): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; attempt <= maxAttempts && !signal.aborted; attempt++) {
      if (this.#timing.nowMs() < this.#silentUntilMs) return;
      const failure = await send({ ...requestLimits, signal }).catch((error: unknown) => error);
      if (failure === undefined || signal.aborted) return;
      if (!isPassing(failure)) {
        this.#giveUp(key, failure);
        return;
      }
      await delay(this.#timing.retryMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** What the server does not know under this name is a new event the next time. */
  #giveUp(key: string, failure: unknown): void {
    const { log } = this.#options;
    this.#known.delete(key);
    if (!isForbidden(failure)) {
      log.debug(`an event was not accepted: ${describeError(failure)}`);
      return;
    }
    const isNews = this.#silentUntilMs === 0;
    this.#silentUntilMs = this.#timing.nowMs() + this.#timing.silenceMs;
    if (isNews) log.info(`no events are written, everything else works: ${describeError(failure)}`);
  }
}

/** Worth another attempt: the server was not reached, or was not up to it. */
function isPassing(failure: unknown): boolean {
  if (!(failure instanceof ApiStatusError)) return true;
  return failure.code === 401 || failure.code === 429 || failure.code >= 500;
}

/** A namespace that is on its way out takes no new objects from anybody, which says nothing about our rights. */
function isForbidden(failure: unknown): boolean {
  return (
    failure instanceof ApiStatusError && failure.code === 403 && !failure.message.includes("being terminated")
  );
}
