/**
 * Numbers for Service ports with session affinity and for their endpoints.
 *
 * The kernel remembers a client's endpoint as SERVICE:SLOT. An endpoint keeps its slot for as long as it is in a
 * list of the Service port, whatever becomes of the others; a slot whose endpoint is gone leads nowhere, so that its
 * clients choose anew, until another endpoint takes it and them over.
 */

import type { ServicePortPlan } from "../plan/service-port-plan.ts";
import { endpointName } from "./keep-positions.ts";

export interface AffinityNumbers {
  readonly service: number;
  /** Slot, from 1, by `endpointName`. */
  readonly slots: ReadonlyMap<string, number>;
}

/** Upper halves of the priorities that are ours (`pick-chain.ts`), without the one that indexes begin with. */
const firstService = 0x4001;
const serviceCount = 0x3fff;
const maxSlot = 0xffff;

export class AffinityServices {
  readonly #taken = new Set<number>();
  #next = 0;

  /** `taken` are numbers that the kernel may still know from an earlier run. */
  constructor(taken: Iterable<number>) {
    for (const service of taken) this.#taken.add(service - firstService);
  }

  /**
   * Undefined when there are too many: such a Service port is served without affinity.
   * A number that was released is taken again as late as possible.
   */
  take(): number | undefined {
    if (this.#taken.size === serviceCount) return undefined;
    while (this.#taken.has(this.#next)) this.#next = (this.#next + 1) % serviceCount;
    const index = this.#next;
    this.#taken.add(index);
    this.#next = (index + 1) % serviceCount;
    return firstService + index;
  }

  /** What clients remember of it now leads nowhere. */
  release(service: number): void {
    this.#taken.delete(service - firstService);
  }
}

/** Slots for all endpoints of a plan, old ones first; endpoints beyond the number of slots have none. */
export function assignSlots(
  previous: ReadonlyMap<string, number> | undefined,
  { clusterEndpoints, localEndpoints }: ServicePortPlan,
): ReadonlyMap<string, number> {
  const names = new Set([...clusterEndpoints, ...localEndpoints].map(endpointName));
  const slots = new Map([...(previous ?? [])].filter(([name]) => names.has(name)));
  const taken = new Set(slots.values());
  let slot = 1;
  for (const name of names) {
    if (slots.has(name)) continue;
    while (taken.has(slot)) slot++;
    if (slot > maxSlot) break;
    slots.set(name, slot++);
  }
  return slots;
}

/** As nft spells a packet's priority; slot 0 is the Service port itself. */
export function formatNumber(service: number, slot: number): string {
  return `${service.toString(16)}:${slot.toString(16)}`;
}

export interface KernelNumbers {
  readonly service: number;
  readonly slot: number;
}

/** Undefined for anything else. */
export function parseNumber(text: string): KernelNumbers | undefined {
  const [, service = "", slot = ""] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  return service === ""
    ? undefined
    : { service: Number.parseInt(service, 16), slot: Number.parseInt(slot, 16) };
}
