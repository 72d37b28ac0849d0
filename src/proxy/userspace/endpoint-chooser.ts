import { LRUCache } from "lru-cache";
import { endpointKey } from "../plan/candidate-endpoints.ts";
import type { UsableEndpoint } from "../plan/service-port-plan.ts";

/** Clients remembered per Service port; beyond that the one unseen for longest is balanced anew. */
const maxRememberedClients = 16_384;

/**
 * Chooses an endpoint of one Service port for each new connection or flow. All ways in of the port share it, so a
 * client with session affinity reaches the same endpoint by whichever address it comes.
 */
export class EndpointChooser {
  readonly #nowMs: () => number;
  #endpoints: readonly UsableEndpoint[] = [];
  #byKey: ReadonlyMap<string, UsableEndpoint> = new Map();
  #affinityTimeoutSeconds: number | undefined;
  /** Client address → endpoint key. */
  #affinity: LRUCache<string, string> | undefined;

  /** `nowMs` is a clock that never goes back; its zero does not matter. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get isEmpty(): boolean {
    return this.#endpoints.length === 0;
  }

  /** Follows the plan; clients stay with their endpoint as long as it is there and the timeout is the same. */
  update(endpoints: readonly UsableEndpoint[], affinityTimeoutSeconds: number | undefined): void {
    this.#endpoints = endpoints;
    this.#byKey = new Map(endpoints.map(endpoint => [endpointKey(endpoint), endpoint]));
    if (affinityTimeoutSeconds === this.#affinityTimeoutSeconds) return;
    this.#affinityTimeoutSeconds = affinityTimeoutSeconds;
    this.#affinity = affinityTimeoutSeconds === undefined ? undefined : this.#table(affinityTimeoutSeconds);
  }

  has(endpoint: UsableEndpoint): boolean {
    return this.#byKey.has(endpointKey(endpoint));
  }

  /**
   * The client's own endpoint while it is remembered, otherwise any with equal probability; either way the client
   * is remembered from now on. `tried` holds keys of endpoints not to choose. Undefined when none is left.
   */
  choose(clientAddress: string, tried: ReadonlySet<string> = new Set()): UsableEndpoint | undefined {
    const remembered = this.#affinity?.get(clientAddress);
    if (remembered !== undefined && !tried.has(remembered)) {
      const endpoint = this.#byKey.get(remembered);
      if (endpoint !== undefined) return this.#remember(clientAddress, endpoint);
    }
    const left =
      tried.size === 0
        ? this.#endpoints
        : this.#endpoints.filter(endpoint => !tried.has(endpointKey(endpoint)));
    const endpoint = left[Math.floor(Math.random() * left.length)];
    return endpoint && this.#remember(clientAddress, endpoint);
  }

  /** Lets a client go whose endpoint turned out not to answer. */
  forget(clientAddress: string): void {
    this.#affinity?.delete(clientAddress);
  }

  #remember(clientAddress: string, endpoint: UsableEndpoint): UsableEndpoint {
    this.#affinity?.set(clientAddress, endpointKey(endpoint));
    return endpoint;
  }

  #table(timeoutSeconds: number): LRUCache<string, string> {
    return new LRUCache({
      max: maxRememberedClients,
      ttl: timeoutSeconds * 1000,
      ttlResolution: 0,
      perf: { now: this.#nowMs },
    });
  }
}
