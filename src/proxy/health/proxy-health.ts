/** Whether the rules follow the cluster: what `/healthz`, `/livez` and load balancers are told. */

import type { IPFamily } from "../../cluster/objects.ts";

/** Times are milliseconds since 1970. */
export interface HealthReport {
  readonly isHealthy: boolean;
  readonly currentTimeMs: number;
  /** Of the family that was last; undefined before the first. */
  readonly lastUpdatedMs: number | undefined;
  /** Families that have reported, IPv4 first. */
  readonly families: readonly FamilyHealth[];
}

export interface FamilyHealth {
  readonly family: IPFamily;
  readonly lastUpdatedMs: number;
  readonly isHealthy: boolean;
}

const families: readonly IPFamily[] = ["IPv4", "IPv6"];

/**
 * A family becomes unhealthy when a change has waited `timeoutMs` (twice the sync period) for its rules. Each family
 * reports `updated` once when it starts: one that has nothing to do is healthy.
 */
export class ProxyHealth {
  readonly #timeoutMs: number;
  readonly #nowMs: () => number;
  readonly #lastUpdatedMs = new Map<IPFamily, number>();
  readonly #waitingSinceMs = new Map<IPFamily, number>();

  constructor(timeoutMs: number, nowMs: () => number = Date.now) {
    this.#timeoutMs = timeoutMs;
    this.#nowMs = nowMs;
  }

  /** A change has come that the rules of a family do not show yet. */
  queued(family: IPFamily): void {
    if (!this.#waitingSinceMs.has(family)) this.#waitingSinceMs.set(family, this.#nowMs());
  }

  /** The rules of a family show everything that has come. */
  updated(family: IPFamily): void {
    this.#waitingSinceMs.delete(family);
    this.#lastUpdatedMs.set(family, this.#nowMs());
  }

  report(): HealthReport {
    const currentTimeMs = this.#nowMs();
    const reports = families.flatMap(family => this.#reportOf(family, currentTimeMs));
    return {
      isHealthy: reports.every(({ isHealthy }) => isHealthy),
      currentTimeMs,
      lastUpdatedMs: reports.length === 0 ? undefined : Math.max(...reports.map(one => one.lastUpdatedMs)),
      families: reports,
    };
  }

  #reportOf(family: IPFamily, currentTimeMs: number): readonly FamilyHealth[] {
    const lastUpdatedMs = this.#lastUpdatedMs.get(family);
    if (lastUpdatedMs === undefined) return [];
    const waitingSinceMs = this.#waitingSinceMs.get(family) ?? Number.POSITIVE_INFINITY;
    return [{ family, lastUpdatedMs, isHealthy: currentTimeMs - waitingSinceMs < this.#timeoutMs }];
  }
}
