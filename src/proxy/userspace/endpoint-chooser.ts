import { endpointKey } from "../plan/candidate-endpoints.ts";
import type { UsableEndpoint } from "../plan/service-port-plan.ts";
import type { ClientAffinity } from "./client-affinity.ts";
import type { EndpointChoice } from "./endpoint-choice.ts";

/**
 * Chooses from one list of endpoints for each new connection or flow. All ways into a Service port share its
 * affinity, so a client reaches the same endpoint by whichever address it comes.
 */
export class EndpointChooser implements EndpointChoice {
  readonly #affinity: ClientAffinity;
  #endpoints: readonly UsableEndpoint[] = [];
  /** Made when it is first asked for: most Services have neither affinity nor UDP flows. */
  #byKey: ReadonlyMap<string, UsableEndpoint> | undefined;

  constructor(affinity: ClientAffinity) {
    this.#affinity = affinity;
  }

  get isEmpty(): boolean {
    return this.#endpoints.length === 0;
  }

  /** Clients stay with their endpoint as long as it is there. */
  update(endpoints: readonly UsableEndpoint[]): void {
    this.#endpoints = endpoints;
    this.#byKey = undefined;
  }

  has(endpoint: UsableEndpoint): boolean {
    return this.#find(endpointKey(endpoint)) !== undefined;
  }

  /**
   * The client's own endpoint while it is remembered, otherwise any with equal probability; either way the client
   * is remembered from now on. Undefined when none is left.
   */
  choose(clientAddress: string, tried: ReadonlySet<string> = new Set()): UsableEndpoint | undefined {
    const remembered = this.#affinity.endpointOf(clientAddress);
    if (remembered !== undefined && !tried.has(remembered)) {
      const endpoint = this.#find(remembered);
      if (endpoint !== undefined) return this.#remember(clientAddress, endpoint);
    }
    const left =
      tried.size === 0
        ? this.#endpoints
        : this.#endpoints.filter(endpoint => !tried.has(endpointKey(endpoint)));
    const endpoint = left[Math.floor(Math.random() * left.length)];
    return endpoint && this.#remember(clientAddress, endpoint);
  }

  forget(clientAddress: string): void {
    this.#affinity.forget(clientAddress);
  }

  #find(key: string): UsableEndpoint | undefined {
    this.#byKey ??= new Map(this.#endpoints.map(endpoint => [endpointKey(endpoint), endpoint]));
    return this.#byKey.get(key);
  }

  #remember(clientAddress: string, endpoint: UsableEndpoint): UsableEndpoint {
    this.#affinity.remember(clientAddress, endpointKey(endpoint));
    return endpoint;
  }
}
