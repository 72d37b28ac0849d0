/** What the table of one family has to hold, and what a change of Services changes in it. Knows nothing of the kernel. */

import type { ServicePlans } from "../back-end.ts";
import type { ServicePortPlan } from "../plan/service-port-plan.ts";
import type { AffinityNumbers } from "./affinity-numbers.ts";
import { AffinityServices, assignSlots } from "./affinity-numbers.ts";
import { ClaimRegister } from "./claim-register.ts";
import type { Element, ElementChanges } from "./element.ts";
import { diffElements } from "./element.ts";
import { keepPositions } from "./keep-positions.ts";
import type { PlannedPort } from "./service-claims.ts";
import { claimsOf, clusterIPKey } from "./service-claims.ts";

/** Numbers that clients of an earlier run are remembered by, by address, protocol and port in nft's spelling. */
export type EarlierNumbers = ReadonlyMap<string, AffinityNumbers>;

export class TableModel {
  readonly #ports = new Map<string, PlannedPort>();
  readonly #portsOfService = new Map<string, readonly PlannedPort[]>();
  readonly #register = new ClaimRegister();
  readonly #earlier: EarlierNumbers;
  /** Numbers of an earlier run that no Service port has taken over yet. */
  readonly #unclaimed: Set<number>;
  readonly #services: AffinityServices;

  constructor(earlier: EarlierNumbers) {
    this.#earlier = earlier;
    this.#unclaimed = new Set([...earlier.values()].map(({ service }) => service));
    this.#services = new AffinityServices(this.#unclaimed);
  }

  /**
   * Takes over the ports of these Services, whose plans are of one family. The outcome depends on the wanted state only, but for the order of
   * endpoints and the numbers of affinity, which change as little as they can.
   */
  change(services: ServicePlans): ElementChanges {
    const oldPorts = [...services.keys()].flatMap(service => this.#portsOfService.get(service) ?? []);
    const newPorts = [...services].flatMap(([service, plans]) => this.#plan(service, plans));
    const oldClaims = oldPorts.map(port => [port, claimsOf(port)] as const);
    const newClaims = newPorts.map(port => [port, claimsOf(port)] as const);
    const keys = new Set([...oldClaims, ...newClaims].flatMap(([, claims]) => claims.map(({ key }) => key)));
    const before = this.#elementsFor(keys, new Map(oldClaims));
    for (const [{ plan }, claims] of oldClaims) {
      this.#ports.delete(plan.key);
      for (const claim of claims) this.#register.withdraw(plan.key, claim);
    }
    for (const [port, claims] of newClaims) {
      this.#ports.set(port.plan.key, port);
      for (const claim of claims) this.#register.enter(port.plan.key, claim);
    }
    this.#releaseNumbers(oldPorts);
    return diffElements(before, this.#elementsFor(keys, new Map(newClaims)));
  }

  /** All elements of all Services. */
  *elements(): Iterable<Element> {
    for (const port of this.#ports.values()) {
      for (const claim of claimsOf(port)) {
        if (this.#register.holderOf(claim.key) === port.plan.key) yield* claim.elements;
      }
    }
  }

  #plan(service: string, plans: readonly ServicePortPlan[]): readonly PlannedPort[] {
    const ports = plans.map(plan => this.#planPort(plan, this.#ports.get(plan.key)));
    if (ports.length > 0) this.#portsOfService.set(service, ports);
    else this.#portsOfService.delete(service);
    return ports;
  }

  #planPort(wanted: ServicePortPlan, previous: PlannedPort | undefined): PlannedPort {
    const plan = {
      ...wanted,
      clusterEndpoints: keepPositions(previous?.plan.clusterEndpoints ?? [], wanted.clusterEndpoints),
      localEndpoints: keepPositions(previous?.plan.localEndpoints ?? [], wanted.localEndpoints),
    };
    if (plan.affinityTimeoutSeconds === undefined) return { plan, affinity: undefined };
    const numbers = previous?.affinity ?? this.#takeEarlier(plan);
    const service = numbers?.service ?? this.#services.take();
    if (service === undefined) return { plan, affinity: undefined };
    return { plan, affinity: { service, slots: assignSlots(numbers?.slots, plan) } };
  }

  /** A number can be known by several addresses, and one of them can be another Service's by now. */
  #takeEarlier(plan: ServicePortPlan): AffinityNumbers | undefined {
    const numbers = this.#earlier.get(clusterIPKey(plan));
    return numbers !== undefined && this.#unclaimed.delete(numbers.service) ? numbers : undefined;
  }

  #releaseNumbers(oldPorts: readonly PlannedPort[]): void {
    for (const { plan, affinity } of oldPorts) {
      const isKept = this.#ports.get(plan.key)?.affinity?.service === affinity?.service;
      if (affinity !== undefined && !isKept) this.#services.release(affinity.service);
    }
  }

  /** The elements that these claims stand for now; `known` saves making those of the changed ports twice. */
  #elementsFor(
    keys: Iterable<string>,
    known: ReadonlyMap<PlannedPort, ReturnType<typeof claimsOf>>,
  ): readonly Element[] {
    const keysOf = new Map<PlannedPort, Set<string>>();
    for (const key of keys) {
      const port = this.#ports.get(this.#register.holderOf(key) ?? "");
      if (port === undefined) continue;
      const held = keysOf.get(port) ?? new Set();
      keysOf.set(port, held.add(key));
    }
    return [...keysOf].flatMap(([port, held]) =>
      (known.get(port) ?? claimsOf(port)).filter(({ key }) => held.has(key)).flatMap(claim => claim.elements),
    );
  }
}
