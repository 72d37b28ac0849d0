import type { ServicePortPlan, UsableEndpoint } from "../plan/service-port-plan.ts";
import { ClientAffinity } from "./client-affinity.ts";
import { EndpointChooser } from "./endpoint-chooser.ts";

/** One Service port, with what its ways in share: the lists of endpoints and the clients that stay with theirs. */
export class ServedPort {
  readonly #affinity: ClientAffinity;
  readonly #cluster: EndpointChooser;
  readonly #local: EndpointChooser;
  #plan: ServicePortPlan;

  constructor(plan: ServicePortPlan, nowMs: () => number) {
    this.#affinity = new ClientAffinity(nowMs);
    this.#cluster = new EndpointChooser(this.#affinity);
    this.#local = new EndpointChooser(this.#affinity);
    this.#plan = plan;
    this.update(plan);
  }

  get plan(): ServicePortPlan {
    return this.#plan;
  }

  update(plan: ServicePortPlan): void {
    this.#plan = plan;
    this.#affinity.setTimeout(plan.affinityTimeoutSeconds);
    this.#cluster.update(plan.clusterEndpoints);
    this.#local.update(plan.localEndpoints);
  }

  /** `endpoints` is one of the plan's two lists. */
  chooserFrom(endpoints: readonly UsableEndpoint[]): EndpointChooser {
    return endpoints === this.#plan.localEndpoints ? this.#local : this.#cluster;
  }

  /** In either list: a change of policy moves new flows only. */
  has(endpoint: UsableEndpoint): boolean {
    return this.#cluster.has(endpoint) || this.#local.has(endpoint);
  }

  forget(client: string): void {
    this.#affinity.forget(client);
  }
}
