/**
 * Who is there, by Leases as they are seen from here.
 *
 * Clocks of nodes differ, so a Lease counts as held for its duration from the moment its last change was seen, as in
 * client-go. While the API server is away nobody's Lease expires: all nodes are in the same position then, and what
 * they did goes on; afterwards everybody has the whole duration to be heard of again.
 */

import type { Lease } from "./lease.ts";

interface Sighting {
  readonly lease: Lease;
  readonly seenAtMs: number;
}

export class LeaseView {
  readonly #nowMs: () => number;
  #sightings = new Map<string, Sighting>();
  #heardAtMs = 0;
  #isCutOff = true;

  /** `nowMs` never goes backwards. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** All Leases there are: the end of having been cut off. */
  replaceAll(leases: Iterable<Lease>): void {
    const nowMs = this.#nowMs();
    this.#sightings = new Map(Array.from(leases, lease => [lease.name, { lease, seenAtMs: nowMs }]));
    this.#heard(nowMs);
  }

  apply(lease: Lease): void {
    const nowMs = this.#nowMs();
    const before = this.#sightings.get(lease.name);
    const isNews = before?.lease.resourceVersion !== lease.resourceVersion;
    if (isNews) this.#sightings.set(lease.name, { lease, seenAtMs: nowMs });
    this.#heard(nowMs);
  }

  remove(name: string): void {
    this.#sightings.delete(name);
    this.#heard(this.#nowMs());
  }

  /** Nothing is heard any more; time stands still from the last word on. */
  cutOff(): void {
    this.#isCutOff = true;
  }

  /** The Lease of this name, held or not. */
  get(name: string): Lease | undefined {
    return this.#sightings.get(name)?.lease;
  }

  isHeld(name: string): boolean {
    const sighting = this.#sightings.get(name);
    return sighting !== undefined && sighting.lease.holder !== "" && this.#expiredForMs(sighting) < 0;
  }

  /** Leases of nodes that are there, by name. */
  members(): readonly Lease[] {
    return this.allMembers().filter(({ name }) => this.isHeld(name));
  }

  /** Those that are gone too, by name. */
  allMembers(): readonly Lease[] {
    return [...this.#sightings.values()]
      .map(({ lease }) => lease)
      .filter(({ role }) => role === "member")
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Leases of nodes that have not been heard of for so long after their Lease expired. */
  membersGoneFor(durationMs: number): readonly Lease[] {
    return [...this.#sightings.values()]
      .filter(sighting => sighting.lease.role === "member" && this.#expiredForMs(sighting) >= durationMs)
      .map(({ lease }) => lease);
  }

  /** Negative while there is time left. */
  #expiredForMs({ lease, seenAtMs }: Sighting): number {
    const untilMs = this.#isCutOff ? this.#heardAtMs : this.#nowMs();
    return untilMs - seenAtMs - lease.durationMs;
  }

  #heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#isCutOff = false;
  }
}
