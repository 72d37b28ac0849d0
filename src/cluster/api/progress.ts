/** What one reflector has to tell: its status at any time, and a log line when something changes. */

import type { Logger } from "pino";
import type { Kind } from "../objects.ts";

type ReflectorState = "listing" | "watching" | "retrying";

export interface ReflectorStatus {
  readonly kind: Kind;
  /** As in paths and in RBAC rules: `endpointslices`. */
  readonly resource: string;
  readonly state: ReflectorState;
  /** How far the store is; "" until the first list is complete. */
  readonly resourceVersion: string;
  /** Why the last attempt failed; undefined as soon as one succeeds. */
  readonly lastError: string | undefined;
  /** Milliseconds since 1970 of the last event or bookmark; undefined before the first. */
  readonly lastEventAtMs: number | undefined;
  /** Since when changes may have been missed, in milliseconds since 1970; undefined while watching. */
  readonly behindSinceMs: number | undefined;
  /** Complete lists after the first. */
  readonly relistCount: number;
}

/** How long the same failure is kept out of the log after it was logged. */
const repeatMs = 30_000;

export class Progress {
  readonly #kind: Kind;
  readonly #resource: string;
  readonly #server: string;
  readonly #log: Logger;
  readonly #nowMs: () => number;
  #resourceVersion = "";
  #lastError: string | undefined;
  #lastEventAtMs: number | undefined;
  #behindSinceMs: number | undefined;
  #listCount = 0;
  #loggedError = "";
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #isOutageLogged = false;

  constructor(kind: Kind, resource: string, server: string, log: Logger, nowMs: () => number) {
    this.#kind = kind;
    this.#resource = resource;
    this.#server = server;
    this.#log = log;
    this.#nowMs = nowMs;
    this.#behindSinceMs = nowMs();
  }

  get status(): ReflectorStatus {
    const isWatching = this.#behindSinceMs === undefined;
    return {
      kind: this.#kind,
      resource: this.#resource,
      state: this.#lastError !== undefined ? "retrying" : isWatching ? "watching" : "listing",
      resourceVersion: this.#resourceVersion,
      lastError: this.#lastError,
      lastEventAtMs: this.#lastEventAtMs,
      behindSinceMs: this.#behindSinceMs,
      relistCount: Math.max(0, this.#listCount - 1),
    };
  }

  /** The server answers lists. */
  listing(): void {
    this.#lastError = undefined;
  }

  listed(resourceVersion: string, count: number, durationMs: number): void {
    this.#resourceVersion = resourceVersion;
    this.#listCount++;
    this.#log.info(`${this.#resource}: listed ${count} in ${seconds(durationMs)}`);
  }

  watching(): void {
    this.#lastError = undefined;
    if (this.#isOutageLogged && this.#behindSinceMs !== undefined) {
      this.#isOutageLogged = false;
      this.#log.info(
        `${this.#resource}: watching again after ${seconds(this.#nowMs() - this.#behindSinceMs)}`,
      );
    }
    this.#behindSinceMs = undefined;
  }

  seen(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#lastEventAtMs = this.#nowMs();
  }

  /** The watch cannot go on from where it was. */
  expired(error: string): void {
    this.#behindSinceMs ??= this.#nowMs();
    this.#log.info(`${this.#resource}: ${error}; listing again`);
  }

  failed(error: string, retryInMs: number): void {
    this.#lastError = error;
    this.#behindSinceMs ??= this.#nowMs();
    const nowMs = this.#nowMs();
    if (error === this.#loggedError && nowMs - this.#loggedAtMs < repeatMs) return;
    this.#loggedError = error;
    this.#loggedAtMs = nowMs;
    this.#isOutageLogged = true;
    const meanwhile =
      this.#listCount > 0 ? "answers go on from the last known state" : "none of them are known yet";
    this.#log.warn(
      `${this.#resource} from ${this.#server}: ${error}; retrying in ${seconds(retryInMs)}; ${meanwhile}`,
    );
  }

  /** The server does not know the kind; said once until it does. */
  undefinedKind(definition: string): void {
    this.#lastError = `the API server does not know ${this.#resource}`;
    this.#behindSinceMs ??= this.#nowMs();
    if (this.#isOutageLogged && this.#loggedError === this.#lastError) return;
    this.#loggedError = this.#lastError;
    this.#isOutageLogged = true;
    this.#log.warn(`${this.#resource} from ${this.#server}: not known there; install ${definition}`);
  }

  leftAsItWas(key: string, error: string): void {
    this.#log.warn(`${this.#resource}: ${key} cannot be read and is left as it was: ${error}`);
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
