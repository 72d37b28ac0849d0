import type { EntranceOptions, Place } from "./entrance.ts";
import { Entrance, placeKey } from "./entrance.ts";
import type { Problems } from "./problems.ts";
import type { ServedPort } from "./served-port.ts";
import type { WayIn, WayInKind } from "./way-in.ts";

/** All places where Service ports are served. Claims come first, and sockets follow when they are asked to. */
export class Entrances {
  readonly #options: EntranceOptions;
  readonly #entrances = new Map<string, Entrance>();
  readonly #claims = new Map<ServedPort, ReadonlyMap<string, WayInKind>>();
  /** What may have to be opened, closed or told of endpoints that have gone. */
  readonly #pending = new Set<Entrance>();

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /**
   * These are the ways into the port from now on; none: it is gone. To be called also when its endpoints changed.
   * Returns whether the ways in are others than before.
   */
  assign(servedPort: ServedPort, waysIn: readonly WayIn[]): boolean {
    const { protocol } = servedPort.plan;
    const before = this.#claims.get(servedPort) ?? new Map<string, WayInKind>();
    const after = new Map<string, WayInKind>();
    for (const { kind, address, port } of waysIn) {
      const place = { protocol, address, port };
      const key = placeKey(place);
      const entrance = this.#at(key, place);
      if (before.get(key) !== kind) entrance.claim(kind, servedPort);
      after.set(key, kind);
      this.#pending.add(entrance);
    }
    const gone = [...before.keys()].filter(key => !after.has(key));
    for (const key of gone) this.#withdraw(key, servedPort);
    if (after.size === 0) this.#claims.delete(servedPort);
    else this.#claims.set(servedPort, after);
    return gone.length > 0 || [...after].some(([key, kind]) => before.get(key) !== kind);
  }

  /** Addresses that are some Service's, and whether one has it as its cluster IP. */
  serviceAddresses(): ReadonlyMap<string, { readonly isClusterIP: boolean }> {
    const addresses = new Map<string, { readonly isClusterIP: boolean }>();
    for (const entrance of this.#entrances.values()) {
      const { address } = entrance.place;
      if (!entrance.isServiceAddress) continue;
      const isClusterIP = entrance.isClusterIP || (addresses.get(address)?.isClusterIP ?? false);
      addresses.set(address, { isClusterIP });
    }
    return addresses;
  }

  /** To be called before anything is opened: an address may have moved from one Service to another. */
  closeUnwanted(): void {
    for (const entrance of this.#pending) {
      if (entrance.isWantedOpen) entrance.endpointsChanged();
      else this.#close(entrance);
    }
  }

  /**
   * Opens what should be open; what cannot be is tried again by the next call. `isToBeTried` tells addresses that
   * the machine could not be given; on those of neighbours there is no need to succeed.
   */
  async openWanted(isToBeTried: (address: string) => boolean, problems: Problems): Promise<void> {
    const entrances = [...this.#pending].filter(({ place }) => isToBeTried(place.address));
    await Promise.all(entrances.map(entrance => this.#open(entrance, problems)));
  }

  closeAll(): void {
    for (const entrance of this.#entrances.values()) this.#close(entrance);
    this.#entrances.clear();
    this.#claims.clear();
  }

  async #open(entrance: Entrance, problems: Problems): Promise<void> {
    const { address } = entrance.place;
    const failure = await entrance.open();
    if (failure === undefined) this.#pending.delete(entrance);
    else if (failure.code !== "EADDRNOTAVAIL" || !this.#options.surroundings().machine.isNextDoor(address)) {
      problems.addAt(address, failure.problem);
    }
  }

  #close(entrance: Entrance): void {
    entrance.close();
    this.#pending.delete(entrance);
    if (!entrance.isClaimed) this.#entrances.delete(placeKey(entrance.place));
  }

  #at(key: string, place: Place): Entrance {
    const entrance = this.#entrances.get(key) ?? new Entrance(place, this.#options);
    this.#entrances.set(key, entrance);
    return entrance;
  }

  #withdraw(key: string, servedPort: ServedPort): void {
    const entrance = this.#entrances.get(key);
    if (entrance === undefined) return;
    entrance.withdraw(servedPort);
    this.#pending.add(entrance);
  }
}
